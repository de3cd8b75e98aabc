//! How an embedding moves the layers of the network for points: every column is scaled and shifted.

use super::{Ops, Start};

/// A layer's scale and shift, [batch, width] each.
pub(super) struct Modulation<V> {
    scale: V,
    shift: V,
}

/// The modulations of `layers`, each a name and its width, linear in `embedding` [batch, width].
///
/// One product makes the scales of all layers and one the shifts: on a single row an operator's own cost is more than its arithmetic.
pub(super) fn modulations<O: Ops, const N: usize>(
    ops: &mut O,
    embedding: &O::Value,
    width: i64,
    layers: [(&str, i64); N],
) -> [Modulation<O::Value>; N] {
    let channels = layers.map(|(_, channels)| channels);
    let mut all = |name: &str, start: f32| {
        let kernels = Start::Scaled { fan_in: width };
        let weights = layers.map(|(layer, c)| ops.weight(&format!("{layer}.{name}.weight"), &[c, width], kernels));
        let biases = layers.map(|(layer, c)| ops.weight(&format!("{layer}.{name}.bias"), &[c], Start::Constant(start)));
        let (weight, bias) = (ops.stack(&weights), ops.stack(&biases));
        let all = ops.linear(embedding, &weight, &bias);
        ops.split(&all, channels)
    };
    let (scales, shifts) = (all("scale", 1.0), all("shift", 0.0));
    std::array::from_fn(|layer| Modulation { scale: scales[layer].clone(), shift: shifts[layer].clone() })
}

impl<V> Modulation<V> {
    /// x · scale + shift.
    pub(super) fn apply<O: Ops<Value = V>>(&self, ops: &mut O, x: &V) -> V {
        let scaled = ops.mul(x, &self.scale);
        ops.add(&scaled, &self.shift)
    }
}
