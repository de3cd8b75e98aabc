//! Options and values that several commands take.

use clap::Args;
use std::thread::available_parallelism;

/// The option of threads.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Threads {
    /// Threads; by default all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    /// How many: those asked for, or one for each core.
    pub(super) fn count(self) -> usize {
        let cores = || available_parallelism().map_or(1, Into::into);
        self.threads.map_or_else(cores, Into::into)
    }

    /// Gives libtorch those asked for; without them it has its own number.
    pub(super) fn limit(self) {
        if let Some(threads) = self.threads {
            tch::set_num_threads(threads.into());
        }
    }
}

/// The longest time that is taken for one, in minutes: a year.
const YEAR: f64 = 366.0 * 24.0 * 60.0;

/// Minutes: above zero, a year at most.
pub(super) fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|&minutes: &f64| minutes > 0.0 && minutes <= YEAR);
    minutes.ok_or_else(|| format!("a number above zero is wanted, of {YEAR} minutes (a year) at most"))
}

/// A finite number above zero.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|&value: &f64| value > 0.0 && value.is_finite());
    value.ok_or_else(|| "a finite number above zero is wanted".to_owned())
}

/// A number from 0 to below 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "a number from 0 to below 1 is wanted".to_owned())
}
