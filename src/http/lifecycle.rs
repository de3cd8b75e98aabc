//! From running to stopped, in two stages.

use crate::engine::{Engine, Worker};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Worker threads at work.
pub struct Working {
    ended: mpsc::Receiver<()>,
}

impl Working {
    /// Starts a thread for each worker.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub fn start(workers: Vec<Worker>) -> io::Result<Self> {
        // Nothing is ever sent: the channel closes when the last thread has dropped its end.
        let (running, ended) = mpsc::channel(1);
        for (i, worker) in workers.into_iter().enumerate() {
            let running = running.clone();
            std::thread::Builder::new().name(format!("worker-{i}")).spawn(move || {
                worker.run();
                drop(running);
            })?;
        }
        Ok(Self { ended })
    }

    /// Waits until every worker has ended.
    pub async fn end(&mut self) {
        while self.ended.recv().await.is_some() {}
    }
}

/// How the draining went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// All that had been taken was finished.
    Finished,
    /// The grace was over, or the draining cut short, with so many requests unfinished.
    Stopped {
        /// Requests that were told that the server stopped.
        unfinished: usize,
    },
}

/// Takes no new requests, and waits for those under way: until they are done, `grace` is over or `hurry` ends. Then the
/// engine is stopped.
pub async fn drain(
    engine: &Engine,
    working: &mut Working,
    grace: Duration,
    hurry: impl Future<Output = ()>,
) -> Drained {
    engine.drain();
    let finished = tokio::select! {
        finished = timeout(grace, working.end()) => finished.is_ok(),
        () = hurry => false,
    };
    if finished {
        return Drained::Finished;
    }
    let snapshot = engine.snapshot();
    engine.stop();
    // The workers end after the step they are in; one that hangs in it is left behind.
    let _ = timeout(LAST_STEP, working.end()).await;
    Drained::Stopped { unfinished: snapshot.requests_running + snapshot.requests_waiting }
}

/// Waits until the last answers are sent, which `sent` tells: those to what was finished may be read for the rest of the grace, which is
/// over at `over`, or until `hurry` ends, and all for five seconds more. Whether they were.
pub async fn send_last(
    drained: Drained,
    over: Instant,
    hurry: impl Future<Output = ()>,
    sent: impl Future<Output = ()>,
) -> bool {
    let patience = async {
        if drained == Drained::Finished {
            // Whichever it is.
            let _ = timeout_at(over, hurry).await;
        }
        sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        () = sent => true,
        () = patience => false,
    }
}

/// How long clients may take to read the last answers when the grace is over.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// How long a step may take that is under way when the engine is stopped.
const LAST_STEP: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const GRACE: Duration = Duration::from_secs(30);

    /// How long the last answers are waited for that are sent after `seconds`, and whether they were.
    async fn waited(drained: Drained, hurry: impl Future<Output = ()>, seconds: u64) -> (bool, u64) {
        let begin = Instant::now();
        let sent = sleep(Duration::from_secs(seconds));
        (send_last(drained, begin + GRACE, hurry, sent).await, begin.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_finished_may_be_read_for_the_rest_of_the_grace_and_whoever_is_in_a_hurry_says_so() {
        let stopped = Drained::Stopped { unfinished: 1 };
        assert_eq!(waited(Drained::Finished, pending(), 3).await, (true, 3));
        assert_eq!(waited(Drained::Finished, pending(), 29).await, (true, 29));
        assert_eq!(waited(Drained::Finished, pending(), 60).await, (false, 35));
        assert_eq!(waited(Drained::Finished, ready(()), 60).await, (false, 5));
        assert_eq!(waited(stopped, pending(), 60).await, (false, 5));
    }
}
