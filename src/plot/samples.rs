//! Samples of a model as one picture.

use super::{PlotError, scatter};
use crate::pixels::Picture;
use crate::score::ReadyModel;

/// Pixels of a picture of points for each of the figure's own.
const PIXEL_RATIO: f32 = 1.5;

/// `samples` of `model`, each of its shape and made down to the noise level `sigma`: images as a grid of them, points of the
/// plane as dots over their density.
///
/// # Errors
/// [`PlotError::NoPicture`] for samples of any other shape.
pub fn picture<'a>(
    model: &ReadyModel,
    sigma: f32,
    samples: impl ExactSizeIterator<Item = &'a [f32]>,
) -> Result<Picture, PlotError> {
    let info = model.info();
    match info.shape[..] {
        [channels @ (1 | 3), height, width] => Ok(Picture::grid(samples, [channels, height, width], info.range)),
        [2] => {
            let points: Vec<[f32; 2]> = samples.map(|x| [x[0], x[1]]).collect();
            scatter(model, sigma, &points).picture(PIXEL_RATIO)
        }
        ref shape => Err(PlotError::NoPicture(shape.to_vec())),
    }
}

/// Sees that samples of `shape` can be a [`picture`], before any is drawn.
///
/// # Errors
/// [`PlotError::NoPicture`] where they cannot.
pub fn pictured(shape: &[usize]) -> Result<(), PlotError> {
    match shape {
        [1 | 3, _, _] | [2] => Ok(()),
        _ => Err(PlotError::NoPicture(shape.to_vec())),
    }
}
