//! Objectives: what is minimised, one file each.

mod dsm_continuous;

pub use dsm_continuous::DsmContinuous;

use super::batches::Draws;
use tch::Tensor;

/// A score function as objectives see it: x [batch, …], sigma `[batch]`, label `[batch]` to the score, of the shape of x.
pub type ScoreFunction<'a> = dyn FnMut(&Tensor, &Tensor, &Tensor) -> Tensor + 'a;

/// Something whose minimum over functions is the score.
pub trait Objective {
    /// The name in `--objective` and in a model's `smld.training`.
    fn name(&self) -> &'static str;

    /// The loss of `score` on clean rows x [batch, …] with their classes label `[batch]`: a scalar that can be
    /// differentiated. `draws` has the step's random numbers.
    fn loss(&self, score: &mut ScoreFunction<'_>, x: &Tensor, label: &Tensor, draws: &Draws) -> Tensor;
}
