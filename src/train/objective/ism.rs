//! Implicit score matching.

use super::jacobian::{along, trace};
use super::{Objective, ScoreFunction, half_square, level};
use crate::train::batches::Draws;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// E [tr ∇s(x̃) + ½‖s(x̃)‖²] with x̃ = x + σz, z ~ N(0, I) (Hyvärinen 2005, theorem 1, on p_σ).
///
/// By parts it is the explicit loss E ½‖s − ∇ log p_σ‖² less E ½‖∇ log p_σ‖², without the score that is looked for. Where
/// σ is small against the data's own detail, p_σ is the data's density.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ism {
    /// σ.
    pub sigma: f64,
    /// How tr ∇s is had.
    pub trace: Trace,
}

/// How the trace of a Jacobian is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Trace {
    /// Element by element of its diagonal: as many backward passes as a row has elements.
    Exact,
    /// vᵀ ∇s v with independent signs for v, whose mean it is (Hutchinson 1989): one backward pass. With it the objective is
    /// the sliced one of reduced variance in Song et al. 2019.
    Hutchinson,
}

impl Objective for Ism {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let x = (x + draws.normal_like(x) * self.sigma).set_requires_grad(true);
        let estimate = score(&x, &level(self.sigma, &x), label);
        let trace = match self.trace {
            Trace::Exact => trace(&estimate, &x),
            Trace::Hutchinson => along(&estimate, &x, &draws.signs_like(&x)),
        };
        Ok(trace.mean(Kind::Float) + half_square(&estimate))
    }
}
