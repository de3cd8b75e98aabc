//! Which session a lone chain has: that of one thread, or that of all.
//!
//! A row's bytes are the same on both, so the one that is faster is used. Which one that is was measured at the start, and may
//! change: the threads of a session wait for one another, so what else the machine does holds up all of them where it holds up one.

use super::station::Station;
use crate::score::{ReadyModel, Rows, ScoreError, Tuning};
use std::time::{Duration, Instant};

/// The session of all threads, beside a worker's own of one.
pub(super) struct Wide {
    station: Station,
    lone: Lone,
}

impl Wide {
    pub(super) fn open(model: &ReadyModel, threads: usize) -> Result<Self, ScoreError> {
        Ok(Self { station: Station::open(model.clone(), threads)?, lone: Lone::new(model.tuning()) })
    }

    /// Evaluates a lone chain's row here or on the worker's own session, `narrow`.
    pub(super) fn evaluate(&mut self, narrow: &mut Station, rows: Rows<'_>, score: &mut [f32]) -> Result<(), String> {
        let threads = self.lone.next();
        let station = match threads {
            Threads::One => narrow,
            Threads::All => &mut self.station,
        };
        let start = Instant::now();
        station.evaluate(rows, score)?;
        self.lone.record(threads, start.elapsed());
        Ok(())
    }
}

/// Of a lone chain's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threads {
    One,
    All,
}

/// How long a lone chain's steps take on either session, and which is used.
struct Lone {
    /// Seconds of a step, moving averages; by session.
    seconds: [Option<f64>; 2],
    chosen: Threads,
    /// The session of the last step.
    last: Option<Threads>,
    /// Steps since the other session was last looked at.
    steps: u32,
}

impl Threads {
    fn other(self) -> Self {
        match self {
            Self::One => Self::All,
            Self::All => Self::One,
        }
    }
}

impl Lone {
    /// What one more step says against all before.
    const WEIGHT: f64 = 0.2;
    /// After so many steps the other session is looked at,
    const STEPS: u32 = 256;
    /// for so many. The first of them counts for nothing: the caches hold what the other session needs.
    const LOOK: u32 = 2;
    /// What the other session must gain to be changed to: a change has its price.
    const GAIN: f64 = 1.05;

    /// As the start found it, if it measured.
    fn new(tuning: Option<&Tuning>) -> Self {
        let lone = |all: bool| {
            let steps = &tuning?.steps;
            steps
                .iter()
                .find(|step| (step.sessions, step.rows, step.threads > 1) == (1, 1, all))
                .map(|step| step.seconds)
        };
        let mut lone = Self { seconds: [lone(false), lone(true)], chosen: Threads::All, last: None, steps: 0 };
        lone.choose();
        lone
    }

    /// The session of the next step.
    fn next(&mut self) -> Threads {
        self.steps = (self.steps + 1) % (Self::STEPS + Self::LOOK);
        if self.steps < Self::STEPS { self.chosen } else { self.chosen.other() }
    }

    /// A step on the session of `threads` took `elapsed`.
    fn record(&mut self, threads: Threads, elapsed: Duration) {
        if self.last.replace(threads) != Some(threads) {
            return;
        }
        let (seconds, average) = (elapsed.as_secs_f64(), &mut self.seconds[threads as usize]);
        *average = Some(average.map_or(seconds, |before| before + Self::WEIGHT * (seconds - before)));
        self.choose();
    }

    fn choose(&mut self) {
        let of = |threads: Threads| self.seconds[threads as usize];
        if let (Some(chosen), Some(other)) = (of(self.chosen), of(self.chosen.other()))
            && other * Self::GAIN < chosen
        {
            self.chosen = self.chosen.other();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::MeasuredStep;

    /// Milliseconds of a step on one thread and on all: the parts of `steps` steps that either session made.
    fn shares(lone: &mut Lone, milliseconds: [u64; 2], steps: u32) -> [f64; 2] {
        let mut made = [0_u32; 2];
        for _ in 0..steps {
            let threads = lone.next();
            made[threads as usize] += 1;
            lone.record(threads, Duration::from_millis(milliseconds[threads as usize]));
        }
        made.map(|made| f64::from(made) / f64::from(steps))
    }

    fn measured(milliseconds: [f64; 2]) -> Tuning {
        let step = |sessions, threads, rows, milliseconds: f64| {
            let seconds = 1e-3 * milliseconds;
            MeasuredStep { sessions, threads, rows, seconds, rows_per_second: (sessions * rows) as f64 / seconds }
        };
        let [one, all] = milliseconds;
        let steps = vec![step(1, 1, 1, one), step(1, 2, 1, all), step(2, 1, 1, 1.5 * one), step(2, 1, 2, 1.8 * one)];
        Tuning { batch_rows: 2, least_rows: 1, lone_threads: 2, steps }
    }

    #[test]
    fn a_chain_has_the_session_that_was_faster_at_the_start() {
        assert_eq!(Lone::new(Some(&measured([10.0, 8.0]))).next(), Threads::All);
        assert_eq!(Lone::new(Some(&measured([8.0, 10.0]))).next(), Threads::One);
    }

    #[test]
    fn the_slower_one_is_looked_at_for_less_than_a_hundredth_of_the_steps() {
        for (milliseconds, faster) in [([10, 7], Threads::All), ([7, 10], Threads::One)] {
            let mut lone = Lone::new(Some(&measured(milliseconds.map(|ms| ms as f64))));
            assert!(shares(&mut lone, milliseconds, 10_000)[faster as usize] > 0.99);
        }
    }

    #[test]
    fn others_that_hold_up_one_of_the_threads_are_given_way_to_within_some_steps_and_only_while_they_do() {
        let mut lone = Lone::new(Some(&measured([10.0, 7.0])));
        shares(&mut lone, [10, 7], 1000);
        shares(&mut lone, [10, 18], 10);
        assert!(shares(&mut lone, [10, 18], 1000)[Threads::One as usize] > 0.99);
        shares(&mut lone, [10, 7], 10 * Lone::STEPS);
        assert!(shares(&mut lone, [10, 7], 1000)[Threads::All as usize] > 0.99);
    }

    #[test]
    fn what_was_never_measured_begins_on_all_threads_and_finds_out() {
        let mut lone = Lone::new(None);
        assert_eq!(lone.next(), Threads::All);
        shares(&mut lone, [7, 10], 2 * Lone::STEPS);
        assert!(shares(&mut lone, [7, 10], 1000)[Threads::One as usize] > 0.99);
    }

    #[test]
    fn sessions_that_are_as_fast_as_each_other_are_not_changed_for_one_another() {
        let mut lone = Lone::new(Some(&measured([10.0, 10.0])));
        let first = lone.next();
        for step in 0..5000_u32 {
            let threads = lone.next();
            lone.record(threads, Duration::from_micros(if step % 2 == 0 { 9_900 } else { 10_100 }));
        }
        assert_eq!(lone.chosen, first);
    }
}
