//! Networks, described once and read twice.
//!
//! A network is a function over [`Ops`]. Read by [`torch`], it is evaluated and differentiated; read by [`export`], it is
//! written as an ONNX graph. What is trained and what is served cannot drift apart.

mod bounds;
pub mod classifier;
mod embedding;
pub mod export;
pub mod mlp;
mod modulation;
mod precondition;
pub mod torch;
pub mod unet;

pub use classifier::Classifier;
pub use mlp::Mlp;
pub use unet::UNet;

use serde::{Deserialize, Serialize};

/// A score network: one kind for each kind of data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Network {
    /// For images.
    UNet(UNet),
    /// For points.
    Mlp(Mlp),
}

impl Network {
    /// The shape of one row: [C, H, W] or `[D]`.
    #[must_use]
    pub fn shape(&self) -> &[i64] {
        match self {
            Self::UNet(unet) => &unet.shape,
            Self::Mlp(mlp) => &mlp.shape,
        }
    }

    /// The number of classes; 0 for a network without `label`.
    #[must_use]
    pub fn classes(&self) -> i64 {
        match self {
            Self::UNet(UNet { classes, .. }) | Self::Mlp(Mlp { classes, .. }) => *classes,
        }
    }

    /// s_d, the standard deviation of the data's values.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        match self {
            Self::UNet(UNet { deviation, .. }) | Self::Mlp(Mlp { deviation, .. }) => *deviation,
        }
    }

    /// [`score`](Self::score) as it is served: of images whose values lie in `range`, such that the denoised mean does too.
    pub fn bounded_score<O: Ops>(
        &self,
        ops: &mut O,
        range: [f32; 2],
        x: &O::Value,
        sigma: &O::Value,
        label: Option<&O::Value>,
    ) -> O::Value {
        let score = self.score(ops, x, sigma, label);
        match self {
            Self::UNet(_) => bounds::within(ops, range, x, sigma, &score),
            Self::Mlp(_) => score,
        }
    }

    /// s(x, σ) for x [batch, …shape], sigma `[batch]` and, with classes, label `[batch]`: the shape of x. This is what is trained.
    pub fn score<O: Ops>(&self, ops: &mut O, x: &O::Value, sigma: &O::Value, label: Option<&O::Value>) -> O::Value {
        match self {
            Self::UNet(unet) => unet.score(ops, x, sigma, label),
            Self::Mlp(mlp) => mlp.score(ops, x, sigma, label),
        }
    }
}

/// How a weight begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// N(0, 1/fan_in).
    Scaled {
        /// How many inputs one output sums over.
        fan_in: i64,
    },
    /// Every element the same.
    Constant(f32),
}

/// The operations that networks are made of. Values are float32 with the batch as their free first axis, unless said
/// otherwise; binary operations broadcast.
pub trait Ops {
    /// A tensor, or the name of one.
    type Value: Clone;

    /// The weight called `name`, which training changes.
    fn weight(&mut self, name: &str, shape: &[i64], start: Start) -> Self::Value;
    /// A tensor of `shape` that training does not change.
    fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> Self::Value;

    /// a + b.
    fn add(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// a − b.
    fn sub(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// a · b, element by element.
    fn mul(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// a / b, element by element.
    fn div(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// The larger of a and b, element by element.
    fn max(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// The smaller of a and b, element by element.
    fn min(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// √x.
    fn sqrt(&mut self, x: &Self::Value) -> Self::Value;
    /// ln x.
    fn ln(&mut self, x: &Self::Value) -> Self::Value;
    /// cos x.
    fn cos(&mut self, x: &Self::Value) -> Self::Value;
    /// x · sigmoid(x).
    fn silu(&mut self, x: &Self::Value) -> Self::Value;

    /// x [batch, in] · weightᵀ [out, in] + bias `[out]`.
    fn linear(&mut self, x: &Self::Value, weight: &Self::Value, bias: &Self::Value) -> Self::Value;
    /// Cross-correlation of x [batch, in, H, W] with weight [out, in, kernel, kernel], kernel odd, padded by kernel/2 with
    /// zeros, plus bias `[out]`.
    fn conv2d(
        &mut self,
        x: &Self::Value,
        weight: &Self::Value,
        bias: &Self::Value,
        kernel: i64,
        stride: i64,
    ) -> Self::Value;
    /// x [batch, C, H, W] to mean 0 and variance 1 over each of `groups` groups of channels, then scaled and shifted by channel by
    /// `affine`: weight, bias `[C]` (Wu & He 2018).
    fn group_norm(&mut self, x: &Self::Value, shape: &[i64; 3], groups: i64, affine: [&Self::Value; 2]) -> Self::Value;
    /// x [batch, C, H, W] to the means over its pixels: [batch, C].
    fn global_average_pool(&mut self, x: &Self::Value) -> Self::Value;
    /// Row label + 1 of `table` [classes + 1, width] for each label `[batch]` (int64, −1 for none): [batch, width].
    fn embedding(&mut self, label: &Self::Value, table: &Self::Value) -> Self::Value;

    /// x [batch, …`shape`], `shape` being [C, H, W], with each pixel repeated down and across: [batch, C, H·down, W·across].
    fn repeat_pixels(&mut self, x: &Self::Value, shape: &[i64; 3], times: [i64; 2]) -> Self::Value;
    /// [batch, C, H, W] to [batch, 4C, H/2, W/2]: every 2×2 block of pixels becomes channels.
    fn space_to_depth(&mut self, x: &Self::Value, shape: &[i64; 3]) -> Self::Value;
    /// [batch, 4C, H, W] to [batch, C, 2H, 2W]: the inverse of [`space_to_depth`](Self::space_to_depth).
    fn depth_to_space(&mut self, x: &Self::Value) -> Self::Value;
    /// Weights on top of each other, along their first axis.
    fn stack(&mut self, weights: &[Self::Value]) -> Self::Value;
    /// x cut along axis 1, into parts so wide.
    fn split<const N: usize>(&mut self, x: &Self::Value, widths: [i64; N]) -> [Self::Value; N];
    /// x with its axes after the first replaced by `shape`.
    fn reshape(&mut self, x: &Self::Value, shape: &[i64]) -> Self::Value;
    /// x `[batch]` copied into `columns` columns: [batch, columns].
    fn columns(&mut self, x: &Self::Value, columns: i64) -> Self::Value;
}

/// What every group norm adds to the variance.
const NORM_EPSILON: f64 = 1e-5;

/// x [batch, from] times a weight, plus a bias: [batch, to].
fn linear<O: Ops>(ops: &mut O, name: &str, x: &O::Value, from: i64, to: i64) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[to, from], Start::Scaled { fan_in: from });
    let bias = ops.weight(&format!("{name}.bias"), &[to], Start::Constant(0.0));
    ops.linear(x, &weight, &bias)
}
