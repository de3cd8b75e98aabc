//! The feature network: a small convolutional classifier, whose last layer but one says what is in an image.

use super::unet::conv;
use super::{Ops, Start};
use serde::Serialize;

/// What the network is told of its data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classifier {
    /// [C, H, W]; H and W are multiples of 4.
    pub shape: [i64; 3],
    /// The number of classes.
    pub classes: i64,
    /// The mean of the data's values.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
}

/// Groups of every group norm.
const GROUPS: i64 = 8;
/// Channels at half resolution.
const HIDDEN: i64 = 32;

impl Classifier {
    /// Channels at quarter resolution, whose means over the pixels are the features.
    pub const FEATURES: i64 = 64;

    /// x [batch, C, H, W] to its features [batch, `FEATURES`] and the logits of its classes [batch, classes].
    pub fn features_and_logits<O: Ops>(&self, ops: &mut O, x: &O::Value) -> [O::Value; 2] {
        let [c, h, w] = self.shape;
        let (half, quarter) = ([HIDDEN, h / 2, w / 2], [Self::FEATURES, h / 4, w / 4]);
        let mean = ops.constant("mean", &[1], &[self.mean as f32]);
        let deviation = ops.constant("deviation", &[1], &[self.deviation as f32]);
        let x = ops.sub(x, &mean);
        let x = ops.div(&x, &deviation);

        let x = ops.space_to_depth(&x, &self.shape);
        let x = layer(ops, "high.1", &x, 4 * c, &half, 1);
        let x = layer(ops, "high.2", &x, HIDDEN, &half, 1);
        let x = layer(ops, "low.1", &x, HIDDEN, &quarter, 2);
        let x = layer(ops, "low.2", &x, Self::FEATURES, &quarter, 1);
        let features = ops.global_average_pool(&x);

        let start = Start::Scaled { fan_in: Self::FEATURES };
        let weight = ops.weight("logits.weight", &[self.classes, Self::FEATURES], start);
        let bias = ops.weight("logits.bias", &[self.classes], Start::Constant(0.0));
        let logits = ops.linear(&features, &weight, &bias);
        [features, logits]
    }
}

/// conv3×3 from `from` channels to those of `to`, norm, SiLU.
fn layer<O: Ops>(ops: &mut O, name: &str, x: &O::Value, from: i64, to: &[i64; 3], stride: i64) -> O::Value {
    let x = conv(ops, name, x, [from, to[0]], 3, stride);
    let x = norm(ops, &format!("{name}.norm"), &x, to);
    ops.silu(&x)
}

fn norm<O: Ops>(ops: &mut O, name: &str, x: &O::Value, shape: &[i64; 3]) -> O::Value {
    let weight = ops.weight(&format!("{name}.weight"), &[shape[0]], Start::Constant(1.0));
    let bias = ops.weight(&format!("{name}.bias"), &[shape[0]], Start::Constant(0.0));
    ops.group_norm(x, shape, GROUPS, [&weight, &bias])
}
