//! A continuum of noise levels, and what each counts for.

use crate::train::batches::Draws;
use tch::Tensor;

/// ln σ ~ N(P_mean, P_std²), one σ a row, and λ(σ) = σ² (σ² + s_d²)/s_d² (Karras et al. 2022).
///
/// With that λ, which is σ⁴/c_out², the mean square error of a score is that of the network's own output F: of order one at
/// every σ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Continuum {
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

/// The noise levels of a batch, and its rows with that noise.
pub(super) struct Noised {
    /// σ, `[batch]`.
    pub(super) sigma: Tensor,
    /// σ, of as many axes as a row and its batch.
    pub(super) level: Tensor,
    /// z ~ N(0, I), of the shape of x.
    pub(super) z: Tensor,
    /// x + σz.
    pub(super) x: Tensor,
    /// √λ(σ), of the shape of `level`.
    pub(super) weight: Tensor,
}

impl Continuum {
    /// The rows x [batch, …] with the noise of `draws`.
    pub(super) fn noised(&self, x: &Tensor, draws: &Draws) -> Noised {
        let sigma = (draws.stratified_normal() * self.ln_sigma_deviation + self.ln_sigma_mean)
            .exp()
            .clamp(self.sigma_min, self.sigma_max);
        let rows: Vec<i64> = std::iter::once(-1).chain(x.size()[1..].iter().map(|_| 1)).collect();
        let level = sigma.reshape(&rows);
        let z = draws.normal_like(x);
        let variance = self.deviation * self.deviation;
        let weight = &level * (&level * &level + variance).sqrt() / self.deviation;
        Noised { x: x + &level * &z, weight, sigma, level, z }
    }
}
