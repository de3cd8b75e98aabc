//! Sliced score matching.

use super::jacobian::{along, dot};
use super::{Objective, ScoreFunction, half_square, level};
use crate::train::batches::Draws;
use anyhow::Result;
use tch::{Kind, Tensor};

/// E [vᵀ ∇s(x̃) v + ½(vᵀ s(x̃))²] with x̃ = x + σz, z ~ N(0, I), and independent signs for v, one v a row (Song et al. 2019,
/// on p_σ).
///
/// E vvᵀ = I makes it the implicit loss. Its form of reduced variance, with ½‖s‖² in place of ½(vᵀs)², is [`Ism`](super::Ism)
/// with [`Trace::Hutchinson`](super::Trace::Hutchinson).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ssm {
    /// σ.
    pub sigma: f64,
}

impl Objective for Ssm {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let x = (x + draws.normal_like(x) * self.sigma).set_requires_grad(true);
        let estimate = score(&x, &level(self.sigma, &x), label);
        let v = draws.signs_like(&x);
        Ok(along(&estimate, &x, &v).mean(Kind::Float) + half_square(&dot(&estimate, &v)))
    }
}
