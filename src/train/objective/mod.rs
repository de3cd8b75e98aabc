//! Objectives: what is minimised, one file each.
//!
//! All but those over a [`Continuum`] are means over rows of sums over a row's elements, with the ½ of their papers: their values are
//! those of the equations, and their differences the constants of the theorems.

mod continuum;
mod distil;
mod dsm;
mod dsm_continuous;
mod dsm_ladder;
mod esm;
mod ism;
mod jacobian;
mod kernel_density;
mod spec;
mod ssm;

pub use continuum::Continuum;
pub use distil::Distil;
pub use dsm::Dsm;
pub use dsm_continuous::DsmContinuous;
pub use dsm_ladder::DsmLadder;
pub use esm::Esm;
pub use ism::{Ism, Trace};
pub use kernel_density::KernelDensity;
pub use spec::ObjectiveSpec;
pub use ssm::Ssm;

use super::batches::Draws;
use anyhow::Result;
use tch::{Kind, Tensor};

/// A score function as objectives see it: x [batch, …], sigma `[batch]`, label `[batch]` to the score, of the shape of x.
pub type ScoreFunction<'a> = dyn FnMut(&Tensor, &Tensor, &Tensor) -> Tensor + 'a;

/// Something whose minimum over functions is the score.
pub trait Objective {
    /// The loss of `score` on clean rows x [batch, …] with their classes label `[batch]`: a scalar that can be
    /// differentiated. `draws` has the step's random numbers.
    ///
    /// # Errors
    /// Where something else that it needs, as a teacher, fails.
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Result<Tensor>;
}

/// ½‖v‖² of every row of v [batch, …], as a mean over rows.
fn half_square(v: &Tensor) -> Tensor {
    v.square().sum(Kind::Float) / (2 * v.size()[0])
}

/// The one noise level `sigma` for every row of x [batch, …]: `[batch]`.
fn level(sigma: f64, x: &Tensor) -> Tensor {
    Tensor::full([x.size()[0]], sigma, (Kind::Float, x.device()))
}
