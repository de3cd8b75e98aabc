//! A request's chains: which have begun, which wait, which may begin.

use super::{Demand, Left};

/// A request under way. `C` is what a chain carries between two evaluations.
pub(super) struct Request<C> {
    pub(super) model: usize,
    chains: u32,
    /// Evaluations of each chain.
    each: u32,
    pub(super) begun: u32,
    /// The chains below it may begin: those within the window.
    open: u32,
    /// Begun chains that wait, the lowest last.
    pub(super) parked: Vec<(u32, C)>,
    in_flight: usize,
    pub(super) made: u64,
    left: u64,
    /// Grows with every row.
    pub(super) tag: u64,
}

impl<C> Request<C> {
    /// What `demand` asks for, the first `window` chains of which may begin.
    pub(super) fn new(demand: Demand, window: u32, tag: u64) -> Self {
        let Demand { model, chains, evaluations: each, .. } = demand;
        let (begun, open) = (0, chains.min(window));
        let (parked, in_flight, made, left) = (Vec::new(), 0, 0, demand.work());
        Self { model, chains, each, begun, open, parked, in_flight, made, left, tag }
    }

    /// Chains that have begun and not ended.
    pub(super) fn running(&self) -> usize {
        self.parked.len() + self.in_flight
    }

    /// Chains that have not begun.
    pub(super) fn waiting(&self) -> usize {
        (self.chains - self.begun) as usize
    }

    /// Of these, those that may begin as far as their reader decides.
    pub(super) fn ready(&self) -> usize {
        (self.open - self.begun) as usize
    }

    /// Evaluations still to make within the window.
    pub(super) fn reach(&self) -> u64 {
        self.left - u64::from(self.chains - self.open) * u64::from(self.each)
    }

    /// Of one that waits for its reader, what it can have meanwhile.
    pub(super) fn left(&self) -> Left {
        let Self { model, each, .. } = *self;
        let (evaluations, waiting) = match self.ready() {
            0 => (self.reach(), 0),
            _ => (self.left, self.waiting()),
        };
        Left { model, evaluations, running: self.running(), waiting, each }
    }

    /// Gives a row to the lowest chain that is not in flight; with what it carries, where it does not begin.
    pub(super) fn give(&mut self) -> (u32, Option<C>) {
        self.in_flight += 1;
        if let Some((chain, carried)) = self.parked.pop() {
            return (chain, Some(carried));
        }
        self.begun += 1;
        (self.begun - 1, None)
    }

    /// A row of `chain` is back: it goes on with what it carries, or has ended.
    pub(super) fn back(&mut self, chain: u32, carried: Option<C>) {
        self.in_flight -= 1;
        self.made += 1;
        self.left -= 1;
        if let Some(carried) = carried {
            let place = self.parked.partition_point(|&(other, _)| other > chain);
            self.parked.insert(place, (chain, carried));
        }
    }

    /// The window moves on by one sample.
    pub(super) fn fetched(&mut self) {
        self.open = self.chains.min(self.open.saturating_add(1));
    }
}
