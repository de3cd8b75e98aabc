//! Denoising score matching over a continuum of noise levels.

use super::continuum::Noised;
use super::{Continuum, Objective, ScoreFunction};
use crate::train::batches::Draws;
use anyhow::Result;
use tch::{Kind, Tensor};

/// E λ(σ) ‖s(x + σz, σ) + z/σ‖² (Vincent 2011; the weighting over noise levels of Song & Ermon 2019), with σ and λ of
/// [`Continuum`], as a mean over elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DsmContinuous(pub Continuum);

impl Objective for DsmContinuous {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let Noised { sigma, level, z, x, weight } = self.0.noised(x, draws);
        Ok(((score(&x, &sigma, label) + z / level) * weight).square().mean(Kind::Float))
    }
}
