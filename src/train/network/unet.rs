//! The score network for images: a small U-Net on half-resolution features, preconditioned in σ.

use super::embedding::embed;
use super::precondition::{self, Moments};
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
/// The beginning of a convolution that adds nothing at first.
const ZERO: [Start; 2] = [Start::Constant(0.0); 2];

impl UNet {
    /// s(x, σ) for x [batch, C, H, W], sigma `[batch]` and, with classes, label `[batch]`: the shape of x.
    pub fn score<O: Ops>(&self, ops: &mut O, x: &O::Value, sigma: &O::Value, label: Option<&O::Value>) -> O::Value {
        let data = Moments { mean: self.mean, deviation: self.deviation };
        precondition::score(ops, data, x, 3, sigma, |ops, x| {
            let embedding = embed(ops, sigma, label, self.classes, EMBEDDING);
            self.network(ops, x, &embedding)
        })
    }

    /// F: [batch, C, H, W] to the same.
    fn network<O: Ops>(&self, ops: &mut O, x: &O::Value, embedding: &O::Value) -> O::Value {
        let ([c, h, w], c1, c2) = (self.shape, self.c1, self.c2);
        let (half, quarter) = ([c1, h / 2, w / 2], [c2, h / 4, w / 4]);
        let embedding = ops.reshape(embedding, &[EMBEDDING, 1, 1]);

        let x = ops.space_to_depth(x, &self.shape);
        let x = conv(ops, "in", &x, [4 * c, c1], 3, 1);
        let skip = residual(ops, "high.down", &x, &embedding, half);
        let x = conv(ops, "down", &skip, [c1, c2], 3, 2);
        let x = residual(ops, "low.1", &x, &embedding, quarter);
        let x = residual(ops, "low.2", &x, &embedding, quarter);
        let x = conv(ops, "up", &x, [c2, c1], 1, 1);
        let x = ops.repeat_pixels(&x, &[c1, h / 4, w / 4], [2, 2]);
        // Added, not put side by side: a block over twice the channels would cost a fifth of the network.
        let x = ops.add(&x, &skip);
        let x = residual(ops, "high.up", &x, &embedding, half);
        let x = ops.silu(&x);
        let x = conv_from(ops, "out", &x, [c1, 4 * c], 3, 1, ZERO);
        ops.depth_to_space(&x)
    }
}

/// x [batch, …shape] and beside it: SiLU, conv3×3, plus a shift, SiLU, times a scale, conv3×3 from zero. Shift and scale are one
/// number a channel, linear in `embedding` [batch, `EMBEDDING`, 1, 1].
///
/// There is no norm: with half as many more channels at half resolution the network learns as well without, in less time.
fn residual<O: Ops>(ops: &mut O, name: &str, x: &O::Value, embedding: &O::Value, shape: [i64; 3]) -> O::Value {
    let [channels, h, w] = shape;
    let told = |ops: &mut O, what: &str, start: f32| {
        let starts = [Start::Scaled { fan_in: EMBEDDING }, Start::Constant(start)];
        let told = conv_from(ops, &format!("{name}.{what}"), embedding, [EMBEDDING, channels], 1, 1, starts);
        ops.repeat_pixels(&told, &[channels, 1, 1], [h, w])
    };
    let (shift, scale) = (told(ops, "shift", 0.0), told(ops, "scale", 1.0));
    let hidden = ops.silu(x);
    let hidden = conv(ops, &format!("{name}.conv1"), &hidden, [channels, channels], 3, 1);
    let hidden = ops.add(&hidden, &shift);
    let hidden = ops.silu(&hidden);
    let hidden = ops.mul(&hidden, &scale);
    let hidden = conv_from(ops, &format!("{name}.conv2"), &hidden, [channels, channels], 3, 1, ZERO);
    ops.add(x, &hidden)
}

pub(super) fn conv<O: Ops>(
    ops: &mut O,
    name: &str,
    x: &O::Value,
    [from, to]: [i64; 2],
    kernel: i64,
    stride: i64,
) -> O::Value {
    let starts = [Start::Scaled { fan_in: from * kernel * kernel }, Start::Constant(0.0)];
    conv_from(ops, name, x, [from, to], kernel, stride, starts)
}

/// A convolution whose weight and bias begin as `starts` says.
fn conv_from<O: Ops>(
    ops: &mut O,
    name: &str,
    x: &O::Value,
    [from, to]: [i64; 2],
    kernel: i64,
    stride: i64,
    starts: [Start; 2],
) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[to, from, kernel, kernel], starts[0]);
    let bias = ops.weight(&format!("{name}.bias"), &[to], starts[1]);
    ops.conv2d(x, &weight, &bias, kernel, stride)
}
