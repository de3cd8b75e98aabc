//! One training run: step after step of a plan.

use super::batches::{Batches, Draws};
use super::checkpoint::{Progress, State};
use super::data::Dataset;
use super::objective::Objective;
use super::optimiser::Optimiser;
use super::plan::Plan;
use crate::score::ReadyModel;
use anyhow::{Result, ensure};
use serde::Serialize;
use std::time::{Duration, Instant};
use tch::{Device, Tensor};

/// A run under way.
pub struct Run<'a> {
    /// What it is to do.
    pub plan: Plan,
    /// Where it stands.
    pub state: State,
    batches: Batches<'a>,
    objective: Box<dyn Objective>,
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
    /// Begins a run of `plan` on `data`, with the teacher that it names, if it names one.
    ///
    /// # Errors
    /// As [`ObjectiveSpec::objective`](super::objective::ObjectiveSpec::objective).
    pub fn begin(plan: Plan, data: &'a Dataset, teacher: Option<&ReadyModel>, device: Device) -> Result<Self> {
        let weights = plan.weights(device);
        let optimiser = Optimiser::new(&weights);
        Self::resume(plan, State { weights, optimiser, progress: Progress::default() }, data, teacher, device)
    }

    /// Goes on with a run of `plan` where `state` left it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn resume(
        plan: Plan,
        state: State,
        data: &'a Dataset,
        teacher: Option<&ReadyModel>,
        device: Device,
    ) -> Result<Self> {
        let objective = plan.objective.objective(data, plan.network.deviation(), device, teacher)?;
        let batches = Batches::new(data, plan.seed, plan.batch, plan.label_drop as f32, device);
        Ok(Self { plan, state, batches, objective, device })
    }

    /// The part of the run that is over, 0 to 1.
    #[must_use]
    pub fn done(&self) -> f64 {
        let Progress { step, seconds } = self.state.progress;
        self.plan.length.done(step, seconds)
    }

    /// How long the rest will take at the pace so far; none before the first step.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let done = self.done();
        Duration::try_from_secs_f64(self.state.progress.seconds * ((1.0 - done) / done).max(0.0)).ok()
    }

    /// One step of training.
    ///
    /// # Errors
    /// Where the loss is not a number: the run has diverged and cannot go on; or where the teacher fails.
    pub fn step(&mut self) -> Result<Step> {
        let begin = Instant::now();
        let Progress { step, seconds } = self.state.progress;
        let done = self.done();
        let (x, label) = self.batches.get(step);
        let draws = Draws::new(self.plan.seed, step, self.plan.batch, self.device);
        let (plan, weights) = (&self.plan, &mut self.state.weights);
        let mut score =
            |x: &Tensor, sigma: &Tensor, label: &Tensor| plan.score(weights, plan.precision, x, sigma, label);
        let objective = self.objective.loss(&mut score, &x, &label, &draws)?;
        let loss = objective.double_value(&[]);
        // Of the first step no learning rate had a part.
        let (what, remedy) = match step {
            0 => ("noise levels are too small or too large for these data", "others"),
            _ => ("run has diverged", "a smaller --learning-rate"),
        };
        ensure!(loss.is_finite(), "the loss of step {step} is {loss}: the {what}; begin again with {remedy}");
        objective.backward();
        let rate = self.plan.optimiser.rate(step, done);
        self.state.optimiser.step(&mut self.state.weights, &self.plan.optimiser, step, rate);
        self.state.progress = Progress { step: step + 1, seconds: seconds + begin.elapsed().as_secs_f64() };
        Ok(Step { step, loss, rate, done, seconds: self.state.progress.seconds })
    }
}
