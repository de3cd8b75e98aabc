//! Samplers: pure mathematics on one chain.
//!
//! A sampler never calls the score network. It says where a chain begins ([`Sampler::init`]), at which noise level the
//! chain's next evaluation is wanted ([`Sampler::sigma`]) and what an evaluated score does to it ([`Sampler::advance`]).
//! Whoever owns the loop can therefore put the evaluations of chains of any method, age and noise level in one batch.

mod ancestral;
mod annealed_langevin;
mod ladder;
mod langevin;
mod noise;
mod predictor_corrector;
mod probability_flow;
pub mod schedule;
mod spec;
mod two_step;

pub use ancestral::{Ancestral, AncestralSolver, AncestralSpec};
pub use annealed_langevin::{AnnealedLangevin, AnnealedLangevinSpec};
pub use langevin::{Langevin, LangevinSpec};
pub use noise::{Noise, Purpose};
pub use predictor_corrector::{PredictorCorrector, PredictorCorrectorSpec};
pub use probability_flow::{ProbabilityFlow, ProbabilityFlowSpec, Solver};
pub use spec::{InvalidSampler, SamplerSpec, SigmaRange};

use serde::{Deserialize, Serialize};

/// A sampler with every parameter decided.
///
/// Serialised, it is a [`SamplerSpec`] with nothing left out: what makes the same image again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Sampler {
    /// Langevin dynamics at one noise level.
    Langevin(Langevin),
    /// Langevin dynamics down a ladder of noise levels.
    AnnealedLangevin(AnnealedLangevin),
    /// Reverse diffusion with Langevin steps between.
    PredictorCorrector(PredictorCorrector),
    /// Reverse diffusion, each step a draw from a Gaussian known in closed form.
    Ancestral(Ancestral),
    /// The deterministic flow with the same marginals.
    ProbabilityFlow(ProbabilityFlow),
}

impl Sampler {
    /// How many score evaluations one chain takes, from its start to its end. At least one.
    #[must_use]
    pub fn evaluations(&self) -> u32 {
        match self {
            Self::Langevin(sampler) => sampler.evaluations(),
            Self::AnnealedLangevin(sampler) => sampler.evaluations(),
            Self::PredictorCorrector(sampler) => sampler.evaluations(),
            Self::Ancestral(sampler) => sampler.evaluations(),
            Self::ProbabilityFlow(sampler) => sampler.evaluations(),
        }
    }

    /// The noise level σ at which evaluation `k` (from 0) is made.
    #[must_use]
    pub fn sigma(&self, k: u32) -> f32 {
        match self {
            Self::Langevin(sampler) => sampler.sigma(),
            Self::AnnealedLangevin(sampler) => sampler.sigma(k),
            Self::PredictorCorrector(sampler) => sampler.sigma(k),
            Self::Ancestral(sampler) => sampler.sigma(k),
            Self::ProbabilityFlow(sampler) => sampler.sigma(k),
        }
    }

    /// The noise level of the last evaluation: what the sample still has of it is as small as it gets.
    #[must_use]
    pub fn last_sigma(&self) -> f32 {
        self.sigma(self.evaluations() - 1)
    }

    /// The step size τ of evaluation `k` of Langevin dynamics; none for the methods that fit their steps to σ.
    #[must_use]
    pub fn tau(&self, k: u32) -> Option<f64> {
        match self {
            Self::Langevin(sampler) => Some(sampler.tau(k)),
            Self::AnnealedLangevin(sampler) => Some(sampler.tau(k)),
            Self::PredictorCorrector(_) | Self::Ancestral(_) | Self::ProbabilityFlow(_) => None,
        }
    }

    /// Writes the beginning of the chain into `x`, in the model's own numbers.
    pub fn init(&self, noise: &Noise, x: &mut [f32]) {
        let init = match self {
            Self::Langevin(sampler) => sampler.init(),
            Self::AnnealedLangevin(sampler) => sampler.init(),
            Self::PredictorCorrector(sampler) => sampler.init(),
            Self::Ancestral(sampler) => sampler.init(),
            Self::ProbabilityFlow(sampler) => sampler.init(),
        };
        init.draw(noise, x);
    }

