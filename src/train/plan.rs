//! What a run is to do.

use super::network::UNet;
use super::network::torch::{Precision, Shared, TorchOps, Weights};
use super::objective::DsmContinuous;
use super::optimiser::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Tensor;

/// Everything that decides a run. It stands in every checkpoint, and in the model's `smld.training`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The data set, as it describes itself.
    pub data: Value,
    /// The network.
    pub network: UNet,
    /// The smallest noise level trained for.
    pub sigma_min: f64,
    /// The largest.
    pub sigma_max: f64,
    /// Mean of ln σ in training.
    pub ln_sigma_mean: f64,
    /// Deviation of ln σ in training.
    pub ln_sigma_deviation: f64,
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
    /// What is minimised.
    #[must_use]
    pub fn objective(&self) -> DsmContinuous {
        DsmContinuous {
            ln_sigma_mean: self.ln_sigma_mean,
            ln_sigma_deviation: self.ln_sigma_deviation,
            sigma_min: self.sigma_min,
            sigma_max: self.sigma_max,
            deviation: self.network.deviation,
        }
    }

    /// The score under `weights`, made on the first call: x [batch, C, H, W], sigma `[batch]`, label `[batch]` (looked at where
    /// the network has classes) to the shape of x.
    pub fn score(
        &self,
        weights: &mut Weights,
        precision: Precision,
        x: &Tensor,
        sigma: &Tensor,
        label: &Tensor,
    ) -> Tensor {
        let mut ops = TorchOps { weights, device: x.device(), seed: self.seed, precision };
        let [x, sigma, label] = [x, sigma, label].map(|tensor| Shared(tensor.shallow_clone()));
        let label = (self.network.classes > 0).then_some(&label);
        self.network.score(&mut ops, &x, &sigma, label).0
    }
}
