//! Which session a lone chain has: that of one thread, or that of many.
//!
//! A row's bytes are the same on both, so the one that is faster is used. Which one that is was measured at the start, and may
//! change: the threads of a session wait for one another, so what else the machine does holds up all of them where it holds up one.

use super::station::Station;
use crate::score::{ReadyModel, Rows, ScoreError, Tuning};
use std::time::{Duration, Instant};

/// The session of many threads, beside a worker's own of one.
pub(super) struct Wide {
    station: Station,
    lone: Lone,
}

impl Wide {
    pub(super) fn open(model: &ReadyModel, threads: usize) -> Result<Self, ScoreError> {
        Ok(Self { station: Station::open(model.clone(), threads)?, lone: Lone::new(model.tuning(), threads) })
    }

    /// Evaluates a lone chain's row here or on the worker's own session, `narrow`.
    pub(super) fn evaluate(&mut self, narrow: &mut Station, rows: Rows<'_>, score: &mut [f32]) -> Result<(), String> {
        let threads = self.lone.next();
        let station = match threads {
            Threads::One => narrow,
            Threads::Many => &mut self.station,
        };
        let start = Instant::now();
        let result = station.evaluate(rows, score);
        match &result {
            Ok(()) => self.lone.record(threads, start.elapsed()),
            Err(_) => self.lone.failed(threads),
        }
        result
    }
}

/// Of a lone chain's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threads {
    One,
    Many,
}

/// Which session is used, and how much faster the other one would be.
struct Lone {
    chosen: Threads,
    /// ln(t/t'), where a step takes t on the chosen one and t' on the other: what was measured at the start, and then a moving average
    /// over looks.
    gain: f64,
    /// Seconds of a step on the chosen one, a moving average; none before a step.
    recent: Option<f64>,
    /// Seconds of the steps of this look that count, and how many.
    looked: (f64, u32),
    /// Steps since the last look began.
    steps: u32,
    /// The session of the last step.
    last: Option<Threads>,
}

impl Threads {
    fn other(self) -> Self {
        match self {
            Self::One => Self::Many,
            Self::Many => Self::One,
        }
    }
}

impl Lone {
    /// After so many steps the other session is looked at where it may be as fast.
    const STEPS: u32 = 128;
    /// After so many times as many it is looked at where it is far slower.
    const FAR: u32 = 4;
    /// The steps of a look, which costs what they take longer.
    const LOOK: u32 = 3;
    /// What one more step says of how long they take now against those before.
    const STEP_WEIGHT: f64 = 0.2;
    /// What one more look says against those before: single steps differ by a tenth, so one look decides nothing unless it says much.
    const LOOK_WEIGHT: f64 = 0.3;
    /// What a session is taken to gain that has failed: it is looked at as rarely as one that is far slower.
    const FAILED: f64 = -1.0;
    /// What the other session must gain to be changed to.
    const GAIN: f64 = 0.03;

    /// As the start found it for a session of `threads` threads, if it measured.
    fn new(tuning: Option<&Tuning>, threads: usize) -> Self {
        let seconds = |threads: usize| {
            let mut steps = tuning.into_iter().flat_map(|tuning| &tuning.steps);
            let lone = steps.find(|step| (step.sessions, step.threads, step.rows) == (1, threads, 1));
            lone.map_or(1.0, |step| step.seconds)
        };
        let gain = (seconds(1) / seconds(threads)).ln();
        let chosen = if gain >= 0.0 { Threads::Many } else { Threads::One };
        Self { chosen, gain: -gain.abs(), recent: None, looked: (0.0, 0), steps: 0, last: None }
    }

    /// The session of the next step.
    fn next(&mut self) -> Threads {
        self.steps += 1;
        if self.steps > self.interval() { self.chosen.other() } else { self.chosen }
    }

    /// Steps from one look to the next: the slower the other session is, the more a look costs, and the less it is likely to say.
    fn interval(&self) -> u32 {
        Self::STEPS * (1 + (-10.0 * self.gain) as u32).min(Self::FAR)
    }

    /// A step on the session of `threads` took `elapsed`.
    fn record(&mut self, threads: Threads, elapsed: Duration) {
        // Whatever the clock says, it took some time.
        let seconds = elapsed.as_secs_f64().max(1e-9);
        // The first step of a session finds the caches full of what the other one needs.
        if self.last.replace(threads) == Some(threads) {
            if threads == self.chosen {
                self.recent =
                    Some(self.recent.map_or(seconds, |before| before + Self::STEP_WEIGHT * (seconds - before)));
            } else {
                self.looked = (self.looked.0 + seconds, self.looked.1 + 1);
            }
        }
        if self.steps >= self.interval() + Self::LOOK {
            self.decide();
        }
    }

