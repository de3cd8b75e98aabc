//! What a request says of its sampler, and how it becomes a [`Sampler`].

use super::{
    AncestralSpec, AnnealedLangevinSpec, Init, LangevinSpec, PredictorCorrectorSpec, ProbabilityFlowSpec, Sampler,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A sampler as a request or a model file names it: a method, and the parameters that are not to have their defaults.
/// Unknown methods and parameters are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum SamplerSpec {
    /// See [`Langevin`](super::Langevin).
    Langevin(LangevinSpec),
    /// See [`AnnealedLangevin`](super::AnnealedLangevin).
    AnnealedLangevin(AnnealedLangevinSpec),
    /// See [`PredictorCorrector`](super::PredictorCorrector).
    PredictorCorrector(PredictorCorrectorSpec),
    /// See [`Ancestral`](super::Ancestral).
    Ancestral(AncestralSpec),
    /// See [`ProbabilityFlow`](super::ProbabilityFlow).
    ProbabilityFlow(ProbabilityFlowSpec),
}

/// What a sampler has to know of a model: the noise levels it was trained for, and how many elements a sample has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SigmaRange {
    /// The smallest σ. Zero for a density known at every σ.
    pub min: f64,
    /// The largest σ.
    pub max: f64,
    /// Elements of one sample.
    pub dim: usize,
}

impl SigmaRange {
    /// Whether σ is within it, with room for the rounding of a number that came as text or as float32.
    pub(crate) fn holds(self, sigma: f64) -> bool {
        const ROOM: f64 = 1e-6;
        sigma >= self.min * (1.0 - ROOM) && sigma <= self.max * (1.0 + ROOM)
    }
}

/// A parameter that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct InvalidSampler {
    /// The parameter's name, as in a request's `sampler`.
    pub parameter: &'static str,
    /// What is wrong with it and what to do.
    pub reason: String,
}

/// No chain is longer: beyond it a typing error is likelier than a wish.
const MAX_EVALUATIONS: u64 = 1_000_000;
/// No ladder has more levels: each request keeps its own, and is only then held against what a server allows.
const MAX_LEVELS: usize = 10_000;

/// As a person types it: the JSON of a request.
impl FromStr for SamplerSpec {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl SamplerSpec {
    /// Decides every parameter for a model: what this spec says, then what the model's own spec says where it is of the
    /// same method, then the method's default.
    ///
    /// # Errors
    /// The first parameter that cannot be: not positive, outside the model's noise levels, too many steps.
    pub fn resolve(&self, model: Option<&Self>, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        match self.over(model) {
            Self::Langevin(spec) => spec.resolve(range),
            Self::AnnealedLangevin(spec) => spec.resolve(range),
            Self::PredictorCorrector(spec) => spec.resolve(range),
            Self::Ancestral(spec) => spec.resolve(range),
            Self::ProbabilityFlow(spec) => spec.resolve(range),
        }
    }

    /// This spec over `model`'s, as in [`resolve`](Self::resolve), with its steps or levels so many that a chain takes
    /// `evaluations`, or as few less as can be. How many it names itself does not count, nor levels that the model names one by one
    /// where they are not as many; everything else stays.
    ///
    /// | method | rule |
    /// |---|---|
    /// | `langevin` | `steps`: all, less one where it denoises |
    /// | `annealed_langevin` | `levels`: as many as fit beside the denoising step, at `steps_per_level` each (or fewer, so that there are no more steps than levels) |
    /// | `predictor_corrector` | `levels`: as many as fit, of 1 + `corrector_steps` (or fewer, so that there are two levels) |
    /// | `ancestral` | `steps`: all |
    /// | `probability_flow` | `steps` N: all; of `heun`, which takes 2N − 1, half |
    ///
    /// # Errors
    /// Where they are too few for two levels, or not as many as this spec names levels for.
    pub fn within(&self, model: Option<&Self>, evaluations: u32) -> Result<Self, InvalidSampler> {
        let mut spec = self.over(model);
        match &mut spec {
            Self::Langevin(spec) => spec.fit(evaluations)?,
            Self::AnnealedLangevin(spec) => spec.fit(evaluations)?,
            Self::PredictorCorrector(spec) => spec.fit(evaluations)?,
            Self::Ancestral(spec) => spec.fit(evaluations)?,
            Self::ProbabilityFlow(spec) => spec.fit(evaluations)?,
        }
        match self.sigmas() {
            Some(sigmas) if spec.sigmas().is_none() => {
                let reason =
                    format!("are {}, and chains of {evaluations} evaluations go down another number", sigmas.len());
                Err(InvalidSampler { parameter: "sigmas", reason })
            }
            _ => Ok(spec),
        }
    }

    /// The noise levels that are named one by one.
    fn sigmas(&self) -> Option<&[f64]> {
        match self {
            Self::Ancestral(spec) => spec.sigmas.as_deref(),
            Self::ProbabilityFlow(spec) => spec.sigmas.as_deref(),
            Self::Langevin(_) | Self::AnnealedLangevin(_) | Self::PredictorCorrector(_) => None,
        }
    }

