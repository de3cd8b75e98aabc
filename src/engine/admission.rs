//! What is likely to be in time: step times as measured, and the wait they foretell.

use super::Priority;
use super::pool::{Demand, Pool};
use crate::score::Tuning;
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

    /// What was measured before the first request, so that its time is foretold too.
    pub(super) fn measured(tuning: &Tuning) -> Self {
        let mut pace = Self::default();
        // Of one size the last is the one with all workers at work.
        for step in &tuning.steps {
            pace.seconds[Self::place(step.rows)] = Some(step.seconds / step.rows as f64);
        }
        pace
    }

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
    pool: &'a Pool<C>,
    newcomer: Demand,
    /// By model: seconds that one evaluation takes of the engine, as far as measured.
    prices: Vec<Option<f64>>,
    /// Seconds of a step that a chain of the newcomer's is in.
    step: Option<f64>,
}

impl<'a, C> Outlook<'a, C> {
    /// What meets `newcomer` in `pool`, whose steps on `workers` workers have taken `paces`, by model.
    pub(super) fn new(pool: &'a Pool<C>, paces: &[Pace], workers: usize, newcomer: Demand) -> Self {
        // Seconds of a step of each model, and the rows that go on at once.
        let step = |(model, pace): (usize, &Pace)| {
            let runnable = pool.runnable(model, if model == newcomer.model { newcomer.chains } else { 0 });
            let rows = pool.batch_rows(model, runnable);
            (pace.row(rows).map(|row| row * rows as f64), runnable.clamp(1, rows * workers))
        };
        let steps: Vec<_> = paces.iter().enumerate().map(step).collect();
        let prices = steps.iter().map(|&(seconds, at_once)| Some(seconds? / at_once as f64)).collect();
        Self { pool, newcomer, prices, step: steps[newcomer.model].0 }
    }

    /// Seconds until the newcomer is done if requests share fairly; none where too little was measured.
    ///
    /// Every other request of its priority gets what the newcomer gets meanwhile, or what it still wants, if that is less;
    /// those of the other priority what is before it or, of bulk, their share. However many share, a chain's evaluations
    /// come one after another.
    pub(super) fn seconds(&self) -> Option<f64> {
        /// Rows that interactive requests are given for each of bulk's, where both want all.
        const ODDS: f64 = (Priority::TURN - 1) as f64;
        let Demand { priority, model, evaluations, .. } = self.newcomer;
        let work = self.newcomer.work();
        let equals = work as f64 * self.prices[model]? + self.work(priority, work);
        let others = match priority {
            Priority::Interactive => self.work(Priority::Bulk, u64::MAX).min(equals / ODDS),
            Priority::Bulk => self.work(Priority::Interactive, u64::MAX).min(equals * ODDS),
        };
        Some((equals + others).max(f64::from(evaluations) * self.step?))
    }

    /// Seconds of all the work that is queued before the newcomer, as far as measured.
    pub(super) fn backlog(&self) -> f64 {
        let queued = |priority| self.pool.queued(priority).map(|(model, queued)| self.seconds_of(model, queued));
        Priority::ALL.into_iter().flat_map(queued).sum()
    }

    /// Seconds of the work of `priority`, of each request at most `most` evaluations, as far as measured.
    fn work(&self, priority: Priority, most: u64) -> f64 {
        self.pool.left(priority).map(|(model, left)| self.seconds_of(model, left.min(most))).sum()
    }

    fn seconds_of(&self, model: usize, evaluations: u64) -> f64 {
        evaluations as f64 * self.prices[model].unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pool::PoolConfig;
    use crate::score::MeasuredStep;

    /// Two workers with batches of up to eight rows, whose steps take 10 ms and 1 ms a row more.
    fn outlook<T>(others: &[Demand], newcomer: Demand, look: impl FnOnce(Outlook<'_, ()>) -> T) -> T {
        let config = PoolConfig { workers: 2, batch_rows: vec![8], slots: 64, window: 128, wide: vec![false] };
        let mut pool = Pool::new(config);
        others.iter().for_each(|&demand| _ = pool.admit(demand));
        let mut pace = Pace::default();
        for rows in [1, 2, 4, 8] {
            pace.record(rows, Duration::from_millis(10 + rows as u64));
        }
        look(Outlook::new(&pool, &[pace], 2, newcomer))
    }

    fn demand(chains: u32, evaluations: u32) -> Demand {
        Demand { priority: Priority::Interactive, model: 0, chains, evaluations }
    }

    fn bulk(chains: u32, evaluations: u32) -> Demand {
        Demand { priority: Priority::Bulk, ..demand(chains, evaluations) }
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
    fn an_interactive_request_is_delayed_by_bulks_share_of_the_rows_and_by_no_more() {
        let alone = seconds(&[], demand(160, 100));
        assert_close(seconds(&[bulk(1000, 1000)], demand(160, 100)), alone * 16.0 / 15.0);
        assert_close(seconds(&[bulk(16, 10)], demand(160, 100)), alone + 10.0 * 0.018);
    }

    #[test]
    fn a_bulk_request_waits_for_interactive_work_while_that_leaves_it_its_share() {
        let alone = seconds(&[], bulk(160, 100));
        assert_close(seconds(&[demand(16, 100)], bulk(160, 100)), alone + 100.0 * 0.018);
        assert_close(seconds(&[demand(1000, 1000), demand(1000, 1000)], bulk(160, 100)), alone * 16.0);
        assert_close(seconds(&[bulk(1000, 1000)], bulk(160, 100)), alone * 2.0);
    }

    #[test]
    fn batches_that_were_never_measured_foretell_nothing() {
        let pool =
            Pool::<()>::new(PoolConfig { workers: 1, batch_rows: vec![8], slots: 8, window: 128, wide: vec![false] });
        let mut pace = Pace::default();
        pace.record(1, Duration::from_secs(1));
        assert_eq!(Outlook::new(&pool, &[pace], 1, demand(8, 10)).seconds(), None);
    }

    #[test]
    fn what_was_measured_before_the_first_request_foretells_it() {
        let step = |sessions, threads, rows, seconds| MeasuredStep {
            sessions,
            threads,
            rows,
            seconds,
            rows_per_second: (sessions * rows) as f64 / seconds,
        };
        let steps = vec![step(1, 1, 1, 0.1), step(1, 2, 1, 0.05), step(2, 1, 1, 0.2), step(2, 1, 4, 0.4)];
        let pace = Pace::measured(&Tuning { batch_rows: 4, lone_threads: 2, steps });
        assert_eq!([1, 2, 3, 4].map(|rows| pace.row(rows)), [Some(0.2), None, Some(0.1), Some(0.1)]);
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
