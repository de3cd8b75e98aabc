//! Denoising score matching at one noise level.

use super::{Objective, ScoreFunction, half_square, level};
use crate::train::batches::Draws;
use anyhow::Result;
use tch::Tensor;

/// E ½‖s(x + σz) + z/σ‖² with z ~ N(0, I) (Vincent 2011).
///
/// −z/σ = (x − x̃)/σ² is the score of N(x̃; x, σ² I) at x̃ = x + σz. Texts that write z for the whole noise σz, as Chan 2024
/// does, have the same loss as ½‖s(x + z) + z/σ²‖². It is the explicit loss ½‖s − ∇ log p_σ‖² and a constant that s does
/// not change; it is least where s is the score of p_σ, the data blurred by N(0, σ² I).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dsm {
    /// σ.
    pub sigma: f64,
}

impl Objective for Dsm {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let z = draws.normal_like(x);
        let estimate = score(&(x + &z * self.sigma), &level(self.sigma, x), label);
        Ok(half_square(&(estimate + z / self.sigma)))
    }
}
