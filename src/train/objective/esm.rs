//! Explicit score matching against the kernel density of the data.

use super::{KernelDensity, Objective, ScoreFunction, half_square, level};
use crate::train::batches::Draws;
use anyhow::Result;
use tch::Tensor;

/// E ½‖s(x̃) − ∇ log q_h(x̃)‖² with x̃ drawn from q_h, the Gaussian kernel density of the whole data set with bandwidth h
/// (explicit score matching of Hyvärinen 2005 with Parzen's density for the unknown one, as Vincent 2011 puts it).
///
/// x̃ = x + hz with x a row of the data and z ~ N(0, I) is such a draw, and h stands where the other objectives have σ. Rows
/// with a class are drawn from, and compared with, the kernel density of their class.
#[derive(Debug)]
pub struct Esm {
    /// q_h.
    pub density: KernelDensity,
}

impl Objective for Esm {
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor> {
        let bandwidth = self.density.bandwidth;
        let x = x + draws.normal_like(x) * bandwidth;
        let exact = self.density.score(&x, label);
        Ok(half_square(&(score(&x, &level(bandwidth, &x), label) - exact)))
    }
}
