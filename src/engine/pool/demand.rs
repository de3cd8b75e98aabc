//! What the pool is told, and what it answers with.

use crate::engine::Priority;

/// A request's place: its priority, and its number in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct Key {
    pub(super) priority: Priority,
    pub(super) number: u64,
}

/// How much there is to share.
#[derive(Clone, Debug)]
pub(in crate::engine) struct PoolConfig {
    /// Those who take batches, from 0.
    pub workers: usize,
    /// By model: the most rows of a batch.
    pub batch_rows: Vec<usize>,
    /// By model: the fewest rows of a batch that is small for the sake of requests with few chains.
    pub least_rows: Vec<usize>,
    /// Room for running chains.
    pub slots: usize,
    /// The most samples of one request that are under way or wait to be fetched, at least one.
    pub window: u32,
    /// By model: whether a chain that runs alone is worker 0's, which has a session of many threads for it.
    pub wide: Vec<bool>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Demand {
    /// Whether it yields.
    pub priority: Priority,
    /// The model's number.
    pub model: usize,
    /// Chains, at least one.
    pub chains: u32,
    /// Evaluations of each chain, at least one.
    pub evaluations: u32,
}

impl Demand {
    /// The evaluations of all chains.
    pub(in crate::engine) fn work(self) -> u64 {
        u64::from(self.chains) * u64::from(self.evaluations)
    }

    /// What a request wants that nothing was done for.
    pub(in crate::engine) fn left(self) -> Left {
        let Self { model, chains, evaluations: each, .. } = self;
        Left { model, evaluations: self.work(), running: 0, waiting: chains as usize, each }
    }
}

/// What a request still wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Left {
    /// The model's number.
    pub model: usize,
    /// Evaluations still to make, of all its chains.
    pub evaluations: u64,
    /// Chains that have begun and not ended.
    pub running: usize,
    /// Chains that have not begun.
    pub waiting: usize,
    /// Evaluations of each of those.
    pub each: u32,
}

/// A batch that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Batch {
    /// The model of every row.
    pub model: usize,
    /// Whether its one row is all there is to do, and may have many threads.
    pub alone: bool,
}

/// What became of a request whose row came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Back {
    /// It has chains left.
    Going,
    /// That was its last; the pool has forgotten it.
    Complete,
    /// It had been removed.
    Gone,
}
