//! The probability flow: the deterministic way from noise to sample (Song et al. 2021, section 4.3).

use super::ladder::{Ladder, LadderSpec};
use super::spec::enough;
use super::{Init, InvalidSampler, Sampler, SigmaRange, ascend, two_step};
use serde::{Deserialize, Serialize};

/// dx/dσ = −σ s(x, σ) from σ₁ down to 0. All the randomness is in the beginning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbabilityFlow {
    solver: Solver,
    #[serde(flatten)]
    ladder: Ladder,
    init: Init,
}

/// How the flow is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// First order, one evaluation a step.
    Euler,
    /// Second order, two evaluations a step and one for the last (Karras et al. 2022, algorithm 1).
    #[default]
    Heun,
    /// DPM-Solver++(2M) (Lu et al. 2022): second order with one evaluation a step, from the denoised mean before.
    Dpmpp2m,
}

/// The parameters of `probability_flow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProbabilityFlowSpec {
    /// The solver; by default `heun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<Solver>,
    /// The noise levels one by one, the largest first, in place of `sigma_max`, `sigma_min`, `steps` and `rho`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigmas: Option<Vec<f64>>,
    /// The first noise level; by default the largest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// The last noise level; by default the smallest of the model, 0.01 where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// The number of steps N; by default 18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// The exponent ρ of the spacing; by default 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rho: Option<f64>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl ProbabilityFlowSpec {
    fn ladder(&self) -> LadderSpec {
        let Self { sigma_max, sigma_min, steps, rho, .. } = *self;
        LadderSpec { sigmas: self.sigmas.clone(), sigma_max, sigma_min, steps, rho }
    }

    fn on(&self, LadderSpec { sigmas, sigma_max, sigma_min, steps, rho }: LadderSpec) -> Self {
        Self { solver: self.solver, sigmas, sigma_max, sigma_min, steps, rho, init: self.init }
    }

    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            solver: self.solver.or(model.solver),
            init: self.init.or(model.init),
            ..self.on(self.ladder().over(model.ladder()))
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        let (least, steps) = match self.solver.unwrap_or_default() {
            Solver::Euler | Solver::Dpmpp2m => (2, evaluations),
            Solver::Heun => (3, evaluations.div_ceil(2)),
        };
        enough(evaluations, least)?;
        *self = self.on(self.ladder().with(steps));
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let solver = self.solver.unwrap_or_default();
        let ladder = self.ladder().resolve(18, range)?;
        let init = self.init.unwrap_or(ladder.init());
        init.check()?;
        Ok(Sampler::ProbabilityFlow(ProbabilityFlow { solver, ladder, init }))
    }
}

impl ProbabilityFlow {
    pub(super) fn evaluations(&self) -> u32 {
        match self.solver {
            Solver::Euler | Solver::Dpmpp2m => self.ladder.steps(),
            Solver::Heun => 2 * self.ladder.steps() - 1,
        }
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    /// The level at which evaluation `k` is made. Heun's are at the beginning of a step and at its end in turn.
    fn level(&self, k: u32) -> usize {
        match self.solver {
            Solver::Euler | Solver::Dpmpp2m => k as usize,
            Solver::Heun => k.div_ceil(2) as usize,
        }
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.ladder.sigma(self.level(k)) as f32
    }

    pub(super) fn advance(&self, k: u32, x: &mut [f32], memory: &mut Vec<f32>, score: &[f32]) {
        let level = self.level(k);
        match self.solver {
            Solver::Euler => self.euler(level, x, score),
            Solver::Heun if k.is_multiple_of(2) => {
                memory.clear();
                memory.extend_from_slice(score);
                self.euler(level, x, score);
            }
            Solver::Heun => self.correct(level, x, memory, score),
            Solver::Dpmpp2m => self.two_step(level, x, memory, score),
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        match self.solver {
            Solver::Euler | Solver::Heun => Vec::new(),
            Solver::Dpmpp2m => self.ladder.warnings(),
        }
    }

    /// x ← x + (σ' − σ) d with d = −σ s.
    fn euler(&self, level: usize, x: &mut [f32], score: &[f32]) {
        let [sigma, next] = self.ladder.step(level);
        ascend((sigma - next) * sigma, x, score);
    }

    /// x ← x + (σ' − σ) ½ (d' − d) after Euler's step to σ': `memory` is the score that step was made with.
    fn correct(&self, level: usize, x: &mut [f32], memory: &[f32], score: &[f32]) {
        let [sigma, next] = self.ladder.step(level - 1);
        let half = 0.5 * (sigma - next);
        let (old, new) = ((half * sigma) as f32, (half * next) as f32);
        x.iter_mut().zip(memory).zip(score).for_each(|((x, old_s), s)| *x += new * s - old * old_s);
    }

    /// x ← (σ'/σ) x + (1 − σ'/σ) D̂ with D̂ = D + (D − D₋)/2r, r = ln(σ₋/σ)/ln(σ/σ'); D = x + σ² s, and `memory` is D₋, that
    /// of the step before. The first step and the last, to 0, take D̂ = D.
    fn two_step(&self, level: usize, x: &mut [f32], memory: &mut Vec<f32>, score: &[f32]) {
        let [sigma, next] = self.ladder.step(level);
        let before = self.ladder.length_before(level).filter(|_| next > 0.0);
        let lean = before.map_or(0.0, |before| 0.5 * self.ladder.length(level) / before) as f32;
        let keep = (next / sigma) as f32;
        two_step::advance(level == 0, sigma, x, memory, score, |x, denoised, change| {
            keep * x + (1.0 - keep) * (denoised + lean * change)
        });
    }
}
