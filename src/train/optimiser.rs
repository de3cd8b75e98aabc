//! Adam, its schedule, and the moving average that is exported.

use super::network::torch::Weights;
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

/// The settings of [`Adam`] and of its [`rate`](Settings::rate).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The learning rate at its height.
    pub learning_rate: f64,
    /// Decay of the mean of the gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Steps from zero to the full learning rate.
    pub warm_up: u32,
    /// The largest norm of the gradient of all weights together.
    pub clip: f64,
    /// The largest decay of the moving average of the weights.
    pub average_decay: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { learning_rate: 2e-3, beta1: 0.9, beta2: 0.99, warm_up: 100, clip: 1.0, average_decay: 0.999 }
    }
}

impl Settings {
    /// The learning rate of `step`, where `done` ∈ [0, 1] of the run is over: up in a straight line, then down a half cosine
    /// to zero.
    #[must_use]
    pub fn rate(&self, step: u32, done: f64) -> f64 {
        let warm = (f64::from(step + 1) / f64::from(self.warm_up.max(1))).min(1.0);
        self.learning_rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos())
    }
}

/// The state of Adam (Kingma & Ba 2015) and of the moving average.
pub struct Adam {
    /// Means of the gradients.
    pub first: Weights,
    /// Means of their squares.
    pub second: Weights,
    /// The moving average of the weights.
    pub average: Weights,
}

impl Adam {
    const EPSILON: f64 = 1e-8;

    /// The state before the first step.
    #[must_use]
    pub fn new(weights: &Weights) -> Self {
        Self { first: weights.zeros_like(), second: weights.zeros_like(), average: weights.detached_copy() }
    }

    /// Moves `weights` by their gradients, which are clipped by their common norm and then forgotten; `step` counts from 0.
    pub fn step(&mut self, weights: &mut Weights, settings: &Settings, step: u32, rate: f64) {
        no_grad(|| {
            let gradients: Vec<Tensor> = weights.0.values().map(Tensor::grad).collect();
            let squares: Vec<Tensor> = gradients.iter().map(|g| g.square().sum(tch::Kind::Float)).collect();
            let norm = Tensor::stack(&squares, 0).sum(tch::Kind::Float).sqrt();
            let scale = (settings.clip / (norm + 1e-6)).clamp_max(1.0);
            let power = f64::from(step) + 1.0;
            let correction1 = 1.0 - libm::pow(settings.beta1, power);
            let correction2 = 1.0 - libm::pow(settings.beta2, power);
            let decay = settings.average_decay.min(power / (power + 9.0));
            let states = self.first.0.values_mut().zip(self.second.0.values_mut()).zip(self.average.0.values_mut());
            for ((weight, gradient), ((first, second), average)) in weights.0.values_mut().zip(gradients).zip(states) {
                let gradient = gradient * &scale;
                let _ = first.lerp_(&gradient, 1.0 - settings.beta1);
                let _ = second.lerp_(&gradient.square(), 1.0 - settings.beta2);
                let deviation = (&*second / correction2).sqrt() + Self::EPSILON;
                let _ = weight.addcdiv_(&(&*first * (-rate / correction1)), &deviation);
                weight.zero_grad();
                let _ = average.lerp_(&*weight, 1.0 - decay);
            }
        });
    }
}
