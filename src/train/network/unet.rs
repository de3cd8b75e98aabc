//! The score network for images: a small U-Net on half-resolution features, preconditioned in σ.

use super::{Ops, Start};
use serde::{Deserialize, Serialize};

/// Widths, and what the network is told of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UNet {
    /// [C, H, W]; H and W are multiples of 4.
    pub shape: [i64; 3],
    /// Channels at half resolution.
    pub c1: i64,
    /// Channels at quarter resolution.
    pub c2: i64,
    /// The number of classes; 0 for a network without `label`.
    pub classes: i64,
    /// μ, the mean of the data's values.
    pub mean: f64,
    /// s_d, their standard deviation.
    pub deviation: f64,
}

/// Width of the embedding of σ and the class.
const EMBEDDING: i64 = 128;
/// Fourier features of ln σ/4.
const FEATURES: usize = 64;
/// Groups of every group norm.
const GROUPS: i64 = 8;

impl UNet {
    /// s(x, σ) for x [batch, C, H, W], sigma `[batch]` and, with classes, label `[batch]`: the shape of x.
    ///
    /// The preconditioning of Karras et al. 2022, table 1: with c_skip = s_d²/(σ² + s_d²), c_out = σ s_d/√(σ² + s_d²),
    /// c_in = 1/√(σ² + s_d²), the denoised mean is D = μ + c_skip (x − μ) + c_out F(c_in (x − μ), ln σ/4), and the score
    /// (D − x)/σ² = −(x − μ)/(σ² + s_d²) + F s_d/(σ √(σ² + s_d²)): written so, nothing cancels at small σ.
    pub fn score<O: Ops>(&self, ops: &mut O, x: &O::Value, sigma: &O::Value, label: Option<&O::Value>) -> O::Value {
        let mean = ops.constant("mean", &[1], &[self.mean as f32]);
        let deviation = ops.constant("deviation", &[1], &[self.deviation as f32]);
        let variance = ops.constant("variance", &[1], &[(self.deviation * self.deviation) as f32]);

        let level = ops.reshape(sigma, &[1, 1, 1]);
        let squared = ops.mul(&level, &level);
        let total = ops.add(&squared, &variance);
        let root = ops.sqrt(&total);
        let centred = ops.sub(x, &mean);
        let scaled = ops.div(&centred, &root);

        let embedding = self.embed(ops, sigma, label);
        let f = self.network(ops, &scaled, &embedding);

        let pull = ops.div(&centred, &total);
        let scale = ops.mul(&level, &root);
        let scale = ops.div(&deviation, &scale);
        let f = ops.mul(&f, &scale);
        ops.sub(&f, &pull)
    }

    /// σ and the class as [batch, EMBEDDING], ready to modulate a block.
    fn embed<O: Ops>(&self, ops: &mut O, sigma: &O::Value, label: Option<&O::Value>) -> O::Value {
        // σ is copied before its logarithm is taken: over [batch] alone, a vector unit and its scalar tail would round
        // differently, and a row's bytes would depend on its place in the batch.
        let wide = ops.columns(sigma, FEATURES as i64);
        let ln = ops.ln(&wide);
        // cos(f u) and sin(f u) = cos(f u − π/2) for frequencies from 1 to 32 in geometric progression; u = ln σ/4.
        let half = FEATURES / 2;
        let frequency = |i: usize| libm::exp2(5.0 * (i % half) as f64 / (half - 1) as f64);
        let frequencies: Vec<f32> = (0..FEATURES).map(|i| (frequency(i) / 4.0) as f32).collect();
        let phases: Vec<f32> =
            (0..FEATURES).map(|i| if i < half { 0.0 } else { -std::f32::consts::FRAC_PI_2 }).collect();
        let frequencies = ops.constant("embed.frequency", &[FEATURES as i64], &frequencies);
        let phases = ops.constant("embed.phase", &[FEATURES as i64], &phases);
        let angle = ops.mul(&ln, &frequencies);
        let angle = ops.add(&angle, &phases);
        let features = ops.cos(&angle);

        let hidden = linear(ops, "embed.1", &features, FEATURES as i64, EMBEDDING);
        let hidden = match label {
            Some(label) => {
                let table =
                    ops.weight("embed.label", &[self.classes + 1, EMBEDDING], Start::Scaled { fan_in: EMBEDDING });
                let class = ops.embedding(label, &table);
                ops.add(&hidden, &class)
            }
            None => hidden,
        };
        let hidden = ops.silu(&hidden);
        let hidden = linear(ops, "embed.2", &hidden, EMBEDDING, EMBEDDING);
        ops.silu(&hidden)
    }

