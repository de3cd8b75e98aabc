//! The engine: step batches over the chains of every request.
//!
//! [`engine`] gives a handle and as many workers as there are threads to run them; spawning is the caller's. Between two
//! evaluations a worker asks the policy which rows come next, so a chain joins or leaves a batch at any step.

mod request;

pub use request::{InvalidRequest, RawLabel, RawSampleRequest, RequestLimits, SampleRequest};

use crate::score::ReadyModel;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Worker threads, each with one-thread sessions of its own.
    pub workers: usize,
    /// The most rows of one step batch.
    pub batch_rows: usize,
    /// Room for running chains.
    pub slots: usize,
    /// The most requests under way at once.
    pub max_requests: usize,
    /// The most evaluations queued at once.
    pub max_queued_evaluations: u64,
}

/// What the engine tells as it goes; all empty by default. Called between steps, so an implementation must be quick.
pub trait Observer: Send + Sync {
    /// A step batch of `rows` rows of `model` took `elapsed`.
    fn step(&self, model: &str, rows: usize, elapsed: Duration) {
        let _ = (model, rows, elapsed);
    }
    /// A request of `model` waited `queued` for its first evaluation.
    fn started(&self, model: &str, queued: Duration) {
        let _ = (model, queued);
    }
    /// A chain of `model` came to its end.
    fn sampled(&self, model: &str) {
        let _ = model;
    }
    /// `evaluations` already made were for nothing: their request went away.
    fn cancelled(&self, evaluations: u64) {
        let _ = evaluations;
    }
    /// A chain of `model` left the finite range.
    fn diverged(&self, model: &str) {
        let _ = model;
    }
    /// A session run of `model` failed.
    fn failed(&self, model: &str, reason: &str) {
        let _ = (model, reason);
    }
}

/// An observer that looks away.
impl Observer for () {}

/// The state of the engine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Requests with at least one evaluation made or under way.
    pub requests_running: usize,
    /// Requests that wait for their first.
    pub requests_waiting: usize,
    /// Chains that have not begun.
    pub chains_waiting: u64,
    /// Evaluations still to make.
    pub queued_evaluations: u64,
    /// Slots taken.
    pub slots_used: usize,
    /// All slots.
    pub slots_capacity: usize,
    /// How long ago the last step ended; none before the first.
    pub since_last_step: Option<Duration>,
    /// Whether there is work, so that a long `since_last_step` means that nothing goes on.
    pub busy: bool,
    /// Whether new requests are refused because the engine is going down.
    pub draining: bool,
}

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is too much to do already.
    #[error("at capacity: {reason}; try again in {} s", retry_after.as_secs())]
    AtCapacity {
        /// Which bound was met.
        reason: String,
        /// When it is likely to fit, at least a second.
        retry_after: Duration,
    },
    /// The engine is going down.
    #[error("the server is draining and takes no new requests")]
    Draining,
}

/// Why a request that was taken gives no samples.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// A chain left the finite range.
    #[error(
        "image {index} diverged at σ = {sigma}, after {evaluation} evaluations: its step size is too large for this σ"
    )]
    Diverged {
        /// The sample's index.
        index: u32,
        /// The noise level at which it happened.
        sigma: f32,
        /// How many evaluations the chain had had.
        evaluation: u32,
    },
    /// A run of the score model failed.
    #[error("{reason}")]
    Model {
        /// What the runtime said.
        reason: String,
    },
    /// The deadline passed.
    #[error("the deadline passed before the samples were ready")]
    Deadline,
    /// The engine went down.
    #[error("the server stopped before the samples were ready")]
    Stopped,
}

/// What a request hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// One chain has ended.
    Sample {
        /// The sample's index.
        index: u32,
        /// The sample, of the model's shape, in the model's own numbers.
        x: Vec<f32>,
    },
    /// Every chain has ended; the last event.
    Done(Summary),
    /// The request has failed; the last event.
    Failed(Failure),
}

/// What a request took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Evaluations made.
    pub evaluations: u64,
    /// From being taken to the first evaluation.
    pub queued: Duration,
    /// From the first evaluation to the last.
    pub sampling: Duration,
}

/// Every sample of a request, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// (index, x) of every sample, by rising index.
    pub samples: Vec<(u32, Vec<f32>)>,
    /// What it took.
    pub summary: Summary,
}

/// The handle: cheap to clone, usable from anywhere.
#[derive(Clone)]
pub struct Engine {}

/// A request under way. Dropping it cancels what is left of it before the next evaluation.
pub struct Ticket {
    events: mpsc::Receiver<Event>,
}

/// One worker: owns its sessions, runs on one thread.
pub struct Worker {}

/// Makes an engine of `models`. The handle and the workers; nothing runs until [`Worker::run`] does.
///
/// # Errors
/// Where a session cannot be opened.
pub fn engine(
    models: &[ReadyModel],
    config: EngineConfig,
    observer: Arc<dyn Observer>,
) -> Result<(Engine, Vec<Worker>), crate::score::ScoreError> {
    todo!()
}

impl Engine {
    /// Takes a request, or refuses it at once.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn submit(&self, request: &SampleRequest) -> Result<Ticket, Refused> {
        todo!()
    }

    /// The state at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        todo!()
    }

    /// Takes no new requests; the workers end when what was taken is done.
    pub fn drain(&self) {
        todo!()
    }

    /// Fails what is left with [`Failure::Stopped`]; the workers end after the step they are in.
    pub fn stop(&self) {
        todo!()
    }
}

impl Ticket {
    /// The next event; none after [`Event::Done`] or [`Event::Failed`].
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// As [`next`](Self::next), for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Event> {
        self.events.blocking_recv()
    }

    /// Waits for every sample.
    ///
    /// # Errors
    /// The request's [`Failure`].
    pub async fn collect(mut self) -> Result<Samples, Failure> {
        let mut samples = Vec::new();
        loop {
            if let Some(end) = gather(&mut samples, self.next().await) {
                return end;
            }
        }
    }

    /// As [`collect`](Self::collect), for a thread that may block.
    ///
    /// # Errors
    /// The request's [`Failure`].
    pub fn blocking_collect(mut self) -> Result<Samples, Failure> {
        let mut samples = Vec::new();
        loop {
            if let Some(end) = gather(&mut samples, self.blocking_next()) {
                return end;
            }
        }
    }
}

/// Takes one event in; answers with the end, if it was the last.
fn gather(samples: &mut Vec<(u32, Vec<f32>)>, event: Option<Event>) -> Option<Result<Samples, Failure>> {
    match event {
        Some(Event::Sample { index, x }) => {
            samples.push((index, x));
            None
        }
        Some(Event::Done(summary)) => {
            let mut samples = std::mem::take(samples);
            samples.sort_unstable_by_key(|&(index, _)| index);
            Some(Ok(Samples { samples, summary }))
        }
        Some(Event::Failed(failure)) => Some(Err(failure)),
        None => Some(Err(Failure::Stopped)),
    }
}

impl Worker {
    /// One step, if there is work: a batch chosen, evaluated and advanced. Whether there was.
    ///
    /// For those who drive a worker by hand; [`run`](Self::run) is this in a loop. A lone chain is left to the first worker.
    pub fn step(&mut self) -> bool {
        todo!()
    }

    /// Works until the engine is stopped, or drained and done.
    pub fn run(mut self) {
        todo!()
    }
}
