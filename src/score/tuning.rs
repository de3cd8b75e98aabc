//! How a model runs fastest here: measured before it is served.

use super::trial::{Layout, Measured, Trial};
use super::{ReadyModel, ScoreError};
use serde::Serialize;
use std::fmt;
use std::num::NonZero;
use std::time::{Duration, Instant};

/// What was measured of a model, and what was chosen by it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Tuning {
    /// The most rows of a step batch.
    pub batch_rows: usize,
    /// The fewest rows of a step batch that is small for the sake of requests with few chains.
    pub least_rows: usize,
    /// The most threads that a chain has while it runs alone; it has one while that is faster.
    pub lone_threads: usize,
    /// What was measured, in this order.
    pub steps: Vec<MeasuredStep>,
}

/// Steps that were measured on several sessions at once, as they run when there is work for all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct MeasuredStep {
    /// Sessions at work.
    pub sessions: usize,
    /// Threads of each.
    pub threads: usize,
    /// Rows of a step of each.
    pub rows: usize,
    /// Seconds of a step, in the shortest of several measurements.
    pub seconds: f64,
    /// Rows that all sessions together make in a second.
    pub rows_per_second: f64,
}

/// The sizes that are measured where none is pinned.
const SIZES: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Up to this size all are measured, past it only while they pay: a CPU's rate falls there, a device's may still rise.
const SURE: usize = 32;
/// Numbers that fill any device: larger batches than of so many are not tried past the sure sizes, nor is memory taken for them.
const FULL: usize = 1 << 20;
/// The rows of a step where time ran out too soon to choose by what was measured.
const UNMEASURED: usize = 8;
/// What twice the rows must gain: for the next size to be tried, and to be taken though whoever comes waits for steps that take twice as long.
const GAIN: f64 = 1.02;
/// How much longer many threads may take for a lone row than one, to be kept: which of the two is faster is found out again and again
/// while they serve, and may have been different for the moment at the start.
const DOUBT: f64 = 3.0;
/// What small steps may cost: the part of the best rate that they must reach. They are taken only where a request of few chains waits
/// beside one of many, and on one of two workers where it is one chain.
const BEARABLE: f64 = 0.5;
/// How often every layout is measured, in turn with the others, so that whatever else disturbs the machine disturbs all alike.
const ROUNDS: usize = 5;
/// Seconds that a step costs besides its run: the choice of its rows, the gathering, the telling.
const STEP: f64 = 20e-6;

impl MeasuredStep {
    /// Rows that all sessions together make in a second of serving.
    fn rate(&self) -> f64 {
        (self.sessions * self.rows) as f64 / (self.seconds + STEP)
    }
}

/// The numbers of threads with which a lone chain's session is tried on `workers` cores: twice as many each time, and all.
#[must_use]
pub fn lone_layouts(workers: usize) -> Vec<usize> {
    let doubled = std::iter::successors(Some(1), |threads| Some(2 * threads));
    doubled.take_while(|&threads| threads < workers).chain([workers]).collect()
}

/// Measures `model` on `workers` one-thread sessions at once, at several sizes of batches, and a lone row on one session of each number of
/// threads that it may have, more while that pays; chooses the size, if it is not `pinned`, and how many threads a lone chain may have.
/// Sessions that were opened are kept for the engine, but for those that it does not need.
///
/// Stops within `budget`, but for the first run of each session. Half of it is for measuring every size once, half for measuring
/// them again; where it ends the search while larger sizes still pay, the size is eight rows.
///
/// # Errors
/// Where a session cannot be opened or run.
pub fn tune(
    model: &ReadyModel,
    workers: usize,
    pinned: Option<NonZero<usize>>,
    budget: Duration,
) -> Result<ReadyModel, ScoreError> {
    let sizes: Vec<usize> = match pinned.map(NonZero::get) {
        None => {
            let dim = model.info().dim();
            SIZES.into_iter().filter(|&rows| rows <= SURE || rows * dim <= FULL).collect()
        }
        Some(most) => SIZES.into_iter().filter(|&rows| rows < most).chain([most]).collect(),
    };
    let start = Instant::now();
    let half = start + budget / 2;
    let mut trial = Trial::open(model, workers, sizes[sizes.len() - 1], budget)?;

    let mut lone: Vec<Measured> = Vec::new();
    for threads in trial.lone_layouts() {
        // Past the fastest, threads wait for one another.
        if lone.len() > 1 && lone[lone.len() - 1].seconds > lone[lone.len() - 2].seconds {
            break;
        }
        lone.push(trial.first(Layout { sessions: 1, threads, rows: 1 })?);
    }
    let mut full: Vec<Measured> = Vec::new();
    for &rows in &sizes {
        if let Some(last) = full.last() {
            // The first of a size is run twice.
            let foreseen = Duration::from_secs_f64(last.seconds * (2 * rows) as f64 / last.layout.rows as f64);
            let steps: Vec<MeasuredStep> = full.iter().map(Measured::step).collect();
            let pays = best(&steps[..steps.len() - 1]) * GAIN < best(&steps);
            if Instant::now() + foreseen > half {
                break;
            }
            // Of those that are pinned or sure `prepare` has compared the bytes.
            let sure = pinned.is_some() || rows <= SURE;
            if !sure && !(pays && (!model.reproducible() || trial.agrees(rows)?)) {
                break;
            }
        }
        full.push(trial.first(Layout { sessions: workers, threads: 1, rows })?);
    }
    for _ in 1..ROUNDS {
        for measured in lone.iter_mut().chain(&mut full) {
            trial.again(measured)?;
        }
    }

    let lone: Vec<MeasuredStep> = lone.iter().map(Measured::step).collect();
    let lone_threads = lone_threads(&lone);
    trial.keep(model, lone_threads);
    let full: Vec<MeasuredStep> = full.iter().map(Measured::step).collect();
    let batch_rows = pinned.map_or_else(|| choose(&full), NonZero::get);
    let least_rows = least(&full).min(batch_rows);
    let steps = [lone, full].concat();
    Ok(model.clone().tuned(Tuning { batch_rows, least_rows, lone_threads, steps }))
}

