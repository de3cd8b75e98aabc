//! What a network is told of σ and of the class.

use super::{Ops, Start, linear};

/// Fourier features of ln σ/4.
const FEATURES: usize = 64;

/// σ `[batch]` and, with `classes`, the class label `[batch]` as [batch, width], ready to modulate a layer.
pub(super) fn embed<O: Ops>(
    ops: &mut O,
    sigma: &O::Value,
    label: Option<&O::Value>,
    classes: i64,
    width: i64,
) -> O::Value {
    // σ is copied before its logarithm is taken: over [batch] alone, a vector unit and its scalar tail would round
    // differently, and a row's bytes would depend on its place in the batch.
    let wide = ops.columns(sigma, FEATURES as i64);
    let ln = ops.ln(&wide);
    // cos(f u) and sin(f u) = cos(f u − π/2) for frequencies from 1 to 32 in geometric progression; u = ln σ/4.
    let half = FEATURES / 2;
    let frequency = |i: usize| libm::exp2(5.0 * (i % half) as f64 / (half - 1) as f64);
    let frequencies: Vec<f32> = (0..FEATURES).map(|i| (frequency(i) / 4.0) as f32).collect();
    let phases: Vec<f32> = (0..FEATURES).map(|i| if i < half { 0.0 } else { -std::f32::consts::FRAC_PI_2 }).collect();
    let frequencies = ops.constant("embed.frequency", &[FEATURES as i64], &frequencies);
    let phases = ops.constant("embed.phase", &[FEATURES as i64], &phases);
    let angle = ops.mul(&ln, &frequencies);
    let angle = ops.add(&angle, &phases);
    let features = ops.cos(&angle);

    let hidden = linear(ops, "embed.1", &features, FEATURES as i64, width);
    let hidden = match label {
        Some(label) => {
            let table = ops.weight("embed.label", &[classes + 1, width], Start::Scaled { fan_in: width });
            let class = ops.embedding(label, &table);
            ops.add(&hidden, &class)
        }
        None => hidden,
    };
    let hidden = ops.silu(&hidden);
    let hidden = linear(ops, "embed.2", &hidden, width, width);
    ops.silu(&hidden)
}
