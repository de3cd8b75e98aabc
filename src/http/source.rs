//! Where the samples of an answer come from: the engine, as they are drawn, or a job that is done.

use super::encode::{Drawn, Sample};
use super::identify::RequestId;
use super::problem::Problem;
use super::room::Room;
use crate::engine::{Event, Failure, SampleRequest, Samples, Summary, Ticket};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The most samples that are encoded at once: those that are there already.
const SAMPLES: usize = 32;

/// Samples by rising index, and what they took.
pub(super) enum Source {
    /// As they are drawn.
    Engine(Ticket),
    /// From those that are kept; with how many were taken.
    Kept(Arc<Drawn>, usize),
}

impl Source {
    /// The next event; see [`Ticket::next`].
    pub(super) async fn next(&mut self) -> Option<Event> {
        match self {
            Self::Engine(ticket) => ticket.next().await,
            Self::Kept(drawn, taken) => kept(drawn, taken),
        }
    }

    /// Every sample, those of `request`, which `id` asked for, in their `room`, where they are to be kept.
    pub(super) async fn drawn(
        self,
        id: RequestId,
        request: SampleRequest,
        room: Option<Room>,
        deadline: Instant,
    ) -> Result<Arc<Drawn>, Problem> {
        match self {
            Self::Engine(ticket) => {
                let samples = collected(ticket, deadline).await?;
                Ok(Arc::new(Drawn { id, request, samples, _room: room }))
            }
            Self::Kept(drawn, _) => Ok(drawn),
        }
    }

    /// The next event, if it is there already.
    fn try_next(&mut self) -> Option<Event> {
        match self {
            Self::Engine(ticket) => ticket.try_next(),
            Self::Kept(drawn, taken) => kept(drawn, taken),
        }
    }

    /// The sample that is `first` and those after it that are there already; the summary, if that was the end.
    pub(super) fn ready_samples(
        &mut self,
        mut first: Option<Event>,
    ) -> Result<(Vec<Sample>, Option<Summary>), Failure> {
        let mut samples = Vec::new();
        loop {
            match first.take() {
                Some(Event::Sample { index, x, .. }) => samples.push((index, x)),
                Some(Event::Done(summary)) => return Ok((samples, Some(summary))),
                Some(Event::Failed(failure)) => return Err(failure),
                None => return Err(Failure::Stopped),
            }
            if samples.len() == SAMPLES {
                return Ok((samples, None));
            }
            first = self.try_next();
            if first.is_none() {
                return Ok((samples, None));
            }
        }
    }
}

/// Everything that `ticket` is for. The engine keeps deadlines between steps; a step that hangs must not keep the client.
pub(super) async fn collected(ticket: Ticket, deadline: Instant) -> Result<Samples, Failure> {
    timeout_at(deadline, ticket.collect()).await.unwrap_or(Err(Failure::Deadline))
}

/// Sample `taken` of those that are kept, or the end.
fn kept(drawn: &Drawn, taken: &mut usize) -> Option<Event> {
    let samples = &drawn.samples;
    let event = samples.samples.get(*taken).map_or(Event::Done(samples.summary), |(index, x)| Event::Sample {
        index: *index,
        x: x.clone(),
        diagnostics: None,
    });
    *taken += 1;
    Some(event)
}
