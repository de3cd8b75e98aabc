//! What the measured pace foretells: when a newcomer would be done, and those who are under way.
//!
//! Requests of one priority share the evaluations equally, so while one makes w of them every other makes w, or what it still
//! wants, if that is less (processor sharing: Kleinrock 1967). No more is foretold than what is known: who may come yet is not.

use super::Priority;
use super::pace::Pace;
use super::pool::{Crowd, Demand, Left, Pool};

/// The load that a newcomer meets, and adds to.
pub(super) struct Outlook {
    newcomer: Demand,
    /// By model: seconds of a step, without the newcomer and beside it, as far as measured.
    steps: Vec<[Option<f64>; 2]>,
    /// Seconds that one evaluation of the newcomer's takes of the engine.
    price: Option<f64>,
    /// By priority.
    lines: [Line; 2],
}

impl Outlook {
    /// What meets `newcomer` in `pool`, whose steps on `workers` workers have taken `paces`, by model.
    pub(super) fn new<C>(pool: &Pool<C>, paces: &[Pace], workers: usize, newcomer: Demand) -> Self {
        let [without, beside] = [None, Some(newcomer)].map(|newcomer| Steps::new(pool, paces, workers, newcomer));
        let steps = |model| {
            let step = beside.of(model);
            ([without.of(model).seconds, step.seconds], step.price())
        };
        let (steps, prices): (Vec<_>, Vec<_>) = (0..paces.len()).map(steps).unzip();
        let lines = Priority::ALL.map(|priority| {
            let work = pool.left(priority).map(|left| (left.evaluations, prices[left.model].unwrap_or(0.0)));
            Line::new(work.collect())
        });
        Self { newcomer, steps, price: prices[newcomer.model], lines }
    }

    /// Seconds until the newcomer is done; none where too little was measured.
    pub(super) fn seconds(&self) -> Option<f64> {
        let (left, step) = (self.newcomer.left(), self.steps[self.newcomer.model][1]?);
        let share = left.evaluations as f64 * self.price? + self.line().beside(left.evaluations);
        Some(in_waves(left, self.beside_the_other(share), step))
    }

    /// Seconds until another request of the newcomer's priority is done, without the newcomer and beside it, as far as measured.
    pub(super) fn of_another(&self, left: Left) -> [f64; 2] {
        let without = self.line().beside(left.evaluations);
        let more = left.evaluations.min(self.newcomer.work()) as f64 * self.price.unwrap_or(0.0);
        let [alone, together] = self.steps[left.model].map(|step| step.unwrap_or(0.0));
        [(without, alone), (without + more, together)]
            .map(|(share, step)| in_waves(left, self.beside_the_other(share), step))
    }

    /// Seconds of all the work before the newcomer, as far as measured.
    pub(super) fn backlog(&self) -> f64 {
        self.lines.iter().map(Line::all).sum()
    }

    fn line(&self) -> &Line {
        &self.lines[self.newcomer.priority as usize]
    }

    /// `equals` seconds of work of the newcomer's priority, and what the other one is given meanwhile: all that it wants, or
    /// its share of the rows.
    fn beside_the_other(&self, equals: f64) -> f64 {
        /// Rows that interactive requests are given for each of bulk's, where both want all.
        const ODDS: f64 = (Priority::TURN - 1) as f64;
        let [interactive, bulk] = &self.lines;
        equals
            + match self.newcomer.priority {
                Priority::Interactive => bulk.all().min(equals / ODDS),
                Priority::Bulk => interactive.all().min(equals * ODDS),
            }
    }
}

/// Seconds of all the work in `pool`, as far as measured, if nobody comes. Refusals ask for no more, and there are many of them where
/// there is much in the pool.
pub(super) fn backlog<C>(pool: &Pool<C>, paces: &[Pace], workers: usize) -> f64 {
    let steps = Steps::new(pool, paces, workers, None);
    let of = |model| pool.backlog(model) as f64 * steps.of(model).price().unwrap_or(0.0);
    (0..paces.len()).map(of).sum()
}

/// The steps of every model.
struct Steps<'a, C> {
    pool: &'a Pool<C>,
    paces: &'a [Pace],
    workers: usize,
    newcomer: Option<Demand>,
    crowd: Crowd,
}

impl<'a, C> Steps<'a, C> {
    /// Those made while `newcomer` is among those in `pool`.
    fn new(pool: &'a Pool<C>, paces: &'a [Pace], workers: usize, newcomer: Option<Demand>) -> Self {
        Self { pool, paces, workers, newcomer, crowd: pool.crowd(newcomer) }
    }

    fn of(&self, model: usize) -> Step {
        let own = self.newcomer.filter(|newcomer| newcomer.model == model);
        let runnable = self.pool.runnable(model, own.map_or(0, |newcomer| newcomer.chains));
        let rows = self.pool.step_rows(model, runnable, self.crowd);
        let seconds = self.paces[model].row(rows).map(|row| row * rows as f64);
        Step { seconds, at_once: runnable.clamp(1, rows * self.workers) }
    }
}

/// The steps of a model.
struct Step {
    /// Of one, as far as measured.
    seconds: Option<f64>,
    /// The rows that go on at once, on all workers.
    at_once: usize,
}

impl Step {
    /// Seconds that one evaluation takes of the engine.
    fn price(&self) -> Option<f64> {
        self.seconds.map(|seconds| seconds / self.at_once as f64)
    }
}

