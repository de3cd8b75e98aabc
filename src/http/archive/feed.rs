//! From the ticket to the body, at the client's pace.

use super::container::Container;
use super::files::Files;
use crate::engine::{Event, Failure, SampleRequest, Summary, Ticket};
use crate::http::encode::Sample;
use crate::http::identify::RequestId;
use crate::http::metrics::Outcome;
use crate::http::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

/// The most samples that are encoded at once: those that are there already.
const SAMPLES: usize = 32;
/// The most bytes that wait for the connection to take them.
const PART: usize = 1 << 16;

/// An archive whose first sample is there.
pub(in crate::http) struct Begun {
    first: Event,
    ticket: Ticket,
    files: Files,
    media_type: &'static str,
    deadline: Instant,
    patience: Duration,
}

/// Waits for the first sample, so that what fails before it has the answer of a failure.
pub(in crate::http) async fn begin(
    id: RequestId,
    request: SampleRequest,
    mut ticket: Ticket,
    container: Container,
    patience: Duration,
) -> Result<Begun, Problem> {
    let deadline = request.deadline().into();
    let first = match timeout_at(deadline, ticket.next()).await.map_err(|_| Failure::Deadline)? {
        Some(Event::Failed(failure)) => return Err(failure.into()),
        Some(first) => first,
        None => return Err(Failure::Stopped.into()),
    };
    let files = Files::new(id, request, container);
    Ok(Begun { first, ticket, files, media_type: container.media_type(), deadline, patience })
}

/// Why an archive is not finished.
enum Broken {
    /// Nobody reads it any more.
    Gone,
    By(Problem),
}

impl<P: Into<Problem>> From<P> for Broken {
    fn from(problem: P) -> Self {
        Self::By(problem.into())
    }
}

impl Begun {
    /// The answer. It goes on by itself, and so does `outcome`, as long as somebody reads it.
    pub(in crate::http) fn go_on(self, outcome: Outcome) -> Response {
        let (sender, parts) = mpsc::channel(1);
        let (media_type, deadline, patience) = (self.media_type, self.deadline, self.patience);
        let feed = async move {
            let sent = timeout_at(deadline, self.send(&Outlet { sender, patience })).await;
            match sent.unwrap_or_else(|_| Err(Failure::Deadline.into())) {
                Ok(()) => outcome.end(Ok(())),
                Err(Broken::Gone) => drop(outcome),
                Err(Broken::By(problem)) => {
                    tracing::warn!(%problem, "an archive was broken off");
                    outcome.end(Err(&problem));
                }
            }
        };
        tokio::spawn(feed.in_current_span());
        ([(CONTENT_TYPE, media_type)], Body::new(Growing { parts, whole: false })).into_response()
    }

    /// Sends every file. Where it ends early the ticket is dropped, and what is left of the request with it.
    async fn send(self, outlet: &Outlet) -> Result<(), Broken> {
        let Self { first, mut ticket, files, .. } = self;
        let (mut event, mut files) = (Some(first), Some(files));
        while let Some(open) = files {
            let (samples, summary) = ready_samples(event, &mut ticket)?;
            let add = move || open.add(&samples, summary.as_ref());
            let added = tokio::task::spawn_blocking(add).await.map_err(|_| Problem::unforeseen())?;
            let (bytes, left) = added.map_err(|error| Problem::Internal { reason: error.to_string() })?;
            outlet.send(bytes.into()).await?;
            event = match left {
                Some(_) => outlet.unless_closed(ticket.next()).await?,
                None => None,
            };
            files = left;
        }
        outlet.end().await
    }
}

/// The sample that is `first` and those after it that are there already; the summary, if that was the end.
fn ready_samples(mut first: Option<Event>, ticket: &mut Ticket) -> Result<(Vec<Sample>, Option<Summary>), Failure> {
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
        first = ticket.try_next();
        if first.is_none() {
            return Ok((samples, None));
        }
    }
}

/// A piece of a body, or its end.
enum Part {
    Bytes(Bytes),
    End,
}

/// Where parts go to the body.
struct Outlet {
    sender: mpsc::Sender<Part>,
    patience: Duration,
}

impl Outlet {
    async fn send(&self, mut bytes: Bytes) -> Result<(), Broken> {
        while !bytes.is_empty() {
            self.part(Part::Bytes(bytes.split_to(PART.min(bytes.len())))).await?;
        }
        Ok(())
    }

    async fn end(&self) -> Result<(), Broken> {
        self.part(Part::End).await
    }

    async fn part(&self, part: Part) -> Result<(), Broken> {
        match timeout(self.patience, self.sender.send(part)).await {
            Ok(sent) => sent.map_err(|_| Broken::Gone),
            Err(_) => Err(Problem::SlowReader { within: self.patience }.into()),
        }
    }

    /// What `coming` gives, if somebody still reads.
    async fn unless_closed<T>(&self, coming: impl Future<Output = T>) -> Result<T, Broken> {
        tokio::select! {
            come = coming => Ok(come),
            () = self.sender.closed() => Err(Broken::Gone),
        }
    }
}

/// The body of an archive that is not finished.
#[derive(Debug, thiserror::Error)]
#[error("the archive was broken off")]
struct BrokenOff;

/// A body that is whole only where its end was sent: a feed that stops for whatever reason breaks the connection off.
struct Growing {
    parts: mpsc::Receiver<Part>,
    whole: bool,
}

impl hyper::body::Body for Growing {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.whole {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.parts.poll_recv(context)) {
            Some(Part::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Part::End) => {
                self.whole = true;
                None
            }
            None => Some(Err(BrokenOff)),
        })
    }
}
