//! From running to stopped, in two stages.

use crate::engine::{Engine, Worker};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

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

/// How long a step may take that is under way when the engine is stopped.
const LAST_STEP: Duration = Duration::from_secs(5);