    /// F: [batch, C, H, W] to the same.
    fn network<O: Ops>(&self, ops: &mut O, x: &O::Value, embedding: &O::Value) -> O::Value {
        let ([c, h, w], c1, c2) = (self.shape, self.c1, self.c2);
        let (half, quarter) = ([h / 2, w / 2], [h / 4, w / 4]);
        let at = |channels, [h, w]: [i64; 2]| [channels, h, w];

        let x = ops.space_to_depth(x, &self.shape);
        let x = conv(ops, "in", &x, [4 * c, c1], 3, 1);
        let skip = residual(ops, "high.down", &x, embedding, c1, at(c1, half));
        let x = conv(ops, "down", &skip, [c1, c2], 3, 2);
        let x = residual(ops, "low.1", &x, embedding, c2, at(c2, quarter));
        let x = residual(ops, "low.2", &x, embedding, c2, at(c2, quarter));
        let x = conv(ops, "up", &x, [c2, 4 * c1], 1, 1);
        let x = ops.depth_to_space(&x, &at(4 * c1, quarter));
        let x = ops.concat(&x, &skip);
        let x = residual(ops, "high.up", &x, embedding, 2 * c1, at(c1, half));
        let x = norm(ops, "out.norm", &x, &at(c1, half));
        let x = ops.silu(&x);
        let weight = ops.weight("out.weight", &[4 * c, c1, 3, 3], Start::Constant(0.0));
        let bias = ops.weight("out.bias", &[4 * c], Start::Constant(0.0));
        let x = ops.conv2d(&x, &weight, &bias, 3, 1);
        ops.depth_to_space(&x, &at(4 * c, half))
    }
}

/// norm, SiLU, conv3×3, norm modulated by the embedding, SiLU, conv3×3 from zero; beside it x itself, through a conv1×1
/// where the channels change from `from` to those of `to`.
fn residual<O: Ops>(ops: &mut O, name: &str, x: &O::Value, embedding: &O::Value, from: i64, to: [i64; 3]) -> O::Value {
    let [channels, height, width] = to;
    let hidden = norm(ops, &format!("{name}.norm1"), x, &[from, height, width]);
    let hidden = ops.silu(&hidden);
    let hidden = conv(ops, &format!("{name}.conv1"), &hidden, [from, channels], 3, 1);
    let hidden = norm(ops, &format!("{name}.norm2"), &hidden, &to);
    let modulation = linear(ops, &format!("{name}.modulation"), embedding, EMBEDDING, 2 * channels);
    let [scale, shift] = ops.halves(&modulation, channels).map(|value| ops.reshape(&value, &[channels, 1, 1]));
    let scaled = ops.mul(&hidden, &scale);
    let hidden = ops.add(&hidden, &scaled);
    let hidden = ops.add(&hidden, &shift);
    let hidden = ops.silu(&hidden);
    let weight = ops.weight(&format!("{name}.conv2.weight"), &[channels, channels, 3, 3], Start::Constant(0.0));
    let bias = ops.weight(&format!("{name}.conv2.bias"), &[channels], Start::Constant(0.0));
    let hidden = ops.conv2d(&hidden, &weight, &bias, 3, 1);
    let x = if from == channels { x.clone() } else { conv(ops, &format!("{name}.skip"), x, [from, channels], 1, 1) };
    ops.add(&x, &hidden)
}

pub(super) fn conv<O: Ops>(
    ops: &mut O,
    name: &str,
    x: &O::Value,
    [from, to]: [i64; 2],
    kernel: i64,
    stride: i64,
) -> O::Value {
    let start = Start::Scaled { fan_in: from * kernel * kernel };
    let weight = ops.weight(&format!("{name}.weight"), &[to, from, kernel, kernel], start);
    let bias = ops.weight(&format!("{name}.bias"), &[to], Start::Constant(0.0));
    ops.conv2d(x, &weight, &bias, kernel, stride)
}

fn linear<O: Ops>(ops: &mut O, name: &str, x: &O::Value, from: i64, to: i64) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[to, from], Start::Scaled { fan_in: from });
    let bias = ops.weight(&format!("{name}.bias"), &[to], Start::Constant(0.0));
    ops.linear(x, &weight, &bias)
}

pub(super) fn norm<O: Ops>(ops: &mut O, name: &str, x: &O::Value, shape: &[i64; 3]) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[shape[0]], Start::Constant(1.0));
    let bias = ops.weight(&format!("{name}.bias"), &[shape[0]], Start::Constant(0.0));
    ops.group_norm(x, shape, GROUPS, &weight, &bias)
}
