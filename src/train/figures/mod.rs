//! The figures of the subject: one file each, with its options, what it shows, and the numbers beside it.
//!
//! All are drawn from what the server and the trainer use: the samplers, the exact densities, the objectives. Every random
//! number is one of [`Noise`](crate::sampler::Noise): a figure is the same every time.

mod annealing;
mod chain;
mod chains;
mod dimension;
mod field;
mod kernel;
mod learnt;
mod loss;
mod network;
mod paths;
mod plane;
mod quality;
mod step_size;
mod table;
mod theorem;
mod times;

pub use annealing::Annealing;
pub use chain::Chain;
pub use dimension::Dimension;
pub use field::Field;
pub use kernel::Kernel;
pub use learnt::Learnt;
pub use loss::Loss;
pub use paths::Paths;
pub use quality::Quality;
pub use step_size::StepSize;
pub use theorem::Theorem;
pub use times::Times;

use crate::plot::Figure;
use table::Table;

/// A figure, and what it shows in numbers.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The figure.
    pub figure: Figure,
    /// Lines of text.
    pub numbers: String,
}

/// How many of what a figure shows: there is none of nothing.
fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|&count: &usize| count > 0);
    count.ok_or_else(|| "a whole number of at least 1 is wanted".to_owned())
}

/// Σ‖ŝ − s‖²/Σ‖s‖² over the rows of x [count, `dim`]: the square of a score's error relative to that of the score.
fn relative_error(
    x: &[f64],
    dim: usize,
    mut exact: impl FnMut(&[f64], &mut [f64]),
    mut estimate: impl FnMut(&[f64], &mut [f64]),
) -> f64 {
    let (mut truth, mut guess) = (vec![0.0; dim], vec![0.0; dim]);
    let (mut apart, mut whole) = (0.0, 0.0);
    for x in x.chunks_exact(dim) {
        exact(x, &mut truth);
        estimate(x, &mut guess);
        apart += truth.iter().zip(&guess).map(|(s, g)| (g - s) * (g - s)).sum::<f64>();
        whole += truth.iter().map(|s| s * s).sum::<f64>();
    }
    apart / whole
}
