//! Real rows with noise upon them, where a network's scores are looked at.

use crate::sampler::{Noise, Purpose, schedule};
use crate::score::ModelInfo;

/// `count` noise levels over the model's, from the largest, spread evenly in their logarithm; one where the model has one.
pub(super) fn levels(info: &ModelInfo, count: u32) -> Vec<f64> {
    let smallest = if info.sigma_min > 0.0 { info.sigma_min } else { 1e-3 * info.sigma_max };
    schedule::geometric(info.sigma_max, smallest, if smallest < info.sigma_max { count } else { 1 })
}

/// What 0 and 1 in the data's own numbers are in the model's: black and white of images; points are as they are.
pub(super) fn range(info: &ModelInfo) -> [f32; 2] {
    if info.is_image() { info.range } else { [0.0, 1.0] }
}

/// `rows`, [rows, …shape] in the data's own numbers (images in [0, 1]), in the model's.
pub(super) fn as_model(info: &ModelInfo, rows: &[f32]) -> Vec<f32> {
    let [low, high] = range(info);
    rows.iter().map(|value| low + (high - low) * value).collect()
}

/// x + σz for every row of x; the i-th row's z is that of index `first` + i, at every σ.
pub(super) fn blurred(x: &[f32], dim: usize, first: usize, sigma: f64) -> Vec<f32> {
    let mut blurred = x.to_vec();
    for (i, row) in blurred.chunks_mut(dim).enumerate() {
        let noise = Noise::new(0, (first + i) as u32, Purpose::Sampling);
        noise.for_each_normal(0, row, |_, x, z| *x += sigma as f32 * z);
    }
    blurred
}
