//! Random choices that are the same in every run.

use smld::sampler::{Noise, Purpose};

/// A row of uniform numbers.
pub(crate) struct Draws {
    noise: Noise,
    step: u32,
}

impl Draws {
    /// The row of number `seed`.
    pub(crate) fn new(seed: u32) -> Self {
        Self { noise: Noise::new(0, seed, Purpose::Sampling), step: 0 }
    }

    /// The next number, in [0, 1).
    pub(crate) fn next(&mut self) -> f64 {
        let mut number = [0.0];
        self.noise.uniform(self.step, &mut number);
        self.step += 1;
        f64::from(number[0])
    }

    /// A whole number from `low` to `high`, both among them.
    pub(crate) fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.next() * f64::from(high - low + 1)) as u32
    }
}
