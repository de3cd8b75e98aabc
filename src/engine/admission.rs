//! What is likely to be in time: step times as measured, and the wait they foretell.

use super::pool::{Demand, Pool};
use std::time::Duration;

/// How long a row takes, by the size of the batch it is in: a large batch's rows are cheaper, so a rate measured on single
/// rows would foretell a thousand's wait wrongly.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// Seconds a row, moving averages; place b is for batches of 2ᵇ⁻¹ + 1 to 2ᵇ rows.
    seconds: [Option<f64>; 16],
}

impl Pace {
    /// What one more step says against all before.
    const WEIGHT: f64 = 0.2;

    fn place(rows: usize) -> usize {
        (rows.next_power_of_two().trailing_zeros() as usize).min(15)
    }

    /// A step of `rows` rows took `elapsed`.
    pub(super) fn record(&mut self, rows: usize, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64() / rows as f64;
        let place = &mut self.seconds[Self::place(rows)];
        *place = Some(place.map_or(seconds, |before| before + Self::WEIGHT * (seconds - before)));
    }

    /// Seconds a row takes in a batch of `rows`; none before such a batch was measured.
    fn row(&self, rows: usize) -> Option<f64> {
        self.seconds[Self::place(rows)]
    }
}

/// The load that a newcomer meets.
pub(super) struct Outlook<'a, C> {
    pub pool: &'a Pool<C>,
    /// By model.
    pub paces: &'a [Pace],
    pub workers: usize,
    pub newcomer: Demand,
}

impl<C> Outlook<'_, C> {
    /// Seconds until the newcomer is done if requests share fairly; none where too little was measured.
    ///
    /// Every other request gets what the newcomer gets meanwhile, or what it still wants, if that is less. However many
    /// share, a chain's evaluations come one after another.
    pub(super) fn seconds(&self) -> Option<f64> {
        let Demand { model, evaluations, .. } = self.newcomer;
        let work = self.newcomer.work();
        let own = work as f64 * self.price(model)?;
        let others = self.pool.left().map(|(model, left)| left.min(work) as f64 * self.price(model).unwrap_or(0.0));
        let rows = self.rows(model);
        let one_chain = f64::from(evaluations) * rows as f64 * self.paces[model].row(rows)?;
        Some((own + others.sum::<f64>()).max(one_chain))
    }

    /// Seconds of all the work before the newcomer, as far as measured.
    pub(super) fn backlog(&self) -> f64 {
        self.pool.left().map(|(model, left)| left as f64 * self.price(model).unwrap_or(0.0)).sum()
    }

    fn more(&self, model: usize) -> u32 {
        if model == self.newcomer.model { self.newcomer.chains } else { 0 }
    }

    fn rows(&self, model: usize) -> usize {
        self.pool.batch_rows(model, self.more(model))
    }

    /// Seconds that one evaluation of `model` takes of the engine: a step's, over the rows that go on at once.
    fn price(&self, model: usize) -> Option<f64> {
        let rows = self.rows(model);
        let at_once = self.pool.runnable(model, self.more(model)).clamp(1, rows * self.workers);
        Some(self.paces[model].row(rows)? * rows as f64 / at_once as f64)
    }
}
