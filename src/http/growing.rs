//! Answers that are sent while they are made, at their reader's pace.
//!
//! One part waits for the connection to take it; who makes the answer waits for that. A reader that takes nothing for too
//! long is given up. A body whose end was not sent is broken off, which clients report as an error.

use super::metrics::Outcome;
use super::problem::Problem;
use super::room::{Room, held};
use axum::body::{Body, Bytes};
use hyper::body::Frame;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::Instrument;

/// The most bytes that wait for the connection to take them.
const PART: usize = 1 << 16;

/// What a server grants those who read an answer that grows.
#[derive(Clone, Copy, Debug)]
pub struct Readers {
    /// How long a client may take to read 64 KiB.
    pub patience: Duration,
    /// How long an event stream may be silent before it says that it lives.
    pub heartbeat: Duration,
}

/// Why an answer is not finished.
pub(super) enum Broken {
    /// Nobody reads it any more.
    Gone,
    By(Problem),
}

impl<P: Into<Problem>> From<P> for Broken {
    fn from(problem: P) -> Self {
        Self::By(problem.into())
    }
}

/// A piece of a body, or its end.
enum Part {
    Bytes(Bytes),
    End,
}

/// Where parts go to the body.
pub(super) struct Outlet {
    sender: mpsc::Sender<Part>,
    patience: Duration,
    room: Arc<Room>,
}

/// A body, and the outlet that it grows from. It has its `room` until the last part of it is sent.
pub(super) fn growing(patience: Duration, room: Room) -> (Outlet, Body) {
    let (sender, parts) = mpsc::channel(1);
    (Outlet { sender, patience, room: Arc::new(room) }, Body::new(Growing { parts, whole: false }))
}

/// Lets `feed` go on by itself; `outcome` is told how it ends.
pub(super) fn go_on(feed: impl Future<Output = Result<(), Broken>> + Send + 'static, outcome: Outcome) {
    let ended = async move {
        let result = match feed.await {
            Ok(()) => Ok(()),
            Err(Broken::Gone) => return,
            Err(Broken::By(problem)) => {
                tracing::warn!(%problem, "an answer was broken off");
                Err(problem)
            }
        };
        outcome.end(result.as_ref().map(|&()| ()));
    };
    tokio::spawn(ended.in_current_span());
}

impl Outlet {
    pub(super) async fn send(&self, bytes: impl Into<Bytes>) -> Result<(), Broken> {
        let mut bytes = held(bytes.into(), Arc::clone(&self.room));
        while !bytes.is_empty() {
            self.part(Part::Bytes(bytes.split_to(PART.min(bytes.len())))).await?;
        }
        Ok(())
    }

    pub(super) async fn end(&self) -> Result<(), Broken> {
        self.part(Part::End).await
    }

    async fn part(&self, part: Part) -> Result<(), Broken> {
        match timeout(self.patience, self.sender.send(part)).await {
            Ok(sent) => sent.map_err(|_| Broken::Gone),
            Err(_) => Err(Problem::SlowReader { within: self.patience }.into()),
        }
    }

    /// What `coming` gives, if somebody still reads.
    pub(super) async fn unless_closed<T>(&self, coming: impl Future<Output = T>) -> Result<T, Broken> {
        tokio::select! {
            come = coming => Ok(come),
            () = self.sender.closed() => Err(Broken::Gone),
        }
    }
}

/// The body of an answer that is not finished.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off")]
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
