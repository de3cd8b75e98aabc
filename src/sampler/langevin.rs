//! Langevin dynamics at one noise level.

use super::{Init, Noise, ascent_step, langevin_step};
use serde::Serialize;

/// x ← x + τ s(x, σ) + √(2τ) z for `steps` steps: the unadjusted Langevin algorithm on p_σ.
///
/// On N(0, v) it is stable for τ < 2v only, and its stationary variance is v/(1 − τ/(2v)).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Langevin {
    pub(super) sigma: f64,
    pub(super) tau: f64,
    pub(super) steps: u32,
    pub(super) noise: bool,
    pub(super) denoise: bool,
    pub(super) init: Init,
}

impl Langevin {
    pub(super) fn evaluations(&self) -> u32 {
        self.steps + u32::from(self.denoise)
    }

    pub(super) fn sigma(&self) -> f32 {
        self.sigma as f32
    }

    pub(super) fn tau(&self, k: u32) -> f64 {
        if k == self.steps { self.sigma * self.sigma } else { self.tau }
    }

    pub(super) fn advance(&self, k: u32, noise: &Noise, x: &mut [f32], score: &[f32]) {
        if k < self.steps && self.noise {
            langevin_step(k, self.tau, noise, x, score);
        } else {
            ascent_step(self.tau(k), x, score);
        }
    }
}
