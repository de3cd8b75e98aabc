//! Distillation: a score network learns from another.

use super::continuum::Noised;
use super::{Continuum, Objective, ScoreFunction};
use crate::train::batches::Draws;
use crate::train::teacher::Teacher;
use anyhow::Result;
use tch::{Kind, Tensor};

/// E λ(σ) ‖s(x + σz, σ) − t(x + σz, σ)‖² for a teacher's score t, with σ and λ of [`Continuum`], as a mean over elements.
///
/// The minimum over s is that of denoising score matching if t is the score: t(x̃, σ) = E[−z/σ | x̃]. But the target of a row has no
/// noise of its own, and so the gradients of a step have little (a conditional expectation in place of a sample, as Rao and Blackwell
/// have it; for classifiers: Hinton, Vinyals & Dean 2015).
pub struct Distil {
    /// The noise levels.
    pub continuum: Continuum,
    /// t.
    pub teacher: Teacher,
}

impl Objective for Distil {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let Noised { sigma, x, weight, .. } = self.continuum.noised(x, draws);
        let target = self.teacher.score(&x, &sigma, label)?;
        Ok(((score(&x, &sigma, label) - target) * weight).square().mean(Kind::Float))
    }
}
