//! How good samples are, beside real rows that were held out: every figure is computed for both against the training rows,
//! so that what real rows reach is the mark.

mod apart;
mod blurred;
pub mod classes;
mod denoising;
pub mod frechet;
mod judge;
pub mod manifold;
pub mod memory;
pub mod neighbours;
mod report;
pub mod rows;
pub mod source;
mod space;
pub mod sweep;

pub use apart::{Apart, Level};
pub use denoising::{Denoising, DenoisingLevel, Loss};
pub use judge::Judge;
pub use report::{Figures, Report};
pub use space::{Kept, Space};

/// The fewest rows of which anything is said: two for each part that the jackknife leaves out.
pub const MIN_ROWS: usize = 2 * frechet::BLOCKS;
