//! Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1; 2020, algorithm 1 with the denoising step).

use super::{Init, Noise, ascent_step, langevin_step, schedule};
use serde::Serialize;

/// Down a geometric ladder σ₁ > … > σ_L: `steps_per_level` Langevin steps at each σᵢ with τᵢ = ε (σᵢ/σ_L)², then, if
/// `denoise`, x + σ_L² s(x, σ_L).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnnealedLangevin {
    pub(super) sigma_max: f64,
    pub(super) sigma_min: f64,
    pub(super) levels: u32,
    pub(super) steps_per_level: u32,
    pub(super) epsilon: f64,
    pub(super) denoise: bool,
    pub(super) init: Init,
    /// σ₁ … σ_L, which the numbers above decide.
    #[serde(skip)]
    pub(super) ladder: Vec<f64>,
}

/// Above this, what is left of a level's variance is noise that one can see.
const COARSE: f64 = 1.2;

impl AnnealedLangevin {
    pub(super) fn evaluations(&self) -> u32 {
        self.levels * self.steps_per_level + u32::from(self.denoise)
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.level(k) as f32
    }

    /// σ of evaluation `k`; the denoising step belongs to the last level.
    fn level(&self, k: u32) -> f64 {
        self.ladder[((k / self.steps_per_level).min(self.levels - 1)) as usize]
    }

    pub(super) fn tau(&self, k: u32) -> f64 {
        if k == self.levels * self.steps_per_level {
            return self.sigma_min * self.sigma_min;
        }
        let ratio = self.level(k) / self.sigma_min;
        self.epsilon * ratio * ratio
    }

    pub(super) fn advance(&self, k: u32, noise: &Noise, x: &mut [f32], score: &[f32]) {
        if k == self.levels * self.steps_per_level {
            ascent_step(self.tau(k), x, score);
        } else {
            langevin_step(k, self.tau(k), noise, x, score);
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let a = self.epsilon / (self.sigma_min * self.sigma_min);
        let gamma = if self.levels > 1 { self.ladder[0] / self.ladder[1] } else { 1.0 };
        let ratio = schedule::variance_ratio(a, gamma, self.steps_per_level);
        if ratio <= COARSE {
            return Vec::new();
        }
        if ratio.is_infinite() {
            let most = 2.0 * self.sigma_min * self.sigma_min;
            return vec![format!(
                "the steps overshoot: from epsilon = 2 sigma_min² = {most:.3e} on (now {:.3e}), chains on narrow densities \
                 leave the finite range. Use a smaller epsilon, or leave it out.",
                self.epsilon
            )];
        }
        vec![format!(
            "the ladder is too coarse for its steps: each level ends with {ratio:.2} times the variance it should have, \
             and the images keep noise. Use more levels (now {}), more steps_per_level (now {}) or, below {:.3e}, a larger \
             epsilon (now {:.3e}).",
            self.levels,
            self.steps_per_level,
            0.5 * self.sigma_min * self.sigma_min,
            self.epsilon,
        )]
    }
}
