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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pool::PoolConfig;

    /// Two workers with batches of up to eight rows, whose steps take 10 ms and 1 ms a row more.
    fn outlook<T>(others: &[Demand], newcomer: Demand, look: impl FnOnce(Outlook<'_, ()>) -> T) -> T {
        let mut pool = Pool::new(PoolConfig { workers: 2, batch_rows: 8, slots: 64, wide: vec![false] });
        others.iter().for_each(|&demand| _ = pool.admit(demand));
        let mut pace = Pace::default();
        for rows in [1, 2, 4, 8] {
            pace.record(rows, Duration::from_millis(10 + rows as u64));
        }
        look(Outlook { pool: &pool, paces: &[pace], workers: 2, newcomer })
    }

    fn demand(chains: u32, evaluations: u32) -> Demand {
        Demand { model: 0, chains, evaluations }
    }

    fn seconds(others: &[Demand], newcomer: Demand) -> f64 {
        outlook(others, newcomer, |outlook| outlook.seconds()).unwrap()
    }

    fn assert_close(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn a_lone_chain_takes_a_step_of_one_row_for_each_evaluation() {
        assert_close(seconds(&[], demand(1, 100)), 100.0 * 0.011);
    }

    #[test]
    fn many_chains_take_full_batches_on_every_worker() {
        assert_close(seconds(&[], demand(16, 100)), 100.0 * 0.018);
        assert_close(seconds(&[], demand(160, 100)), 1000.0 * 0.018);
    }

    #[test]
    fn one_image_behind_a_thousand_waits_for_its_own_evaluations_and_never_for_the_thousand() {
        assert_close(seconds(&[demand(1000, 100)], demand(1, 100)), 100.0 * 0.018);
    }

    #[test]
    fn two_large_requests_take_twice_as_long_and_a_small_one_delays_a_large_one_by_its_own_work() {
        assert_close(seconds(&[demand(160, 100)], demand(160, 100)), 2000.0 * 0.018);
        assert_close(seconds(&[demand(16, 100)], demand(160, 100)), 1100.0 * 0.018);
    }

    #[test]
    fn batches_that_were_never_measured_foretell_nothing() {
        let pool = Pool::<()>::new(PoolConfig { workers: 1, batch_rows: 8, slots: 8, wide: vec![false] });
        let mut pace = Pace::default();
        pace.record(1, Duration::from_secs(1));
        let outlook = Outlook { pool: &pool, paces: &[pace], workers: 1, newcomer: demand(8, 10) };
        assert_eq!(outlook.seconds(), None);
    }

    #[test]
    fn the_pace_follows_the_latest_steps() {
        let mut pace = Pace::default();
        pace.record(8, Duration::from_secs(8));
        assert_eq!(pace.row(5), Some(1.0));
        (0..50).for_each(|_| pace.record(8, Duration::from_secs(16)));
        assert!((pace.row(8).unwrap() - 2.0).abs() < 1e-4);
    }
}
