//! What the engine tells of itself.

use super::Priority;
use std::time::Duration;

/// What the engine tells as it goes; all empty by default. Called between steps, so an implementation must be quick.
pub trait Observer: Send + Sync {
    /// A step batch of `rows` rows of `model` took `elapsed`.
    fn step(&self, _model: &str, _rows: usize, _elapsed: Duration) {}
    /// A request of `model` waited `queued` for its first evaluation.
    fn started(&self, _model: &str, _priority: Priority, _queued: Duration) {}
    /// A chain of `model` came to its end.
    fn sampled(&self, _model: &str) {}
    /// `evaluations` already made were for nothing: their request went away.
    fn cancelled(&self, _evaluations: u64) {}
    /// A chain of `model` left the finite range.
    fn diverged(&self, _model: &str) {}
    /// A session run of `model` failed.
    fn failed(&self, _model: &str, _reason: &str) {}
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
    /// Of these, bulk requests'.
    pub bulk_evaluations: u64,
    /// Slots taken.
    pub slots_used: usize,
    /// All slots.
    pub slots_capacity: usize,
    /// How long ago the last step ended; none before the first.
    pub since_last_step: Option<Duration>,
    /// Whether there is work.
    pub busy: bool,
    /// How long there has been work of which no step has ended, or all runs of a model, three at least, have failed; zero where neither is so.
    pub stalled: Duration,
    /// Whether new requests are refused because the engine is going down.
    pub draining: bool,
}