/// The threads that a lone chain may have, by steps of a lone row on one and on rising numbers of threads: those that were fastest, of more
/// than one.
fn lone_threads(measured: &[MeasuredStep]) -> usize {
    let Some((narrow, wide)) = measured.split_first() else { return 1 };
    let fastest = wide.iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds));
    fastest.filter(|step| step.seconds < narrow.seconds * DOUBT).map_or(1, |step| step.threads)
}

/// The fewest rows of a step, by steps of rising size: the smallest size whose rate is bearable.
fn least(measured: &[MeasuredStep]) -> usize {
    measured.iter().find(|step| step.rate() >= BEARABLE * best(measured)).map_or(1, |step| step.rows)
}

/// The rows of a step, by steps of rising size: the smallest size that no larger one beats by a [`GAIN`] for every doubling. Where time
/// ran out while larger ones still paid, too little was measured to choose by.
fn choose(measured: &[MeasuredStep]) -> usize {
    let worth = |step: &MeasuredStep| step.rate() / GAIN.powf((step.rows as f64).log2());
    let most = measured.iter().map(worth).fold(0.0, f64::max);
    match measured.iter().find(|step| worth(step) >= most) {
        Some(step) if measured.last().is_some_and(|last| last.rows >= UNMEASURED || step.rows < last.rows) => step.rows,
        Some(_) | None => UNMEASURED,
    }
}

/// The highest rate among `steps`.
fn best(steps: &[MeasuredStep]) -> f64 {
    steps.iter().map(|step| step.rate()).fold(0.0, f64::max)
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch_rows, least_rows, lone_threads, .. } = self;
        write!(
            f,
            "batches of {batch_rows} rows, small ones of {least_rows}, a lone chain on up to {lone_threads} threads; rows/s"
        )?;
        for (i, step) in self.steps.iter().enumerate() {
            let MeasuredStep { sessions, threads, rows, rows_per_second, .. } = step;
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma} {sessions}×{threads} of {rows}: {rows_per_second:.0}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen by steps of 1, 2, 4, … rows that take so many milliseconds.
    fn chosen(milliseconds: &[f64]) -> usize {
        choose(&measured(milliseconds))
    }

    fn measured(milliseconds: &[f64]) -> Vec<MeasuredStep> {
        let step = |(place, milliseconds): (usize, &f64)| {
            let (rows, seconds) = (1 << place, milliseconds * 1e-3);
            MeasuredStep { sessions: 1, threads: 1, rows, seconds, rows_per_second: rows as f64 / seconds }
        };
        milliseconds.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_lone_chain_has_as_many_threads_as_were_fastest() {
        assert_eq!([1, 2, 6, 16].map(lone_layouts), [vec![1], vec![1, 2], vec![1, 2, 4, 6], vec![1, 2, 4, 8, 16]]);
        let chosen = |milliseconds: &[f64]| {
            let steps = measured(milliseconds).into_iter().enumerate();
            lone_threads(&steps.map(|(place, step)| MeasuredStep { threads: 1 << place, ..step }).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[10.0, 6.0, 4.0, 5.0]), 4);
        // Which of the two is faster is found out while they serve.
        assert_eq!(chosen(&[10.0, 29.0]), 2);
        assert_eq!(chosen(&[10.0, 31.0]), 1);
        assert_eq!([chosen(&[10.0]), chosen(&[])], [1, 1]);
    }

    #[test]
    fn small_steps_are_as_small_as_makes_half_of_the_best_rate() {
        assert_eq!(least(&measured(&[10.0, 14.0, 26.0, 48.0])), 1);
        assert_eq!(least(&measured(&[10.0, 11.0, 15.0, 25.0])), 2);
        assert_eq!(least(&measured(&[10.0, 10.0, 10.0, 10.0])), 4);
        assert_eq!(least(&measured(&[10.0])), 1);
    }

    #[test]
    fn the_smallest_size_is_chosen_that_no_larger_one_beats_by_two_per_cent_for_each_doubling() {
        assert_eq!(chosen(&[10.0, 11.0, 12.0, 14.0, 28.0]), 8);
        assert_eq!(chosen(&[10.0, 15.0, 29.7, 59.2]), 2);
        // From four rows on each doubling gains one per cent, or three.
        assert_eq!(chosen(&[10.0, 15.0, 25.0, 49.5, 98.0, 194.0]), 4);
        assert_eq!(chosen(&[10.0, 15.0, 25.0, 48.5, 94.1, 182.5]), 32);
        assert_eq!(chosen(&[10.0, 20.0, 40.0, 80.0]), 1);
    }

    #[test]
    fn where_time_ran_out_what_was_measured_decides_unless_larger_sizes_still_paid() {
        assert_eq!(chosen(&[50.0, 100.0]), 1);
        assert_eq!(chosen(&[50.0, 80.0, 160.0]), 2);
        assert_eq!(chosen(&[50.0, 60.0]), 8);
        assert_eq!(chosen(&[50.0]), 8);
    }
}
