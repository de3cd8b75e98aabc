//! What a score of images cannot be.

use super::Ops;

/// `score` at x [batch, C, H, W] and sigma `[batch]`, kept between (low − x)/σ² and (high − x)/σ² for data with values in
/// `[low, high]`.
///
/// The denoised mean D = x + σ² s is a mean of data, and lies where they lie. Where the network is right nothing changes; where it
/// has never been, far from all that it was trained on, it may be anything, and a chain of Langevin dynamics would be driven ever
/// farther. Kept so, it is drawn back to the data's range at any x. (Saharia et al. 2022 keep D within the range of images in
/// their samplers, "static thresholding"; here it is the score itself, for every sampler.)
pub(super) fn within<O: Ops>(
    ops: &mut O,
    [low, high]: [f32; 2],
    x: &O::Value,
    sigma: &O::Value,
    score: &O::Value,
) -> O::Value {
    let level = ops.reshape(sigma, &[1; 3]);
    let squared = ops.mul(&level, &level);
    let pull_to = |ops: &mut O, name: &str, end: f32| {
        let end = ops.constant(name, &[1], &[end]);
        let way = ops.sub(&end, x);
        ops.div(&way, &squared)
    };
    let (least, most) = (pull_to(ops, "low", low), pull_to(ops, "high", high));
    let score = ops.max(score, &least);
    ops.min(&score, &most)
}
