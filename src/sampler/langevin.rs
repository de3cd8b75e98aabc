//! Langevin dynamics at one noise level.

use super::spec::{count, enough, length, level_in_range, step_size};
use super::{Init, InvalidSampler, Sampler, SigmaRange, Step};
use serde::{Deserialize, Serialize};

/// x ← x + τ s(x, σ) + √(2τ) z for `steps` steps: the unadjusted Langevin algorithm on p_σ.
///
/// On N(0, v) it is stable for τ < 2v only, and its stationary variance is v/(1 − τ/(2v)).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Langevin {
    sigma: f64,
    tau: f64,
    steps: u32,
    noise: bool,
    denoise: bool,
    init: Init,
}

/// The parameters of `langevin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LangevinSpec {
    /// The noise level σ; by default the smallest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// The step size τ; by default 0.1 σ², 0.01 where σ is 0. The model's own is for its own `sigma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// The number of steps T; by default 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Whether noise is added; without it the chain climbs to a mode of log p. By default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<bool>,
    /// Whether the sample is x + σ² s(x, σ) in the end. By default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<bool>,
    /// Where the chain begins; by default N(0, I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl LangevinSpec {
    /// τ/σ² by default.
    pub(super) const TAU: f64 = 0.1;
    /// T by default.
    pub(super) const STEPS: u32 = 500;

    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            sigma: self.sigma.or(model.sigma),
            // A step size is for its own level.
            tau: self.tau.or(model.tau.filter(|_| self.sigma.is_none_or(|sigma| Some(sigma) == model.sigma))),
            steps: self.steps.or(model.steps),
            noise: self.noise.or(model.noise),
            denoise: self.denoise.or(model.denoise),
            init: self.init.or(model.init),
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        let denoising = u32::from(self.denoise.unwrap_or(false));
        enough(evaluations, 1 + denoising)?;
        self.steps = Some(evaluations - denoising);
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let sigma = self.sigma.unwrap_or(range.min);
        level_in_range("sigma", sigma, range)?;
        // On a density without noise there is no σ to take the step's size from.
        let tau = self.tau.unwrap_or(if sigma > 0.0 { Self::TAU * sigma * sigma } else { 0.01 });
        step_size("tau", tau)?;
        let steps = self.steps.unwrap_or(Self::STEPS);
        count("steps", steps)?;
        let init = self.init.unwrap_or(Init::Normal { deviation: 1.0 });
        init.check()?;
        let (noise, denoise) = (self.noise.unwrap_or(true), self.denoise.unwrap_or(false));
        length("steps", u64::from(steps))?;
        Ok(Sampler::Langevin(Langevin { sigma, tau, steps, noise, denoise, init }))
    }
}

impl Langevin {
    pub(super) fn evaluations(&self) -> u32 {
        self.steps + u32::from(self.denoise)
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    pub(super) fn sigma(&self) -> f32 {
        self.sigma as f32
    }

    pub(super) fn tau(&self, k: u32) -> f64 {
        if k == self.steps { self.sigma * self.sigma } else { self.tau }
    }

    pub(super) fn step(&self, k: u32) -> Step {
        if self.noise && k < self.steps { Step::langevin(self.tau) } else { Step::Ascent(self.tau(k)) }
    }
}
