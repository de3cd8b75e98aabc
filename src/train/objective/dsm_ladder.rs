//! Denoising score matching over a ladder of noise levels.

use super::{Objective, ScoreFunction, half_square};
use crate::sampler::schedule::{close_levels, geometric};
use crate::train::batches::Draws;
use anyhow::Result;
use tch::Tensor;

/// 1/L Σᵢ λ(σᵢ) E ½‖s(x + σᵢz, σᵢ) + z/σᵢ‖² with λ(σ) = σ², which is E ½‖σ s(x + σz, σ) + z‖² with one σ of the ladder a row
/// (Song & Ermon 2019, equations 5 and 6).
#[derive(Clone, Debug, PartialEq)]
pub struct DsmLadder {
    /// σ₁ > … > σ_L.
    pub ladder: Vec<f32>,
}

/// The largest ratio of neighbouring levels.
const RATIO: f64 = 1.3;

impl DsmLadder {
    /// The ladder of `levels` levels in geometric progression from `sigma_max` to `sigma_min`: the one that
    /// `annealed_langevin` goes down.
    #[must_use]
    pub fn new(sigma_max: f64, sigma_min: f64, levels: u32) -> Self {
        Self { ladder: geometric(sigma_max, sigma_min, levels).into_iter().map(|sigma| sigma as f32).collect() }
    }

    /// How many levels a ladder from `sigma_max` to `sigma_min` is to have in `dim` dimensions: as technique 2 of Song &
    /// Ermon 2020 asks for, and none more than 1.3 times the next.
    #[must_use]
    pub fn levels(sigma_max: f64, sigma_min: f64, dim: usize) -> u32 {
        close_levels(sigma_max, sigma_min, dim, RATIO)
    }
}

impl Objective for DsmLadder {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let ladder = Tensor::from_slice(&self.ladder).to_device(x.device());
        let sigma = ladder.index_select(0, &draws.stratified_choice(self.ladder.len()));
        let rows: Vec<i64> = std::iter::once(-1).chain(x.size()[1..].iter().map(|_| 1)).collect();
        let level = sigma.reshape(rows);
        let z = draws.normal_like(x);
        let estimate = score(&(x + &level * &z), &sigma, label);
        Ok(half_square(&(estimate * level + z)))
    }
}
