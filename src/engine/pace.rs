//! How long steps take, as measured.

use crate::score::Tuning;
use std::time::Duration;

/// How long a row takes, by the size of the batch it is in: a large batch's rows are cheaper, so a rate measured on single
/// rows would foretell a thousand's wait wrongly.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// Place b is for batches of 2ᵇ⁻¹ + 1 to 2ᵇ rows.
    sizes: [Option<RowSeconds>; 16],
}

/// Seconds a row, of batches of about one size.
#[derive(Clone, Copy, Debug)]
struct RowSeconds {
    /// A moving average.
    now: f64,
    /// The most that it was of late.
    slowest: f64,
}

impl RowSeconds {
    /// Seconds of steps that the average is over: single steps say little.
    const AVERAGE: f64 = 1.0;
    /// Seconds of steps in which it is forgotten that the average was higher. Machines that are shared slow down for seconds; promises
    /// that were made in the fast moments between would all be broken together.
    const LATE: f64 = 30.0;
    /// How much slower than now it may have been: one step that stood still says nothing of those to come.
    const MOST: f64 = 1.5;

    fn new(seconds: f64) -> Self {
        Self { now: seconds, slowest: seconds }
    }

    /// A step of `elapsed` seconds had rows of `seconds`.
    fn record(&mut self, seconds: f64, elapsed: f64) {
        let weight = |span: f64| (elapsed / span).clamp(1e-4, 0.2);
        self.now += weight(Self::AVERAGE) * (seconds - self.now);
        self.slowest += weight(Self::LATE) * (self.now - self.slowest);
        self.slowest = self.slowest.clamp(self.now, Self::MOST * self.now);
    }
}

impl Pace {
    /// What was measured before the first request, so that its time is foretold too.
    pub(super) fn measured(tuning: &Tuning) -> Self {
        let mut pace = Self::default();
        // Of one size the last is the one with all workers at work.
        for step in &tuning.steps {
            pace.sizes[Self::place(step.rows)] = Some(RowSeconds::new(step.seconds / step.rows as f64));
        }
        pace
    }

    fn place(rows: usize) -> usize {
        (rows.next_power_of_two().trailing_zeros() as usize).min(15)
    }

    /// A step of `rows` rows took `elapsed`, from one to the next.
    pub(super) fn record(&mut self, rows: usize, elapsed: Duration) {
        let elapsed = elapsed.as_secs_f64();
        let seconds = elapsed / rows as f64;
        match &mut self.sizes[Self::place(rows)] {
            Some(size) => size.record(seconds, elapsed),
            none => *none = Some(RowSeconds::new(seconds)),
        }
    }

    /// Seconds that a row took in a batch of `rows` when such batches were slow of late; none before one was measured.
    pub(super) fn row(&self, rows: usize) -> Option<f64> {
        self.sizes[Self::place(rows)].map(|size| size.slowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::MeasuredStep;

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
        let pace = Pace::measured(&Tuning { batch_rows: 4, least_rows: 1, lone_threads: 2, steps });
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

    /// A second of steps of one row, each of so many milliseconds.
    fn second(pace: &mut Pace, milliseconds: u64) -> f64 {
        (0..1000 / milliseconds).for_each(|_| pace.record(1, Duration::from_millis(milliseconds)));
        1e3 * pace.row(1).unwrap()
    }

    #[test]
    fn what_is_foretold_of_a_machine_that_is_slow_now_and_then_is_that_it_will_be() {
        let mut pace = Pace::default();
        for _ in 0..10 {
            (0..2).for_each(|_| _ = second(&mut pace, 10));
            (0..3).for_each(|_| _ = second(&mut pace, 12));
            assert!(second(&mut pace, 10) > 11.5);
        }
        // It may be left alone again.
        assert!((0..120).map(|_| second(&mut pace, 10)).last().unwrap() < 10.1);
    }

    #[test]
    fn single_steps_say_little_and_one_that_stood_still_is_soon_forgotten() {
        let mut pace = Pace::default();
        second(&mut pace, 10);
        pace.record(1, Duration::from_millis(30));
        assert!(1e3 * pace.row(1).unwrap() < 11.0);
        pace.record(1, Duration::from_secs(5));
        assert!((0..8).map(|_| second(&mut pace, 10)).last().unwrap() < 16.0);
    }
}
