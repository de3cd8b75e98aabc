//! The calls that are under way on a connection of HTTP/2, which is idle where there are none.

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How many are under way.
pub(super) struct Calls(watch::Sender<usize>);

/// One of them, until it is dropped.
pub(super) struct Call(watch::Sender<usize>);

impl Calls {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(super) fn begin(&self) -> Call {
        self.0.send_modify(|count| *count += 1);
        Call(self.0.clone())
    }

    /// Ends when none has been under way for as long as `patience`.
    pub(super) async fn idle(&self, patience: Duration) {
        let mut calls = self.0.subscribe();
        loop {
            // Neither of the two can fail while the sender is here.
            let _ = calls.wait_for(|&count| count == 0).await;
            if timeout(patience, calls.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Call {
    /// `answer`, to the end of whose body the call is under way.
    pub(super) fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Sent { body, _call: self }))
    }
}

/// A body, and the call whose answer it is.
struct Sent {
    body: Body,
    _call: Call,
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_its_last_call_has_been_over_for_a_time() {
        let (calls, begin) = (Calls::new(), Instant::now());
        calls.idle(PATIENCE).await;
        assert_eq!(begin.elapsed().as_secs(), 30);

        let long = calls.begin().until_sent(Response::new(Body::from("a")));
        let (begin, short) = (Instant::now(), calls.begin());
        let both = async {
            sleep(PATIENCE * 10).await;
            drop(short);
            sleep(PATIENCE * 10).await;
            drop(long);
        };
        tokio::join!(calls.idle(PATIENCE), both);
        assert_eq!(begin.elapsed().as_secs(), 30 * 21);
    }
}
