//! How long steps take, as measured.

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

    /// A step of `rows` rows took `elapsed`, from one to the next.
    pub(super) fn record(&mut self, rows: usize, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64() / rows as f64;
        let place = &mut self.seconds[Self::place(rows)];
        *place = Some(place.map_or(seconds, |before| before + Self::WEIGHT * (seconds - before)));
    }

    /// Seconds a row takes in a batch of `rows`; none before such a batch was measured.
    pub(super) fn row(&self, rows: usize) -> Option<f64> {
        self.seconds[Self::place(rows)]
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
}
