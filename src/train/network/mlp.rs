//! The score network for points: fully connected layers modulated by σ, preconditioned in σ.

use super::embedding::embed;
use super::modulation::modulations;
use super::precondition::{self, Moments};
use super::{Ops, Start, linear};
use serde::{Deserialize, Serialize};

/// Widths, and what the network is told of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    /// `[D]`.
    pub shape: [i64; 1],
    /// Width of every hidden layer.
    pub hidden: i64,
    /// The number of classes; 0 for a network without `label`.
    pub classes: i64,
    /// μ, the mean of the data's values.
    pub mean: f64,
    /// s_d, their standard deviation.
    pub deviation: f64,
}

/// Width of the embedding of σ and the class.
const EMBEDDING: i64 = 32;
/// Hidden layers.
const LAYERS: [&str; 3] = ["layer.1", "layer.2", "layer.3"];

impl Mlp {
    /// s(x, σ) for x [batch, D], sigma `[batch]` and, with classes, label `[batch]`: the shape of x.
    pub fn score<O: Ops>(&self, ops: &mut O, x: &O::Value, sigma: &O::Value, label: Option<&O::Value>) -> O::Value {
        let data = Moments { mean: self.mean, deviation: self.deviation };
        precondition::score(ops, data, x, 1, sigma, |ops, x| {
            let embedding = embed(ops, sigma, label, self.classes, EMBEDDING);
            self.network(ops, x, &embedding)
        })
    }

    /// F: [batch, D] to the same, from zero.
    fn network<O: Ops>(&self, ops: &mut O, x: &O::Value, embedding: &O::Value) -> O::Value {
        let ([dim], hidden) = (self.shape, self.hidden);
        let (mut x, mut from) = (x.clone(), dim);
        let modulations = modulations(ops, embedding, EMBEDDING, LAYERS.map(|name| (name, hidden)));
        for (name, modulation) in LAYERS.into_iter().zip(modulations) {
            x = linear(ops, name, &x, from, hidden);
            x = modulation.apply(ops, &x);
            x = ops.silu(&x);
            from = hidden;
        }
        let weight = ops.weight("out.weight", &[dim, hidden], Start::Constant(0.0));
        let bias = ops.weight("out.bias", &[dim], Start::Constant(0.0));
        ops.linear(&x, &weight, &bias)
    }
}
