//! What a request hears.

use super::{ChainDiagnostics, InvalidRequest};
use std::time::Duration;
use tokio::sync::mpsc;

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is too much to do already.
    #[error("at capacity: {reason}; try again in {} s", retry_after.as_secs())]
    AtCapacity {
        /// Which bound was met.
        bound: Bound,
        /// The same in a sentence, with its numbers.
        reason: String,
        /// When it is likely to fit, at least a second.
        retry_after: Duration,
    },
    /// It could not be taken if nothing else were under way.
    #[error(transparent)]
    Invalid(InvalidRequest),
    /// The engine is going down.
    #[error("the server is draining and takes no new requests")]
    Draining,
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Requests under way.
    Requests,
    /// Evaluations queued.
    Queue,
    /// Work that would be done before, for the request to be in time.
    Deadline,
}

impl Bound {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Queue, Self::Deadline];

    /// The bound's name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Queue => "queue",
            Self::Deadline => "deadline",
        }
    }
}

/// Why a request that was taken gives no samples.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// A chain left the finite range.
    #[error("sample {index} diverged at σ = {sigma}, in evaluation {evaluation}: {}", remedy(*tau))]
    Diverged {
        /// The sample's index.
        index: u32,
        /// The noise level at which it happened.
        sigma: f32,
        /// The step size with which it happened, of Langevin dynamics.
        tau: Option<f64>,
        /// How many evaluations the chain had had.
        evaluation: u32,
    },
    /// A score that was asked for has left the finite range.
    #[error("the score of row {row} at σ = {sigma} is not finite: the point is too far from all that the model knows")]
    NotFinite {
        /// The row, from 0.
        row: u32,
        /// Its noise level.
        sigma: f32,
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

/// Why a chain with steps of `tau` diverged, and what to try.
fn remedy(tau: Option<f64>) -> String {
    match tau {
        Some(tau) => format!(
            "steps of τ = {tau} are stable for τ < 2v only, where v is the smallest variance of the density at this σ; use \
             smaller steps"
        ),
        None => "the model's score is too large there for steps that fit σ; begin at a smaller σ, or use another model"
            .to_owned(),
    }
}

/// What a request hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// One chain has ended.
    Sample {
        /// The sample's index; of a score the row's number.
        index: u32,
        /// The sample, or the score, of the model's shape, in the model's own numbers.
        x: Vec<f32>,
        /// What its chain was like, where the request asked for that.
        diagnostics: Option<ChainDiagnostics>,
    },
    /// Every chain has ended; the last event.
    Done(Summary),
    /// The request has failed; the last event.
    Failed(Failure),
}

/// What the board tells a ticket at once: the last sample and that it is the last, so that who waits is woken once.
pub(super) struct Word {
    pub(super) event: Event,
    /// What all took, where that was the last sample.
    pub(super) done: Option<Summary>,
}

impl From<Failure> for Word {
    fn from(failure: Failure) -> Self {
        Self { event: Event::Failed(failure), done: None }
    }
}

/// A word on its way. It is sent when the board's lock is free: who hears it is woken, and may take the processor at once.
pub(super) struct Message {
    pub(super) to: mpsc::Sender<Word>,
    pub(super) word: Word,
}

impl Message {
    /// Nothing where nobody waits for it any more.
    pub(super) fn send(self) {
        let _ = self.to.try_send(self.word);
    }
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

/// What is foretold of a request by the pace of steps and by what else is under way; nothing where too little was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Seconds until it is done.
    pub seconds: Option<f64>,
    /// The same if nothing else were under way.
    pub alone: Option<f64>,
}

impl Forecast {
    /// Seconds of these that are due to others.
    #[must_use]
    pub fn wait(self) -> Option<f64> {
        Some((self.seconds? - self.alone?).max(0.0))
    }
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headway {
    /// Evaluations made.
    pub evaluations: u64,
    /// Chains that have begun.
    pub begun: u32,
    /// Of these, chains that have ended.
    pub ended: u32,
}
