//! Denoising score matching over a continuum of noise levels.

use super::{Objective, ScoreFunction};
use crate::train::batches::Draws;
use tch::{Kind, Tensor};

/// E λ(σ) ½‖s(x + σz, σ) + z/σ‖² with ln σ ~ N(P_mean, P_std²), one σ a row (Vincent 2011; the weighting over noise levels of
/// Song & Ermon 2019; the distribution of σ and λ(σ) = σ² (σ² + s_d²)/s_d² of Karras et al. 2022), as a mean over elements.
///
/// With that λ, which is σ⁴/c_out², the loss is the mean square error of the network's own output F: of order one at every σ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DsmContinuous {
    /// P_mean.
    pub ln_sigma_mean: f64,
    /// P_std.
    pub ln_sigma_deviation: f64,
    /// The levels that are trained for; draws beyond them are moved to the nearer end.
    pub sigma_min: f64,
    /// See `sigma_min`.
    pub sigma_max: f64,
    /// s_d, the deviation of the data.
    pub deviation: f64,
}

impl Objective for DsmContinuous {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Tensor {
        let sigma = (draws.stratified_normal() * self.ln_sigma_deviation + self.ln_sigma_mean)
            .exp()
            .clamp(self.sigma_min, self.sigma_max);
        let rows: Vec<i64> = std::iter::once(-1).chain(x.size()[1..].iter().map(|_| 1)).collect();
        let level = sigma.reshape(&rows);
        let z = draws.normal_like(x);
        let estimate = score(&(x + &level * &z), &sigma, label);
        let variance = self.deviation * self.deviation;
        let weight = &level * (&level * &level + variance).sqrt() / self.deviation;
        ((estimate + z / level) * weight).square().mean(Kind::Float)
    }
}
