//! What a request says of its sampler, and how it becomes a [`Sampler`].

use super::{AnnealedLangevin, Init, Langevin, Sampler, schedule};
use serde::{Deserialize, Serialize};

/// A sampler as a request or a model file names it: a method, and the parameters that are not to have their defaults.
/// Unknown methods and parameters are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum SamplerSpec {
    /// See [`Langevin`].
    Langevin(LangevinSpec),
    /// See [`AnnealedLangevin`].
    AnnealedLangevin(AnnealedLangevinSpec),
}

/// The parameters of `langevin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LangevinSpec {
    /// The noise level σ; by default the smallest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// The step size τ; by default 0.1 σ².
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

/// The parameters of `annealed_langevin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnnealedLangevinSpec {
    /// The first noise level; by default the largest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// The last noise level; by default the smallest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// The number of levels; by default technique 2 of Song & Ermon 2020.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
    /// Steps at each level; by default 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_per_level: Option<u32>,
    /// The step size at the last level; by default technique 4 of Song & Ermon 2020.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Whether the sample is x + σ_L² s(x, σ_L) in the end. By default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<bool>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
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

impl SamplerSpec {
    /// Decides every parameter for a model: what this spec says, then what the model's own spec says where it is of the
    /// same method, then the method's default.
    ///
    /// # Errors
    /// The first parameter that cannot be: not positive, outside the model's noise levels, too many steps.
    pub fn resolve(&self, model: Option<&Self>, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        match (self, model) {
            (Self::Langevin(spec), Some(Self::Langevin(model))) => spec.over(model).resolve(range),
            (Self::Langevin(spec), _) => spec.resolve(range),
            (Self::AnnealedLangevin(spec), Some(Self::AnnealedLangevin(model))) => spec.over(model).resolve(range),
            (Self::AnnealedLangevin(spec), _) => spec.resolve(range),
        }
    }
}

impl LangevinSpec {
    fn over(&self, model: &Self) -> Self {
        Self {
            sigma: self.sigma.or(model.sigma),
            tau: self.tau.or(model.tau),
            steps: self.steps.or(model.steps),
            noise: self.noise.or(model.noise),
            denoise: self.denoise.or(model.denoise),
            init: self.init.or(model.init),
        }
    }

    fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let sigma = self.sigma.unwrap_or(range.min);
        level_in_range("sigma", sigma, range)?;
        // On a density without noise there is no σ to take the step's size from.
        let tau = self.tau.unwrap_or(if sigma > 0.0 { 0.1 * sigma * sigma } else { 0.01 });
        positive("tau", tau)?;
        let steps = self.steps.unwrap_or(500);
        count("steps", steps)?;
        let init = self.init.unwrap_or(Init::Normal { deviation: 1.0 });
        init.check()?;
        let (noise, denoise) = (self.noise.unwrap_or(true), self.denoise.unwrap_or(false));
        length("steps", u64::from(steps))?;
        Ok(Sampler::Langevin(Langevin { sigma, tau, steps, noise, denoise, init }))
    }
}

impl AnnealedLangevinSpec {
    fn over(&self, model: &Self) -> Self {
        Self {
            sigma_max: self.sigma_max.or(model.sigma_max),
            sigma_min: self.sigma_min.or(model.sigma_min),
            levels: self.levels.or(model.levels),
            steps_per_level: self.steps_per_level.or(model.steps_per_level),
            epsilon: self.epsilon.or(model.epsilon),
            denoise: self.denoise.or(model.denoise),
            init: self.init.or(model.init),
        }
    }

    fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let sigma_max = self.sigma_max.unwrap_or(range.max);
        level_in_range("sigma_max", sigma_max, range)?;
        // A density known at every σ has no smallest level of its own; a hundredth of its unit is fine enough to see.
        let sigma_min = self.sigma_min.unwrap_or(if range.min > 0.0 { range.min } else { 0.01_f64.min(sigma_max) });
        level_in_range("sigma_min", sigma_min, range)?;
        positive("sigma_min", sigma_min)?;
        if sigma_min > sigma_max {
            let reason = format!("is {sigma_min}, above sigma_max = {sigma_max}; the ladder goes down");
            return Err(InvalidSampler { parameter: "sigma_min", reason });
        }
        let default_levels = || match sigma_min < sigma_max {
            true => schedule::ncsnv2_levels(sigma_max, sigma_min, range.dim),
            false => 1,
        };
        let levels = self.levels.unwrap_or_else(default_levels);
        count("levels", levels)?;
        if levels == 1 && sigma_min < sigma_max {
            let reason = format!("one level cannot be both sigma_max = {sigma_max} and sigma_min = {sigma_min}");
            return Err(InvalidSampler { parameter: "levels", reason });
        }
        let steps_per_level = self.steps_per_level.unwrap_or(5);
        count("steps_per_level", steps_per_level)?;
        length("levels", u64::from(levels) * u64::from(steps_per_level))?;
        let default_epsilon = || schedule::ncsnv2_epsilon(sigma_max, sigma_min, levels, steps_per_level);
        let epsilon = self.epsilon.unwrap_or_else(default_epsilon);
        positive("epsilon", epsilon)?;
        let init = self.init.unwrap_or(Init::Normal { deviation: sigma_max });
        init.check()?;
        let denoise = self.denoise.unwrap_or(true);
        let ladder = schedule::geometric(sigma_max, sigma_min, levels);
        Ok(Sampler::AnnealedLangevin(AnnealedLangevin {
            sigma_max,
            sigma_min,
            levels,
            steps_per_level,
            epsilon,
            denoise,
            init,
            ladder,
        }))
    }
}

impl Init {
    fn check(self) -> Result<(), InvalidSampler> {
        let fault = |reason: &str| Err(InvalidSampler { parameter: "init", reason: reason.to_owned() });
        match self {
            Self::Normal { deviation } if !(deviation.is_finite() && deviation >= 0.0) => {
                fault("deviation must be a finite number, zero or above")
            }
            Self::Uniform { low, high } if !(low.is_finite() && high.is_finite() && low < high) => {
                fault("low and high must be finite numbers, low below high")
            }
            Self::Normal { .. } | Self::Uniform { .. } => Ok(()),
        }
    }
}

/// σ within the model's levels, with room for the rounding of a number that came as text.
fn level_in_range(parameter: &'static str, sigma: f64, range: SigmaRange) -> Result<(), InvalidSampler> {
    const ROOM: f64 = 1e-6;
    if sigma >= range.min * (1.0 - ROOM) && sigma <= range.max * (1.0 + ROOM) {
        return Ok(());
    }
    let reason = format!("is {sigma}, outside {} to {}, the noise levels that the model knows", range.min, range.max);
    Err(InvalidSampler { parameter, reason })
}

fn positive(parameter: &'static str, value: f64) -> Result<(), InvalidSampler> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(InvalidSampler { parameter, reason: format!("is {value}; it must be a finite number above zero") })
}

fn count(parameter: &'static str, value: u32) -> Result<(), InvalidSampler> {
    if value > 0 {
        return Ok(());
    }
    Err(InvalidSampler { parameter, reason: "is 0; it must be at least 1".to_owned() })
}

fn length(parameter: &'static str, evaluations: u64) -> Result<(), InvalidSampler> {
    if evaluations <= MAX_EVALUATIONS {
        return Ok(());
    }
    let reason = format!("makes a chain of {evaluations} evaluations; {MAX_EVALUATIONS} are the most");
    Err(InvalidSampler { parameter, reason })
}
