//! Which request is sent when.

use crate::client::ClientError;
use crate::client::remote::MOST;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// When requests are sent.
#[derive(Clone, Copy)]
pub(super) enum Pattern {
    /// When the last of the same client was answered.
    Closed { clients: u16 },
    /// So many a second, evenly.
    Open { rate: f64 },
}

/// What became of a request.
pub(super) enum Outcome {
    Answered,
    /// The server had too much to do (429, 503).
    Refused,
    Failed(String),
}

/// A request that was sent.
pub(super) struct Sent {
    /// When its answer ended, since the beginning.
    pub(super) ended: Duration,
    /// Until then: from when it was sent or, in an open loop, was due.
    pub(super) latency: Duration,
    pub(super) outcome: Outcome,
}

/// How long one that is due waits for another to end.
const BREATH: Duration = Duration::from_millis(1);

/// How long a client pauses that was refused and not told until when.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends requests for `span`, request i by `send(i)`, and waits for the last. Of those that were due, how many were not sent.
pub(super) fn drive(
    pattern: Pattern,
    span: Duration,
    send: impl Fn(u64) -> Result<(), ClientError> + Sync,
) -> (Vec<Sent>, usize) {
    let (start, next, sent) = (Instant::now(), AtomicU64::new(0), Mutex::new(Vec::new()));
    let under_way = AtomicUsize::new(0);
    // How long to pause before the next.
    let one = |since: Instant| {
        let answer = send(next.fetch_add(1, Ordering::Relaxed));
        let (outcome, pause) = outcome(answer);
        let ended = Instant::now();
        let one = Sent { ended: ended - start, latency: ended - since, outcome };
        sent.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        pause
    };
    let unsent = scope(|threads| match pattern {
        Pattern::Closed { clients } => {
            for _ in 0..clients {
                threads.spawn(|| {
                    while start.elapsed() < span {
                        let pause = one(Instant::now());
                        sleep(pause.min(span.saturating_sub(start.elapsed())));
                    }
                });
            }
            0
        }
        Pattern::Open { rate } => {
            let (under_way, one) = (&under_way, &one);
            // Each for itself: gaps rounded to nanoseconds would add up.
            let mut all = (0_u64..).map(|i| Duration::from_secs_f64(i as f64 / rate)).take_while(|&due| due < span);
            loop {
                let Some(due) = all.next() else { break 0 };
                sleep(due.saturating_sub(start.elapsed()));
                // What is due beyond them is late, and its latency says so; or it is not sent at all where the time ends before.
                while under_way.load(Ordering::Relaxed) >= MOST && start.elapsed() < span {
                    sleep(BREATH);
                }
                if start.elapsed() >= span {
                    break 1 + all.count();
                }
                under_way.fetch_add(1, Ordering::Relaxed);
                threads.spawn(move || {
                    one(start + due);
                    under_way.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
    });
    (sent.into_inner().unwrap_or_else(PoisonError::into_inner), unsent)
}

/// What became of a request, and how long its client pauses.
fn outcome(answer: Result<(), ClientError>) -> (Outcome, Duration) {
    match answer {
        Ok(()) => (Outcome::Answered, Duration::ZERO),
        Err(ClientError::Refused(refusal)) if [429, 503].contains(&refusal.status) => {
            let seconds = refusal.retry_after.and_then(|seconds| seconds.parse().ok());
            (Outcome::Refused, seconds.map_or(PAUSE, Duration::from_secs))
        }
        Err(fault) => (Outcome::Failed(fault.to_string()), PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_has_as_many_requests_as_the_rate_says_in_the_time() {
        for (rate, microseconds, due) in [(3e3, 1_000, 3), (1.1e4, 1_000, 11), (1e6, 1_000, 1_000), (1e-6, 1_000, 1)] {
            let (sent, unsent) = drive(Pattern::Open { rate }, Duration::from_micros(microseconds), |_| Ok(()));
            assert_eq!(sent.len() + unsent, due, "{rate} a second");
        }
    }
}
