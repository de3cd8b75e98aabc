//! Runs of a model that fail one after another.

use std::time::Instant;

/// The failed runs of a model since one last succeeded.
#[derive(Clone, Default)]
pub(super) struct Failing {
    runs: u32,
    first: Option<Instant>,
}

impl Failing {
    /// So many one after another are no accident.
    const MANY: u32 = 3;

    /// A run failed at the time `now`.
    pub(super) fn again(&mut self, now: Instant) {
        self.runs = self.runs.saturating_add(1);
        self.first.get_or_insert(now);
    }

    /// Since when all runs have failed, if they were many.
    pub(super) fn since(&self) -> Option<Instant> {
        self.first.filter(|_| self.runs >= Self::MANY)
    }
}
