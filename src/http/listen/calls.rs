//! The calls that are under way on a connection of HTTP/2, which is idle where there are none.

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// By number: since when the connection has a part of a call's answer and has not asked for the next, if it has.
type UnderWay = BTreeMap<u64, Option<Instant>>;

/// Those under way. Who waits for a change is woken when one begins or ends.
pub(super) struct Calls(watch::Sender<UnderWay>);

/// One of them, until it is dropped.
pub(super) struct Call {
    number: u64,
    calls: watch::Sender<UnderWay>,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(UnderWay::new()))
    }

    pub(super) fn begin(&self) -> Call {
        let mut number = 0;
        self.0.send_modify(|calls| {
            number = calls.last_key_value().map_or(0, |(last, _)| last + 1);
            calls.insert(number, None);
        });
        Call { number, calls: self.0.clone() }
    }

    /// Ends when nothing of a part of an answer could be sent, or not all of it, for as long as `patience`.
    pub(super) async fn stuck(&self, patience: Duration) {
        loop {
            let oldest = self.0.borrow().values().flatten().min().copied();
            // Of what is given after this look nothing is late before the next.
            let next = oldest.unwrap_or_else(Instant::now) + patience;
            if oldest.is_some() && next <= Instant::now() {
                return;
            }
            sleep_until(next).await;
        }
    }

    /// Ends when none has been under way for as long as `patience`.
    pub(super) async fn idle(&self, patience: Duration) {
        let mut calls = self.0.subscribe();
        loop {
            // Neither of the two can fail while the sender is here.
            let _ = calls.wait_for(UnderWay::is_empty).await;
            if timeout(patience, calls.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.calls.send_modify(|calls| _ = calls.remove(&self.number));
    }
}

impl Call {
    /// `answer`, to the end of whose body the call is under way.
    pub(super) fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Sent { body, call: self }))
    }

    /// Since when a part of its answer is not sent, if one is not.
    fn unsent(&self, since: Option<Instant>) {
        self.calls.send_if_modified(|calls| {
            calls.insert(self.number, since);
            false
        });
    }
}

/// A body, and the call whose answer it is.
struct Sent {
    body: Body,
    call: Call,
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Who asks for a part has sent those before it.
        self.call.unsent(None);
        let part = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(_)) = part {
            self.call.unsent(Some(Instant::now()));
        }
        part
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
    use hyper::body::Body as _;
    use std::future::poll_fn;
    use tokio::time::sleep;

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

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_stuck_while_a_part_of_an_answer_is_not_sent_and_not_while_there_is_none() {
        let (calls, begin) = (Calls::new(), Instant::now());
        let mut answer = calls.begin().until_sent(Response::new(Body::from("a")));
        // The server thinks.
        assert!(timeout(PATIENCE * 10, calls.stuck(PATIENCE)).await.is_err());
        let mut part = async || poll_fn(|context| Pin::new(answer.body_mut()).poll_frame(context)).await;
        assert!(part().await.is_some());
        calls.stuck(PATIENCE).await;
        assert_eq!(begin.elapsed().as_secs(), 30 * 11);
        assert!(part().await.is_none());
        assert!(timeout(PATIENCE * 10, calls.stuck(PATIENCE)).await.is_err());
    }
}
