//! The calls that are under way on a connection, which is idle where there are none.

use crate::http::room::held;
use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// By number.
type UnderWay = BTreeMap<u64, Pieces>;

/// The pieces of an answer that the connection has and has not sent.
#[derive(Default)]
struct Pieces {
    count: usize,
    /// Since when none of them was sent.
    since: Option<Instant>,
}

/// The most bytes of a piece: what of an answer is not sent is known by these.
const PIECE: usize = 1 << 16;

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
            calls.insert(number, Pieces::default());
        });
        Call { number, calls: self.0.clone() }
    }

    /// Ends when nothing of a part of an answer could be sent, or not all of it, for as long as `patience`.
    pub(super) async fn stuck(&self, patience: Duration) {
        loop {
            let oldest = self.0.borrow().values().filter_map(|pieces| pieces.since).min();
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
    /// `answer`, until the last of whose body is sent the call is under way.
    pub(super) fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Sent { body, rest: Bytes::new(), call: Arc::new(self) }))
    }

    /// One piece more is not sent, or one less. One that goes begins the time anew in which none was sent; one that comes beside others does not.
    fn count(&self, change: isize) {
        self.calls.send_if_modified(|calls| {
            if let Some(pieces) = calls.get_mut(&self.number) {
                let waited = change > 0 && pieces.count > 0;
                pieces.count = pieces.count.saturating_add_signed(change);
                if !waited {
                    pieces.since = (pieces.count > 0).then(Instant::now);
                }
            }
            false
        });
    }
}

/// A piece of an answer, until it is sent.
struct Piece(Arc<Call>);

impl Piece {
    fn new(call: &Arc<Call>) -> Self {
        call.count(1);
        Self(Arc::clone(call))
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.count(-1);
    }
}

/// A body in pieces, and the call whose answer it is.
struct Sent {
    body: Body,
    /// What has come of the body and was not given on.
    rest: Bytes,
    call: Arc<Call>,
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE);
        let bytes = self.rest.split_to(length);
        // Whoever sends the bytes, and however late, drops them then.
        Poll::Ready(Some(Ok(Frame::data(held(bytes, Piece::new(&self.call))))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
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
    async fn a_connection_is_stuck_while_no_part_of_an_answer_is_sent_and_not_while_there_is_none() {
        let (calls, begin) = (Calls::new(), Instant::now());
        let mut answer = calls.begin().until_sent(Response::new(Body::from(vec![7; 2 * PIECE])));
        // The server thinks.
        assert!(timeout(PATIENCE * 10, calls.stuck(PATIENCE)).await.is_err());
        let mut part = async || poll_fn(|context| Pin::new(answer.body_mut()).poll_frame(context)).await;
        let (first, second) = (part().await.unwrap().unwrap(), part().await.unwrap().unwrap());
        assert!(part().await.is_none());
        drop(answer);
        let both = async {
            sleep(PATIENCE * 2 / 3).await;
            drop(first);
        };
        tokio::join!(calls.stuck(PATIENCE), both);
        assert_eq!(begin.elapsed().as_secs(), 300 + 20 + 30, "since the first was sent");
        assert!(timeout(PATIENCE * 10, calls.idle(PATIENCE)).await.is_err(), "the second is not");
        drop(second);
        assert!(timeout(PATIENCE * 10, calls.stuck(PATIENCE)).await.is_err());
        calls.idle(PATIENCE).await;
    }

    #[tokio::test]
    async fn an_answer_is_the_same_in_pieces_and_as_long_as_it_was_said_to_be() {
        let calls = Calls::new();
        for length in [0, 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let answer = calls.begin().until_sent(Response::new(Body::from(bytes.clone())));
            assert_eq!(answer.body().size_hint().exact(), Some(length as u64));
            assert_eq!(axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap(), bytes);
        }
        calls.idle(Duration::ZERO).await;
    }
}