    /// A step on the session of `threads` failed: the other one is used, until looks have said that this one is faster again.
    fn failed(&mut self, threads: Threads) {
        *self = Self { chosen: threads.other(), gain: Self::FAILED, ..Self::new(None, 1) };
    }

    /// Holds the other session's steps of this look against those just before. What the machine does changes faster than looks come, so
    /// they are compared with nothing older.
    fn decide(&mut self) {
        self.steps = 0;
        let (seconds, count) = std::mem::take(&mut self.looked);
        let Some(recent) = self.recent.filter(|_| count > 0) else { return };
        let gain = (recent * f64::from(count) / seconds).ln();
        self.gain += Self::LOOK_WEIGHT * (gain - self.gain);
        if self.gain > Self::GAIN {
            (self.chosen, self.gain, self.recent) = (self.chosen.other(), -self.gain, None);
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
        assert_eq!(Lone::new(Some(&measured([10.0, 8.0])), 2).next(), Threads::Many);
        assert_eq!(Lone::new(Some(&measured([8.0, 10.0])), 2).next(), Threads::One);
    }

    #[test]
    fn the_slower_one_is_looked_at_for_one_step_in_forty_and_the_far_slower_one_for_one_in_a_hundred_and_seventy() {
        for (milliseconds, faster, share) in [
            ([20, 19], Threads::Many, 0.975),
            ([19, 20], Threads::One, 0.975),
            ([10, 7], Threads::Many, 0.994),
            ([7, 10], Threads::One, 0.994),
        ] {
            let mut lone = Lone::new(Some(&measured(milliseconds.map(|ms| ms as f64))), 2);
            let made = shares(&mut lone, milliseconds, 10_000)[faster as usize];
            assert!(made > share && made < 1.0, "{milliseconds:?}: {made}");
        }
    }

    #[test]
    fn others_that_hold_up_one_of_the_threads_are_given_way_to_within_some_looks_and_only_while_they_do() {
        let mut lone = Lone::new(Some(&measured([10.0, 7.0])), 2);
        let looks = |count: u32| count * (Lone::STEPS + Lone::LOOK);
        shares(&mut lone, [10, 7], looks(8));
        // The first of them is late, for there was little to look for.
        shares(&mut lone, [10, 18], looks(2 + Lone::FAR));
        assert!(shares(&mut lone, [10, 18], looks(8))[Threads::One as usize] > 0.97);
        shares(&mut lone, [10, 7], looks(4 + Lone::FAR));
        assert!(shares(&mut lone, [10, 7], looks(8))[Threads::Many as usize] > 0.97);
    }

    #[test]
    fn a_session_that_fails_is_left_at_once_and_looked_at_again_until_it_has_been_faster_for_some_looks() {
        let mut lone = Lone::new(Some(&measured([10.0, 7.0])), 2);
        assert_eq!(lone.next(), Threads::Many);
        lone.failed(Threads::Many);
        let far = Lone::STEPS * Lone::FAR;
        assert_eq!(shares(&mut lone, [10, 7], far), [1.0, 0.0]);
        // The look at it fails: the next comes as late.
        assert_eq!(lone.next(), Threads::Many);
        lone.failed(Threads::Many);
        assert_eq!(shares(&mut lone, [10, 7], far), [1.0, 0.0]);
        shares(&mut lone, [10, 7], 8 * (far + Lone::LOOK));
        assert!(shares(&mut lone, [10, 7], 1000)[Threads::Many as usize] > 0.97);
    }

    #[test]
    fn what_slows_both_changes_nothing() {
        let mut lone = Lone::new(Some(&measured([10.0, 8.0])), 2);
        let made = (0..100)
            .map(|second| shares(&mut lone, [[10, 8], [20, 16], [13, 10]][second % 3], 40)[Threads::Many as usize]);
        assert!(made.sum::<f64>() > 97.0);
    }

    #[test]
    fn what_was_never_measured_begins_on_all_threads_and_finds_out() {
        let mut lone = Lone::new(None, 2);
        assert_eq!(lone.next(), Threads::Many);
        shares(&mut lone, [7, 10], 5 * Lone::STEPS);
        assert!(shares(&mut lone, [7, 10], 1000)[Threads::One as usize] > 0.97);
    }

    #[test]
    fn sessions_that_are_as_fast_as_each_other_are_not_changed_for_one_another() {
        let mut lone = Lone::new(Some(&measured([10.0, 10.0])), 2);
        for step in 0..50_000_u32 {
            let threads = lone.next();
            lone.record(threads, Duration::from_micros(9_800 + 100 * u64::from(step % 5)));
        }
        assert_eq!(lone.chosen, Threads::Many);
    }
}
