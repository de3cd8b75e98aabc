//! What a run is to do.

use super::network::Network;
use super::network::torch::{Precision, Shared, TorchOps, Weights};
use super::objective::ObjectiveSpec;
use super::optimiser::Settings;
use crate::sampler::SamplerSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tch::{Device, Kind, Tensor};

/// Everything that decides a run. It stands in every checkpoint, and in the model's `smld.training`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The data set, as it describes itself.
    pub data: Value,
    /// The network.
    pub network: Network,
    /// What black and white are in the data's numbers; for points their smallest value and their largest.
    pub range: [f32; 2],
    /// What is minimised, with its noise levels.
    #[serde(flatten)]
    pub objective: ObjectiveSpec,
    /// Rows of a batch.
    pub batch: usize,
    /// The probability that a row's class is hidden.
    pub label_drop: f64,
    /// The seed of weights, order and noise.
    pub seed: u64,
    /// When to stop.
    pub length: Length,
    /// What convolutions compute in while training.
    pub precision: Precision,
    /// The optimiser's settings.
    pub optimiser: Settings,
    /// What the file is sampled by where a request names nothing else; none where that is the trainer's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerSpec>,
    /// The run whose weights it begins with; none where it begins from scratch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Past>,
}

/// A run that another goes out from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// What it was to do.
    pub plan: Box<Plan>,
    /// The steps that it had done.
    pub steps: u32,
}

/// When a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// After so many steps: the same curve every time.
    Steps(u32),
    /// After so many minutes of training: the schedule follows the clock.
    Minutes(f64),
}

impl Length {
    /// The part of a run that is over after so many steps, which took so many seconds: 0 to 1.
    #[must_use]
    pub fn done(self, step: u32, seconds: f64) -> f64 {
        match self {
            Self::Steps(steps) => f64::from(step) / f64::from(steps.max(1)),
            Self::Minutes(minutes) => seconds / (60.0 * minutes),
        }
    }
}

impl Plan {
    /// The weights that a run begins with.
    #[must_use]
    pub fn weights(&self, device: Device) -> Weights {
        let mut weights = Weights::default();
        // Evaluated once, so that every weight is made.
        let shape: Vec<i64> = std::iter::once(1).chain(self.network.shape().iter().copied()).collect();
        let x = Tensor::zeros(shape, (Kind::Float, device));
        let (sigma, label) = (Tensor::ones([1], (Kind::Float, device)), Tensor::zeros([1], (Kind::Int64, device)));
        let _ = self.score(&mut weights, self.precision, &x, &sigma, &label);
        weights
    }

    /// The settings in which `other` is not the same run, by their names here: all that differ but the length and the
    /// sampler, which teach nothing else, and the name of the data, whose SHA-256 tells them.
    ///
    /// # Errors
    /// Where one of them cannot be written as JSON.
    pub fn differences(&self, other: &Self) -> Result<Vec<String>, serde_json::Error> {
        let [mut here, mut there] = [serde_json::to_value(self)?, serde_json::to_value(other)?];
        for plan in [&mut here, &mut there] {
            for pointer in ["/length", "/sampler", "/data/name"] {
                plan.pointer_mut(pointer).map(Value::take);
            }
        }
        let mut found = Vec::new();
        compare("", &here, &there, &mut found);
        Ok(found)
    }

    /// The score under `weights`, made on the first call: x [batch, …], sigma `[batch]`, label `[batch]` (looked at where the
    /// network has classes) to the shape of x.
    pub fn score(
        &self,
        weights: &mut Weights,
        precision: Precision,
        x: &Tensor,
        sigma: &Tensor,
        label: &Tensor,
    ) -> Tensor {
        let mut ops = TorchOps { weights, device: x.device(), seed: self.seed, precision };
        let ([x, sigma], label) = self.inputs([x, sigma], label);
        self.network.score(&mut ops, &x, &sigma, label.as_ref()).0
    }

    /// The score as it is exported, in float32: see [`Network::bounded_score`].
    pub fn bounded_score(&self, weights: &mut Weights, x: &Tensor, sigma: &Tensor, label: &Tensor) -> Tensor {
        let mut ops = TorchOps { weights, device: x.device(), seed: self.seed, precision: Precision::F32 };
        let ([x, sigma], label) = self.inputs([x, sigma], label);
        self.network.bounded_score(&mut ops, self.range, &x, &sigma, label.as_ref()).0
    }

    /// What the network is given: the label where it has classes.
    fn inputs(&self, of_all: [&Tensor; 2], label: &Tensor) -> ([Shared; 2], Option<Shared>) {
        let share = |tensor: &Tensor| Shared(tensor.shallow_clone());
        (of_all.map(share), (self.network.classes() > 0).then(|| share(label)))
    }
}

/// Adds to `found` the names, after `prefix`, of the values in which two trees differ.
fn compare(prefix: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let of = |tree: &Map<String, Value>| tree.get(key).cloned().unwrap_or_default();
                let dot = if prefix.is_empty() { "" } else { "." };
                compare(&format!("{prefix}{dot}{key}"), &of(a), &of(b), found);
            }
        }
        _ if a != b => found.push(prefix.to_owned()),
        _ => {}
    }
}
