//! The score network for images: a small U-Net on half-resolution features, preconditioned in σ.

use super::embedding::embed;
use super::modulation::{Modulation, modulations};
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
/// Groups of every group norm.
const GROUPS: i64 = 8;

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
        let (half, quarter) = ([h / 2, w / 2], [h / 4, w / 4]);
        let at = |channels, [h, w]: [i64; 2]| [channels, h, w];
        let blocks = [("high.down", c1), ("low.1", c2), ("low.2", c2), ("high.up", c1)];
        let [down, low_1, low_2, up] = modulations(ops, embedding, EMBEDDING, blocks, &[1, 1]);

        let x = ops.space_to_depth(x, &self.shape);
        let x = conv(ops, "in", &x, [4 * c, c1], 3, 1);
        let skip = residual(ops, "high.down", &x, &down, at(c1, half));
        let x = conv(ops, "down", &skip, [c1, c2], 3, 2);
        let x = residual(ops, "low.1", &x, &low_1, at(c2, quarter));
        let x = residual(ops, "low.2", &x, &low_2, at(c2, quarter));
        let x = conv(ops, "up", &x, [c2, 4 * c1], 1, 1);
        let x = ops.depth_to_space(&x);
        // Added, not put side by side: a block over twice the channels would cost a fifth of the network.
        let x = ops.add(&x, &skip);
        let x = residual(ops, "high.up", &x, &up, at(c1, half));
        let x = norm(ops, "out.norm", &x, &at(c1, half));
        let x = ops.silu(&x);
        let weight = ops.weight("out.weight", &[4 * c, c1, 3, 3], Start::Constant(0.0));
        let bias = ops.weight("out.bias", &[4 * c], Start::Constant(0.0));
        let x = ops.conv2d(&x, &weight, &bias, 3, 1);
        ops.depth_to_space(&x)
    }
}

/// x [batch, …shape] and beside it: norm, SiLU, conv3×3, norm, `modulation`, SiLU, conv3×3 from zero.
fn residual<O: Ops>(
    ops: &mut O,
    name: &str,
    x: &O::Value,
    modulation: &Modulation<O::Value>,
    shape: [i64; 3],
) -> O::Value {
    let channels = shape[0];
    let hidden = norm(ops, &format!("{name}.norm1"), x, &shape);
    let hidden = ops.silu(&hidden);
    let hidden = conv(ops, &format!("{name}.conv1"), &hidden, [channels, channels], 3, 1);
    let hidden = ops.group_norm(&hidden, &shape, GROUPS, None);
    let hidden = modulation.apply(ops, &hidden);
    let hidden = ops.silu(&hidden);
    let weight = ops.weight(&format!("{name}.conv2.weight"), &[channels, channels, 3, 3], Start::Constant(0.0));
    let bias = ops.weight(&format!("{name}.conv2.bias"), &[channels], Start::Constant(0.0));
    let hidden = ops.conv2d(&hidden, &weight, &bias, 3, 1);
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
    let start = Start::Scaled { fan_in: from * kernel * kernel };
    let weight = ops.weight(&format!("{name}.weight"), &[to, from, kernel, kernel], start);
    let bias = ops.weight(&format!("{name}.bias"), &[to], Start::Constant(0.0));
    ops.conv2d(x, &weight, &bias, kernel, stride)
}

pub(super) fn norm<O: Ops>(ops: &mut O, name: &str, x: &O::Value, shape: &[i64; 3]) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[shape[0]], Start::Constant(1.0));
    let bias = ops.weight(&format!("{name}.bias"), &[shape[0]], Start::Constant(0.0));
    ops.group_norm(x, shape, GROUPS, Some([&weight, &bias]))
}
