//! One training run of a feature network.

use crate::train::batches::Batches;
use crate::train::data::Dataset;
use crate::train::network::Classifier;
use crate::train::network::torch::{Precision, Shared, TorchOps, Weights};
use crate::train::optimiser::{Optimiser, Settings};
use crate::train::plan::Length;
use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::Value;
use std::time::Instant;
use tch::{Device, Kind, Tensor, no_grad};

/// Everything that decides a run. It stands in the file's `smld.training`.
#[derive(Clone, Debug, Serialize)]
pub struct FeaturePlan {
    /// The data set, as it describes itself.
    pub data: Value,
    /// The network.
    pub network: Classifier,
    /// Rows of a batch.
    pub batch: usize,
    /// The seed of weights and order.
    pub seed: u64,
    /// When to stop.
    pub length: Length,
    /// The optimiser's settings.
    pub optimiser: Settings,
}

/// A run under way, on the CPU.
pub struct FeatureRun<'a> {
    /// What it is to do.
    pub plan: FeaturePlan,
    /// Steps done.
    pub step: u32,
    /// Seconds of training so far.
    pub seconds: f64,
    weights: Weights,
    optimiser: Optimiser,
    batches: Batches<'a>,
}

impl FeaturePlan {
    /// The features [batch, `FEATURES`] and the logits [batch, classes] of x [batch, C, H, W] under `weights`, which are made
    /// on the first call.
    pub fn features_and_logits(&self, weights: &mut Weights, x: &Tensor) -> [Tensor; 2] {
        let mut ops = TorchOps { weights, device: Device::Cpu, seed: self.seed, precision: Precision::F32 };
        self.network.features_and_logits(&mut ops, &Shared(x.shallow_clone())).map(|shared| shared.0)
    }
}

impl<'a> FeatureRun<'a> {
    /// Begins a run of `plan` on `data`, every row of which has a class.
    #[must_use]
    pub fn begin(plan: FeaturePlan, data: &'a Dataset) -> Self {
        let mut weights = Weights::default();
        // Evaluated once, so that every weight is made.
        let [c, h, w] = plan.network.shape;
        let _ = plan.features_and_logits(&mut weights, &Tensor::zeros([1, c, h, w], (Kind::Float, Device::Cpu)));
        let optimiser = Optimiser::new(&weights);
        let batches = Batches::new(data, plan.seed, plan.batch, 0.0, Device::Cpu);
        Self { plan, step: 0, seconds: 0.0, weights, optimiser, batches }
    }

    /// The part of the run that is over, 0 to 1.
    #[must_use]
    pub fn done(&self) -> f64 {
        self.plan.length.done(self.step, self.seconds)
    }

    /// One step on the cross entropy between the classes' probabilities and the rows' classes: its loss.
    ///
    /// # Errors
    /// Where the loss is not a number: the run has diverged and cannot go on.
    pub fn step(&mut self) -> Result<f64> {
        let begin = Instant::now();
        let (x, label) = self.batches.get(self.step);
        let [_, logits] = self.plan.features_and_logits(&mut self.weights, &x);
        let entropy = logits.cross_entropy_for_logits(&label);
        let loss = entropy.double_value(&[]);
        ensure!(loss.is_finite(), "the loss of step {} is {loss}: the run has diverged; try another --seed", self.step);
        entropy.backward();
        let rate = self.plan.optimiser.rate(self.step, self.done());
        self.optimiser.step(&mut self.weights, &self.plan.optimiser, self.step, rate);
        self.step += 1;
        self.seconds += begin.elapsed().as_secs_f64();
        Ok(loss)
    }

    /// The moving average of the weights, which is what is exported.
    #[must_use]
    pub fn average(&self) -> &Weights {
        &self.optimiser.average
    }

    /// What the moving average makes of x [batch, C, H, W]: features and logits.
    pub fn answer(&mut self, x: &Tensor) -> [Tensor; 2] {
        no_grad(|| self.plan.features_and_logits(&mut self.optimiser.average, x))
    }
}