    /// This spec, with what it leaves out from `model`'s where that is of the same method.
    fn over(&self, model: Option<&Self>) -> Self {
        match (self, model) {
            (Self::Langevin(spec), Some(Self::Langevin(model))) => Self::Langevin(spec.over(model)),
            (Self::AnnealedLangevin(spec), Some(Self::AnnealedLangevin(model))) => {
                Self::AnnealedLangevin(spec.over(model))
            }
            (Self::PredictorCorrector(spec), Some(Self::PredictorCorrector(model))) => {
                Self::PredictorCorrector(spec.over(model))
            }
            (Self::Ancestral(spec), Some(Self::Ancestral(model))) => Self::Ancestral(spec.over(model)),
            (Self::ProbabilityFlow(spec), Some(Self::ProbabilityFlow(model))) => {
                Self::ProbabilityFlow(spec.over(model))
            }
            _ => self.clone(),
        }
    }
}

impl Init {
    pub(super) fn check(self) -> Result<(), InvalidSampler> {
        let fault = |reason: &str| Err(InvalidSampler { parameter: "init", reason: reason.to_owned() });
        // Chains are of float32.
        let is_number = |x: f64| (x as f32).is_finite();
        match self {
            Self::Normal { deviation } if !(is_number(deviation) && deviation >= 0.0) => {
                fault("deviation must be a finite number, zero or above, that float32 holds")
            }
            Self::Uniform { low, high }
                if !(is_number(low) && is_number(high) && is_number(high - low) && low < high) =>
            {
                fault(
                    "low and high must be finite numbers that float32 holds, and their difference too; low below high",
                )
            }
            Self::Normal { .. } | Self::Uniform { .. } => Ok(()),
        }
    }
}

/// Whether there are noise levels to go down.
pub(super) fn knows_noise(range: SigmaRange) -> Result<(), InvalidSampler> {
    if range.max > 0.0 {
        return Ok(());
    }
    let reason = "goes down noise levels, and the model knows σ = 0 only; use langevin".to_owned();
    Err(InvalidSampler { parameter: "method", reason })
}

/// The first and the last noise level of a ladder: what is named, or else the model's.
pub(super) fn ends([max, min]: [Option<f64>; 2], range: SigmaRange) -> Result<[f64; 2], InvalidSampler> {
    knows_noise(range)?;
    let max = max.unwrap_or(range.max);
    level_in_range("sigma_max", max, range)?;
    // A density known at every σ has no smallest level of its own; a hundredth of its unit is fine enough to see.
    let min = min.unwrap_or(if range.min > 0.0 { range.min } else { 0.01_f64.min(max) });
    level_in_range("sigma_min", min, range)?;
    positive("sigma_min", min)?;
    if min > max {
        let reason = format!("is {min}, above sigma_max = {max}; the ladder goes down");
        return Err(InvalidSampler { parameter: "sigma_min", reason });
    }
    Ok([max, min])
}

/// A number of levels that can have these ends.
pub(super) fn rungs(parameter: &'static str, count: u32, [max, min]: [f64; 2]) -> Result<(), InvalidSampler> {
    self::count(parameter, count)?;
    most_levels(parameter, count as usize)?;
    if count == 1 && min < max {
        let reason = format!("is 1; one level cannot be both sigma_max = {max} and sigma_min = {min}");
        return Err(InvalidSampler { parameter, reason });
    }
    Ok(())
}

/// Not more levels than a ladder may have.
pub(super) fn most_levels(parameter: &'static str, count: usize) -> Result<(), InvalidSampler> {
    if count <= MAX_LEVELS {
        return Ok(());
    }
    let reason = format!("makes a ladder of {count} noise levels; {MAX_LEVELS} are the most");
    Err(InvalidSampler { parameter, reason })
}

/// A number of evaluations that a chain can have.
pub(super) fn enough(evaluations: u32, least: u32) -> Result<(), InvalidSampler> {
    if evaluations >= least {
        return Ok(());
    }
    let reason = format!("are {evaluations}, too few for the method; it takes {least} at least");
    Err(InvalidSampler { parameter: "evaluations", reason })
}

/// The ends of a ladder of `count` levels, which the request calls `parameter`.
pub(super) fn descent(
    named: [Option<f64>; 2],
    parameter: &'static str,
    count: u32,
    range: SigmaRange,
) -> Result<[f64; 2], InvalidSampler> {
    let ends = ends(named, range)?;
    rungs(parameter, count, ends)?;
    Ok(ends)
}

/// σ within the model's levels.
pub(super) fn level_in_range(parameter: &'static str, sigma: f64, range: SigmaRange) -> Result<(), InvalidSampler> {
    if range.holds(sigma) {
        return Ok(());
    }
    let reason = format!("is {sigma}, outside {} to {}, the noise levels that the model knows", range.min, range.max);
    Err(InvalidSampler { parameter, reason })
}

/// A step size, which chains have as float32.
pub(super) fn step_size(parameter: &'static str, value: f64) -> Result<(), InvalidSampler> {
    positive(parameter, value)?;
    if (value as f32).is_normal() {
        return Ok(());
    }
    Err(InvalidSampler {
        parameter,
        reason: format!("is {value:e}, beyond what float32 holds, in which steps are made"),
    })
}

pub(super) fn positive(parameter: &'static str, value: f64) -> Result<(), InvalidSampler> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(InvalidSampler { parameter, reason: format!("is {value}; it must be a finite number above zero") })
}

pub(super) fn count(parameter: &'static str, value: u32) -> Result<(), InvalidSampler> {
    if value > 0 {
        return Ok(());
    }
    Err(InvalidSampler { parameter, reason: "is 0; it must be at least 1".to_owned() })
}

pub(super) fn length(parameter: &'static str, evaluations: u64) -> Result<(), InvalidSampler> {
    if evaluations <= MAX_EVALUATIONS {
        return Ok(());
    }
    let reason = format!("makes a chain of {evaluations} evaluations; {MAX_EVALUATIONS} are the most");
    Err(InvalidSampler { parameter, reason })
}
