//! From the samples to the body, at the client's pace.

use super::container::Container;
use super::files::Files;
use crate::engine::{Event, Failure, SampleRequest};
use crate::http::encode::blocking;
use crate::http::growing::{Broken, Outlet, go_on, growing};
use crate::http::identify::RequestId;
use crate::http::metrics::Outcome;
use crate::http::problem::Problem;
use crate::http::room::Room;
use crate::http::source::Source;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// An archive whose first sample is there.
pub(in crate::http) struct Begun {
    first: Event,
    source: Source,
    files: Files,
    media_type: &'static str,
    deadline: Instant,
    patience: Duration,
}

/// Waits for the first sample, so that what fails before it has the answer of a failure. Whatever is not read until `deadline` is
/// broken off.
pub(in crate::http) async fn begin(
    id: RequestId,
    request: SampleRequest,
    mut source: Source,
    container: Container,
    deadline: Instant,
    patience: Duration,
) -> Result<Begun, Problem> {
    let first = match timeout_at(deadline, source.next()).await.map_err(|_| Failure::Deadline)? {
        Some(Event::Failed(failure)) => return Err(failure.into()),
        Some(first) => first,
        None => return Err(Failure::Stopped.into()),
    };
    let files = Files::new(id, request, container);
    Ok(Begun { first, source, files, media_type: container.media_type(), deadline, patience })
}

impl Begun {
    /// The answer. It goes on by itself, and so does `outcome`, as long as somebody reads it.
    pub(in crate::http) fn go_on(self, outcome: Outcome, room: Room) -> Response {
        let (outlet, body) = growing(self.patience, room);
        let (media_type, deadline) = (self.media_type, self.deadline);
        let feed = async move {
            let sent = timeout_at(deadline, self.send(&outlet)).await;
            sent.unwrap_or_else(|_| Err(Failure::Deadline.into()))
        };
        go_on(feed, outcome);
        ([(CONTENT_TYPE, media_type)], body).into_response()
    }

    /// Sends every file. Where it ends early the source is dropped, and what is left of the request with it.
    async fn send(self, outlet: &Outlet) -> Result<(), Broken> {
        let Self { first, mut source, files, .. } = self;
        let (mut event, mut files) = (Some(first), Some(files));
        while let Some(open) = files {
            let (samples, summary) = source.ready_samples(event)?;
            let (bytes, left) = blocking(move || open.add(&samples, summary.as_ref())).await?;
            outlet.send(bytes).await?;
            event = match left {
                Some(_) => outlet.unless_closed(source.next()).await?,
                None => None,
            };
            files = left;
        }
        outlet.end().await
    }
}
