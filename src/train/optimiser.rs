//! Adam and Muon, their schedule, and the moving average that is exported.

use super::network::torch::Weights;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

/// The settings of [`Optimiser`] and of its [`rate`](Settings::rate).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How the kernels of convolutions are moved; all else is moved by Adam.
    pub kernels: Rule,
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

/// A way from gradients to steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Each weight by its own mean gradient over the root of its mean square (Kingma & Ba 2015).
    Adam,
    /// Each kernel, seen as a matrix, by the orthogonal matrix nearest to its mean gradient (Jordan et al. 2024).
    Muon,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kernels: Rule::Adam,
            learning_rate: 2e-3,
            beta1: 0.9,
            beta2: 0.99,
            warm_up: 100,
            clip: 1.0,
            average_decay: 0.999,
        }
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

/// The state of the optimiser and of the moving average.
pub struct Optimiser {
    /// Means of the gradients.
    pub first: Weights,
    /// Means of their squares; Muon has none and leaves them zero.
    pub second: Weights,
    /// The moving average of the weights.
    pub average: Weights,
}

impl Optimiser {
    const EPSILON: f64 = 1e-8;
    /// Decay of Muon's means.
    const MOMENTUM: f64 = 0.95;

    /// The state before the first step.
    #[must_use]
    pub fn new(weights: &Weights) -> Self {
        Self { first: weights.zeros_like(), second: weights.zeros_like(), average: weights.detached_copy() }
    }

    /// Moves `weights` by their gradients, which are clipped by their common norm and then forgotten; `step` counts from 0.
    pub fn step(&mut self, weights: &mut Weights, settings: &Settings, step: u32, rate: f64) {
        no_grad(|| {
            let gradients: Vec<Tensor> = weights.0.values().map(Tensor::grad).collect();
            let squares: Vec<Tensor> = gradients.iter().map(|g| g.square().sum(Kind::Float)).collect();
            let norm = Tensor::stack(&squares, 0).sum(Kind::Float).sqrt();
            let scale = (settings.clip / (norm + 1e-6)).clamp_max(1.0);
            let power = f64::from(step) + 1.0;
            let correction1 = 1.0 - libm::pow(settings.beta1, power);
            let correction2 = 1.0 - libm::pow(settings.beta2, power);
            let decay = settings.average_decay.min(power / (power + 9.0));
            let states = self.first.0.values_mut().zip(self.second.0.values_mut()).zip(self.average.0.values_mut());
            for ((weight, gradient), ((first, second), average)) in weights.0.values_mut().zip(gradients).zip(states) {
                let gradient = gradient * &scale;
                if settings.kernels == Rule::Muon && weight.dim() == 4 {
                    let _ = first.lerp_(&gradient, 1.0 - Self::MOMENTUM);
                    let ahead = gradient.lerp(&*first, Self::MOMENTUM);
                    let _ = weight.subtract_(&(orthogonal(&ahead) * rate));
                } else {
                    let _ = first.lerp_(&gradient, 1.0 - settings.beta1);
                    let _ = second.lerp_(&gradient.square(), 1.0 - settings.beta2);
                    let deviation = (&*second / correction2).sqrt() + Self::EPSILON;
                    let _ = weight.addcdiv_(&(&*first * (-rate / correction1)), &deviation);
                }
                weight.zero_grad();
                let _ = average.lerp_(&*weight, 1.0 - decay);
            }
        });
    }
}

/// About the orthogonal matrix that is nearest to the kernel [out, in, height, width] seen as [out, in·height·width]: with its
/// singular vectors, and singular values between 0.7 and 1.2, by five turns of a quintic after Newton and Schulz (Jordan et al. 2024).
/// Scaled so that its elements have a mean square of about 0.2², as Adam's steps have (Liu et al. 2025).
fn orthogonal(kernel: &Tensor) -> Tensor {
    let wide = kernel.flatten(1, -1);
    let (rows, columns) = (wide.size()[0], wide.size()[1]);
    let is_tall = rows > columns;
    // The product of the shorter side is the cheaper one.
    let x = if is_tall { wide.tr() } else { wide };
    let mut x = &x / (x.norm() + 1e-7);
    for _ in 0..5 {
        let square = x.matmul(&x.tr());
        let series = &square * -4.7750 + square.matmul(&square) * 2.0315;
        x = &x * 3.4445 + series.matmul(&x);
    }
    let x = if is_tall { x.tr() } else { x };
    x.reshape(kernel.size()) * (0.2 * (rows.max(columns) as f64).sqrt())
}