/// Seconds until a request is done whose share of the engine makes what it wants in `share` seconds, in steps of `step`. A
/// chain's evaluations come one after another, and of the chains that its share does not reach all at once the last begin when
/// the first have ended.
fn in_waves(left: Left, share: f64, step: f64) -> f64 {
    let Left { evaluations, running, waiting, each, .. } = left;
    // One that waits for its reader.
    if evaluations == 0 {
        return 0.0;
    }
    let at_once = evaluations as f64 * step / share;
    // With less than a row a step there is nothing to come one after another.
    if at_once < 1.0 {
        return share;
    }
    let of_begun = (evaluations - waiting as u64 * u64::from(each)) as f64 / running.max(1) as f64;
    let waves = (waiting as f64 / at_once - 1e-6).ceil();
    share.max((of_begun + waves * f64::from(each)) * step)
}

/// The requests of one priority by rising work, summed from both ends: what they want beside one of some work is then found
/// by halving.
struct Line {
    left: Vec<u64>,
    /// Place i: the seconds that the first i want.
    seconds: Vec<f64>,
    /// Place i: what one evaluation of each but the first i takes, in seconds.
    prices: Vec<f64>,
}

impl Line {
    /// Of requests with (evaluations still to make, seconds of one).
    fn new(mut work: Vec<(u64, f64)>) -> Self {
        work.sort_unstable_by_key(|&(left, _)| left);
        let sum = |sum: &mut f64, term: f64| {
            *sum += term;
            Some(*sum)
        };
        let seconds = work.iter().map(|&(left, price)| left as f64 * price);
        let seconds = std::iter::once(0.0).chain(seconds.scan(0.0, sum)).collect();
        let prices = work.iter().rev().map(|&(_, price)| price);
        let mut prices: Vec<_> = std::iter::once(0.0).chain(prices.scan(0.0, sum)).collect();
        prices.reverse();
        Self { left: work.iter().map(|&(left, _)| left).collect(), seconds, prices }
    }

    /// Seconds of what each wants while one makes `work` evaluations.
    fn beside(&self, work: u64) -> f64 {
        let less = self.left.partition_point(|&left| left <= work);
        self.seconds[less] + work as f64 * self.prices[less]
    }

    /// Seconds of all that is wanted.
    fn all(&self) -> f64 {
        self.seconds[self.left.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pool::PoolConfig;
    use std::time::Duration;

    /// Two workers with batches of up to eight rows, whose steps take 10 ms and 1 ms a row more.
    fn meeting(others: &[Demand]) -> (Pool<()>, Pace) {
        let (batch_rows, least_rows) = (vec![8], vec![8]);
        let config = PoolConfig { workers: 2, batch_rows, least_rows, slots: 64, window: u32::MAX, wide: vec![false] };
        let mut pool = Pool::new(config);
        others.iter().for_each(|&demand| _ = pool.admit(demand));
        let mut pace = Pace::default();
        for rows in [1, 2, 4, 8] {
            pace.record(rows, Duration::from_millis(10 + rows as u64));
        }
        (pool, pace)
    }

    fn demand(chains: u32, evaluations: u32) -> Demand {
        Demand { priority: Priority::Interactive, model: 0, chains, evaluations }
    }

    fn bulk(chains: u32, evaluations: u32) -> Demand {
        Demand { priority: Priority::Bulk, ..demand(chains, evaluations) }
    }

    fn seconds(others: &[Demand], newcomer: Demand) -> f64 {
        let (pool, pace) = meeting(others);
        Outlook::new(&pool, &[pace], 2, newcomer).seconds().unwrap()
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
        // Fifteen rows of sixteen, so ten times fifteen are ten waves.
        assert_close(seconds(&[bulk(1000, 1000)], demand(150, 100)), 1000.0 * 0.018);
        // What little bulk wants costs one more wave at the most.
        assert_close(seconds(&[bulk(16, 10)], demand(160, 100)), 1100.0 * 0.018);
    }

    #[test]
    fn a_bulk_request_waits_for_interactive_work_while_that_leaves_it_its_share() {
        let alone = seconds(&[], bulk(160, 100));
        assert_close(seconds(&[demand(16, 100)], bulk(160, 100)), alone + 100.0 * 0.018);
        assert_close(seconds(&[demand(1000, 1000), demand(1000, 1000)], bulk(160, 100)), alone * 16.0);
        assert_close(seconds(&[bulk(1000, 1000)], bulk(160, 100)), alone * 2.0);
    }

    #[test]
    fn the_backlog_is_all_work_of_both_priorities_in_the_steps_that_it_takes() {
        let of = |others: &[Demand]| {
            let (pool, pace) = meeting(others);
            backlog(&pool, &[pace], 2)
        };
        assert_eq!(of(&[]), 0.0);
        assert_close(of(&[demand(1, 100)]), 100.0 * 0.011);
        assert_close(of(&[demand(160, 100), bulk(160, 100)]), 2000.0 * 0.018);
    }

    #[test]
    fn batches_that_were_never_measured_foretell_nothing() {
        let pool = Pool::<()>::new(PoolConfig {
            workers: 1,
            batch_rows: vec![8],
            least_rows: vec![8],
            slots: 8,
            window: u32::MAX,
            wide: vec![false],
        });
        let mut pace = Pace::default();
        pace.record(1, Duration::from_secs(1));
        assert_eq!(Outlook::new(&pool, &[pace], 1, demand(8, 10)).seconds(), None);
    }
}
