//! Ancestral sampling (Ho et al. 2020; for the variance-exploding case Song et al. 2021, appendix F), of first and of second
//! order.

use super::ladder::{Ladder, LadderSpec};
use super::spec::enough;
use super::{Init, InvalidSampler, Sampler, SigmaRange, Step, two_step};
use serde::{Deserialize, Serialize};

/// Down σ₁ > … > σ_N > 0: each step is a draw from a Gaussian that x at the next level would have, were the denoised mean D =
/// x + σ² s the clean point, x ← D + (σ'/σ)^(1+η) (x − D) + σ' √(1 − (σ'/σ)^2η) z. With η = 1 it is that of Ho et al.,
/// x ← x + (σ² − σ'²) s + σ' √((σ² − σ'²)/σ²) z; with 0 it is the probability flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ancestral {
    solver: AncestralSolver,
    #[serde(flatten)]
    ladder: Ladder,
    eta: f64,
    init: Init,
}

/// Beyond it a typing error is likelier than a wish.
const MOST_ETA: f64 = 100.0;

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
    /// The noise levels one by one, the largest first, in place of `sigma_max`, `sigma_min`, `steps` and `rho`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigmas: Option<Vec<f64>>,
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
    /// How much noise, η: the stochastic differential equations of the same marginals (Karras et al. 2022, equation 6, with β =
    /// η σ̇/σ). 1, the default, is reverse diffusion, 0 the probability flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta: Option<f64>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl AncestralSpec {
    fn ladder(&self) -> LadderSpec {
        let Self { sigma_max, sigma_min, steps, rho, .. } = *self;
        LadderSpec { sigmas: self.sigmas.clone(), sigma_max, sigma_min, steps, rho }
    }

    fn on(&self, LadderSpec { sigmas, sigma_max, sigma_min, steps, rho }: LadderSpec) -> Self {
        Self { solver: self.solver, sigmas, sigma_max, sigma_min, steps, rho, eta: self.eta, init: self.init }
    }

    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            solver: self.solver.or(model.solver),
            eta: self.eta.or(model.eta),
            init: self.init.or(model.init),
            ..self.on(self.ladder().over(model.ladder()))
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        enough(evaluations, 2)?;
        *self = self.on(self.ladder().with(evaluations));
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let ladder = self.ladder().resolve(25, range)?;
        let eta = self.eta.unwrap_or(1.0);
        if !(0.0..=MOST_ETA).contains(&eta) {
            let reason =
                format!("is {eta}; it goes from 0, the probability flow, over 1, reverse diffusion, to {MOST_ETA}");
            return Err(InvalidSampler { parameter: "eta", reason });
        }
        let init = self.init.unwrap_or(ladder.init());
        init.check()?;
        let solver = self.solver.unwrap_or_default();
        Ok(Sampler::Ancestral(Ancestral { solver, ladder, eta, init }))
    }
}

impl Ancestral {
    pub(super) fn evaluations(&self) -> u32 {
        self.ladder.steps()
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.ladder.sigma(k as usize) as f32
    }

    /// x ← x + (h − (1 − e^(−(1+η)h))/(1+η)) (D − D₋)/h₋ with h = ln(σ/σ'): what the step of first order, which follows, leaves
    /// out of ∫ (1+η) e^((1+η)(u−h)) D(u) du where D is a straight line. `memory` is D₋, that of the step before, which was h₋
    /// long. Nothing of a solver of first order, nor of the last step, to 0.
    pub(super) fn lean(&self, k: u32, x: &mut [f32], memory: &mut Vec<f32>, score: &[f32]) {
        let level = k as usize;
        let [sigma, next] = self.ladder.step(level);
        if self.solver == AncestralSolver::Ddpm || next == 0.0 {
            return;
        }
        let left_out = self.ladder.length(level) - self.removed(level) / (1.0 + self.eta);
        let factor = self.ladder.length_before(level).map_or(0.0, |before| left_out / before) as f32;
        two_step::advance(level == 0, sigma, x, memory, score, |x, _, change| x + factor * change);
    }

    pub(super) fn step(&self, k: u32) -> Step {
        let level = k as usize;
        let [sigma, next] = self.ladder.step(level);
        let drift = sigma * sigma * self.removed(level);
        let fresh = if next > 0.0 { -libm::expm1(-2.0 * self.eta * self.ladder.length(level)) } else { 0.0 };
        if fresh > 0.0 { Step::Diffusion([drift, next * fresh.sqrt()]) } else { Step::Ascent(drift) }
    }

    /// 1 − (σ'/σ)^(1+η), the share of x − D that a step takes away.
    fn removed(&self, level: usize) -> f64 {
        -libm::expm1(-(1.0 + self.eta) * self.ladder.length(level))
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        match self.solver {
            AncestralSolver::Ddpm => Vec::new(),
            AncestralSolver::Dpmpp2m => self.ladder.warnings(),
        }
    }
}
