//! One training run: what it is to do, and the doing.

use super::batches::{Batches, Draws};
use super::checkpoint::{Progress, State};
use super::data::Dataset;
use super::network::UNet;
use super::network::torch::{Precision, Shared, TorchOps, Weights};
use super::objective::{DsmContinuous, Objective};
use super::optimiser::{Adam, Settings};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

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

/// A run under way.
pub struct Run<'a> {
    /// What it is to do.
    pub plan: Plan,
    /// Where it stands.
    pub state: State,
    batches: Batches<'a>,
    objective: DsmContinuous,
    device: Device,
}

/// What one step says of itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Step {
    /// The step, from 0.
    pub step: u32,
    /// The loss of its batch.
    pub loss: f64,
    /// The learning rate.
    pub rate: f64,
    /// The part of the run that is over, 0 to 1.
    pub done: f64,
    /// Seconds of training so far.
    pub seconds: f64,
}

impl<'a> Run<'a> {
    /// Begins a run of `plan` on `data`.
    #[must_use]
    pub fn begin(plan: Plan, data: &'a Dataset, device: Device) -> Self {
        let mut weights = Weights::default();
        // Evaluated once, so that every weight is made.
        let shape: Vec<i64> = std::iter::once(1).chain(plan.network.shape).collect();
        let x = Tensor::zeros(shape, (Kind::Float, device));
        let (sigma, label) = (Tensor::ones([1], (Kind::Float, device)), Tensor::zeros([1], (Kind::Int64, device)));
        let _ = plan.score(&mut weights, plan.precision, &x, &sigma, &label);
        let adam = Adam::new(&weights);
        Self::resume(plan, State { weights, adam, progress: Progress::default() }, data, device)
    }

    /// Goes on with a run of `plan` where `state` left it.
    #[must_use]
    pub fn resume(plan: Plan, state: State, data: &'a Dataset, device: Device) -> Self {
        let objective = plan.objective();
        let batches = Batches::new(data, plan.seed, plan.batch, plan.label_drop as f32, device);
        Self { plan, state, batches, objective, device }
    }

    /// The part of the run that is over, 0 to 1.
    #[must_use]
    pub fn done(&self) -> f64 {
        let Progress { step, seconds } = self.state.progress;
        match self.plan.length {
            Length::Steps(steps) => f64::from(step) / f64::from(steps.max(1)),
            Length::Minutes(minutes) => seconds / (60.0 * minutes),
        }
    }

    /// How long the rest will take at the pace so far; none before the first step.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let done = self.done();
        (done > 0.0).then(|| Duration::from_secs_f64(self.state.progress.seconds * ((1.0 - done) / done).max(0.0)))
    }

    /// One step of training.
    ///
    /// # Errors
    /// Where the loss is not a number: the run has diverged and cannot go on.
    pub fn step(&mut self) -> Result<Step> {
        let begin = Instant::now();
        let Progress { step, seconds } = self.state.progress;
        let done = self.done();
        let (x, label) = self.batches.get(step);
        let draws = Draws::new(self.plan.seed, step, self.plan.batch, self.device);
        let (plan, weights) = (&self.plan, &mut self.state.weights);
        let mut score =
            |x: &Tensor, sigma: &Tensor, label: &Tensor| plan.score(weights, plan.precision, x, sigma, label);
        let objective = self.objective.loss(&mut score, &x, &label, &draws);
        let loss = objective.double_value(&[]);
        if !loss.is_finite() {
            bail!(
                "the loss of step {step} is {loss}: the run has diverged; begin again with a smaller --learning-rate"
            );
        }
        objective.backward();
        let rate = self.plan.optimiser.rate(step, done);
        self.state.adam.step(&mut self.state.weights, &self.plan.optimiser, step, rate);
        self.state.progress = Progress { step: step + 1, seconds: seconds + begin.elapsed().as_secs_f64() };
        Ok(Step { step, loss, rate, done, seconds: self.state.progress.seconds })
    }
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