    /// Moves the chain on by evaluation `k`: `score` is s(x, σ) at `x` and [`sigma(k)`](Self::sigma), of the same length.
    /// After the last evaluation `x` is the sample. `memory` is the chain's own, empty at first: what a method of higher
    /// order keeps from one evaluation to the next.
    pub fn advance(&self, k: u32, noise: &Noise, x: &mut [f32], memory: &mut Vec<f32>, score: &[f32]) {
        match self {
            Self::Ancestral(sampler) => sampler.lean(k, x, memory, score),
            Self::ProbabilityFlow(sampler) => sampler.advance(k, x, memory, score),
            Self::Langevin(_) | Self::AnnealedLangevin(_) | Self::PredictorCorrector(_) => {}
        }
        match self.step(k) {
            Some(Step::Diffusion([drift, amplitude])) => {
                // Step 0 of the chain's noise was its beginning.
                noise.diffuse(k + 1, [drift as f32, amplitude as f32], score, x);
            }
            Some(Step::Ascent(tau)) => ascend(tau, x, score),
            None => {}
        }
    }

    /// What evaluation `k` does by itself; none along the flow, whose steps are its own.
    fn step(&self, k: u32) -> Option<Step> {
        match self {
            Self::Langevin(sampler) => Some(sampler.step(k)),
            Self::AnnealedLangevin(sampler) => Some(sampler.step(k)),
            Self::PredictorCorrector(sampler) => Some(sampler.step(k)),
            Self::Ancestral(sampler) => Some(sampler.step(k)),
            Self::ProbabilityFlow(_) => None,
        }
    }

    /// Drift and amplitude of the step that evaluation `k` makes where it adds noise, x ← x + drift s + amplitude z; none
    /// where it adds none, as in ascent, in denoising and along the flow. What a step of second order takes from the one before comes
    /// beside them.
    #[must_use]
    pub fn coefficients(&self, k: u32) -> Option<[f64; 2]> {
        match self.step(k) {
            Some(Step::Diffusion(coefficients)) => Some(coefficients),
            Some(Step::Ascent(_)) | None => None,
        }
    }

    /// What a person should know before trusting the result, in sentences; mostly nothing.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::AnnealedLangevin(sampler) => sampler.warnings(),
            Self::Ancestral(sampler) => sampler.warnings(),
            Self::ProbabilityFlow(sampler) => sampler.warnings(),
            Self::Langevin(_) | Self::PredictorCorrector(_) => Vec::new(),
        }
    }
}

/// Where chains begin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Init {
    /// White noise: every element from N(0, deviation²).
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
    /// Every element from the uniform distribution on [low, high).
    Uniform {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
}

impl Init {
    /// Step 0 of a chain's noise belongs to its beginning.
    const STEP: u32 = 0;

    fn draw(self, noise: &Noise, x: &mut [f32]) {
        match self {
            Self::Normal { deviation } => {
                noise.normal(Self::STEP, x);
                let deviation = deviation as f32;
                x.iter_mut().for_each(|x| *x *= deviation);
            }
            Self::Uniform { low, high } => {
                noise.uniform(Self::STEP, x);
                let (low, width) = (low as f32, (high - low) as f32);
                x.iter_mut().for_each(|x| *x = low + width * *x);
            }
        }
    }
}

/// What an evaluated score s does to a chain.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// x ← x + drift s + amplitude z, with the drift and the amplitude.
    Diffusion([f64; 2]),
    /// x ← x + τ s: gradient ascent on log p, with τ. With τ = σ² it is the denoising step (Tweedie's formula).
    Ascent(f64),
}

impl Step {
    /// Of Langevin dynamics: x ← x + τ s + √(2τ) z.
    fn langevin(tau: f64) -> Self {
        Self::Diffusion([tau, (2.0 * tau).sqrt()])
    }
}

/// x ← x + τ s.
fn ascend(tau: f64, x: &mut [f32], score: &[f32]) {
    let tau = tau as f32;
    for (x, score) in x.iter_mut().zip(score) {
        *x += tau * score;
    }
}
