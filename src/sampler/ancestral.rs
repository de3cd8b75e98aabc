//! Ancestral sampling (Ho et al. 2020; for the variance-exploding case Song et al. 2021, appendix F), of first and of second
//! order.

use super::spec::{descent, enough, ladder_to_zero};
use super::{Init, InvalidSampler, Sampler, SigmaRange, Step, two_step};
use serde::{Deserialize, Serialize};

/// Down σ₁ > … > σ_N > 0, spaced as Karras et al. 2022: each step is a draw from the Gaussian that x at the next level would
/// have, were the denoised mean the clean point,
/// x ← x + (σᵢ² − σᵢ₊₁²) s + σᵢ₊₁ √((σᵢ² − σᵢ₊₁²)/σᵢ²) z.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ancestral {
    solver: AncestralSolver,
    sigma_max: f64,
    sigma_min: f64,
    steps: u32,
    rho: f64,
    init: Init,
    /// σ₁ … σ_N and 0, which the numbers above decide.
    #[serde(skip)]
    ladder: Vec<f64>,
}

/// What a step takes the clean point to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AncestralSolver {
    /// The denoised mean, as if it stayed the same all the step (Ho et al. 2020): first order.
    Ddpm,
    /// The denoised mean as it would move on in a straight line over ln σ, from the one before: SDE-DPM-Solver++(2M) (Lu et
    /// al. 2022), second order with one evaluation a step.
    #[default]
    Dpmpp2m,
}

/// The parameters of `ancestral`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AncestralSpec {
    /// The solver; by default `dpmpp2m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<AncestralSolver>,
    /// The first noise level; by default the largest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// The last noise level; by default the smallest of the model, 0.01 where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// The number of steps N; by default 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// The exponent ρ of the spacing; by default 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rho: Option<f64>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl AncestralSpec {
    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            solver: self.solver.or(model.solver),
            sigma_max: self.sigma_max.or(model.sigma_max),
            sigma_min: self.sigma_min.or(model.sigma_min),
            steps: self.steps.or(model.steps),
            rho: self.rho.or(model.rho),
            init: self.init.or(model.init),
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        enough(evaluations, 2)?;
        self.steps = Some(evaluations);
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let steps = self.steps.unwrap_or(25);
        let [sigma_max, sigma_min] = descent([self.sigma_max, self.sigma_min], "steps", steps, range)?;
        let rho = self.rho.unwrap_or(7.0);
        let ladder = ladder_to_zero([sigma_max, sigma_min], steps, rho)?;
        let init = self.init.unwrap_or(Init::Normal { deviation: sigma_max });
        init.check()?;
        let solver = self.solver.unwrap_or_default();
        Ok(Sampler::Ancestral(Ancestral { solver, sigma_max, sigma_min, steps, rho, init, ladder }))
    }
}

impl Ancestral {
    pub(super) fn evaluations(&self) -> u32 {
        self.steps
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.ladder[k as usize] as f32
    }

    /// x ← x + (h − ½(1 − e⁻²ʰ)) (D − D₋)/h₋ with D = x + σ² s, h = ln(σ/σ'): what the step of first order, which follows, leaves
    /// out of ∫ 2e^(2(u−h)) D(u) du where D is a straight line. `memory` is D₋, that of the step before, which was h₋ long. Nothing of a
    /// solver of first order, nor of the last step, to 0.
    pub(super) fn lean(&self, k: u32, x: &mut [f32], memory: &mut Vec<f32>, score: &[f32]) {
        let level = k as usize;
        let (sigma, next) = (self.ladder[level], self.ladder[level + 1]);
        if self.solver == AncestralSolver::Ddpm || next == 0.0 {
            return;
        }
        let left_out = libm::log(sigma / next) - 0.5 * (1.0 - (next / sigma) * (next / sigma));
        let factor = two_step::length_before(&self.ladder, level).map_or(0.0, |before| left_out / before) as f32;
        two_step::advance(level == 0, sigma, x, memory, score, |x, _, change| x + factor * change);
    }

    pub(super) fn step(&self, k: u32) -> Step {
        let (sigma, next) = (self.ladder[k as usize], self.ladder[k as usize + 1]);
        // Levels that are nearly the same may be rounded the wrong way round.
        let removed = (sigma * sigma - next * next).max(0.0);
        if next > 0.0 { Step::Diffusion([removed, next * removed.sqrt() / sigma]) } else { Step::Ascent(removed) }
    }
}
