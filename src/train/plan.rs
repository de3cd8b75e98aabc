//! What a run is to do.

use super::network::Network;
use super::network::torch::{Precision, Shared, TorchOps, Weights};
use super::objective::ObjectiveSpec;
use super::optimiser::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
