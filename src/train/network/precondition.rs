//! The scalings in σ between a network's own output and the score.

use super::Ops;

/// What a network is told of the values of its data.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// μ, their mean.
    pub(super) mean: f64,
    /// s_d, their standard deviation.
    pub(super) deviation: f64,
}

/// s(x, σ) for x [batch, …] of `axes` axes after the first and sigma `[batch]`, from F, which `f` makes of c_in (x − μ).
///
/// The preconditioning of Karras et al. 2022, table 1: with c_skip = s_d²/(σ² + s_d²), c_out = σ s_d/√(σ² + s_d²),
/// c_in = 1/√(σ² + s_d²), the denoised mean is D = μ + c_skip (x − μ) + c_out F(c_in (x − μ), ln σ/4), and the score
/// (D − x)/σ² = −(x − μ)/(σ² + s_d²) + F s_d/(σ √(σ² + s_d²)): written so, nothing cancels at small σ.
pub(super) fn score<O: Ops>(
    ops: &mut O,
    data: Moments,
    x: &O::Value,
    axes: usize,
    sigma: &O::Value,
    f: impl FnOnce(&mut O, &O::Value) -> O::Value,
) -> O::Value {
    let mean = ops.constant("mean", &[1], &[data.mean as f32]);
    let deviation = ops.constant("deviation", &[1], &[data.deviation as f32]);
    let variance = ops.constant("variance", &[1], &[(data.deviation * data.deviation) as f32]);

    let level = ops.reshape(sigma, &vec![1; axes]);
    let squared = ops.mul(&level, &level);
    let total = ops.add(&squared, &variance);
    let root = ops.sqrt(&total);
    let centred = ops.sub(x, &mean);
    let scaled = ops.div(&centred, &root);

    let f = f(ops, &scaled);

    let pull = ops.div(&centred, &total);
    let scale = ops.mul(&level, &root);
    let scale = ops.div(&deviation, &scale);
    let f = ops.mul(&f, &scale);
    ops.sub(&f, &pull)
}
