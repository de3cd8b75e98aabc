//! Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1; 2020, algorithm 1 with the denoising step).

use super::spec::{count, ends, enough, length, rungs, step_size};
use super::{Init, InvalidSampler, LangevinSpec, Sampler, SigmaRange, Step, schedule};
use serde::{Deserialize, Serialize};

/// Down a geometric ladder σ₁ > … > σ_L: `steps_per_level` Langevin steps at each σᵢ with τᵢ = ε (σᵢ/σ_L)², then, if
/// `denoise`, x + σ_L² s(x, σ_L).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnnealedLangevin {
    sigma_max: f64,
    sigma_min: f64,
    levels: u32,
    steps_per_level: u32,
    epsilon: f64,
    denoise: bool,
    init: Init,
    /// σ₁ … σ_L, which the numbers above decide.
    #[serde(skip)]
    ladder: Vec<f64>,
}

/// The parameters of `annealed_langevin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnnealedLangevinSpec {
    /// The first noise level; by default the largest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// The last noise level; by default the smallest of the model, 0.01 where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// The number of levels; by default technique 2 of Song & Ermon 2020, and none more than 1.1 times the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
    /// Steps at each level; by default 5, on one level alone 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_per_level: Option<u32>,
    /// The step size at the last level; by default technique 4 of Song & Ermon 2020, of one level alone 0.1 σ². The model's own is for its own `sigma_min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Whether the sample is x + σ_L² s(x, σ_L) in the end. By default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<bool>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl AnnealedLangevinSpec {
    const STEPS_PER_LEVEL: u32 = 5;
    /// The largest ratio of neighbouring levels by default.
    const RATIO: f64 = 1.1;
    const DENOISE: bool = true;

    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            sigma_max: self.sigma_max.or(model.sigma_max),
            sigma_min: self.sigma_min.or(model.sigma_min),
            levels: self.levels.or(model.levels),
            steps_per_level: self.steps_per_level.or(model.steps_per_level),
            // A step size is one for a last level: what is stable there overshoots at a lower one.
            epsilon: self
                .epsilon
                .or(model.epsilon.filter(|_| self.sigma_min.is_none_or(|min| Some(min) == model.sigma_min))),
            denoise: self.denoise.or(model.denoise),
            init: self.init.or(model.init),
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        let denoising = u32::from(self.denoise.unwrap_or(Self::DENOISE));
        enough(evaluations, 2 + denoising)?;
        let steps = evaluations - denoising;
        let each = self.steps_per_level.unwrap_or(Self::STEPS_PER_LEVEL).min(steps.isqrt());
        self.steps_per_level = Some(each);
        self.levels = Some(steps / each.max(1));
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let [sigma_max, sigma_min] = ends([self.sigma_max, self.sigma_min], range)?;
        let default_levels = || match sigma_min < sigma_max {
            true => schedule::close_levels(sigma_max, sigma_min, range.dim, Self::RATIO),
            false => 1,
        };
        let levels = self.levels.unwrap_or_else(default_levels);
        rungs("levels", levels, [sigma_max, sigma_min])?;
        // One level alone is Langevin dynamics, which has no way to come.
        let default_steps = if levels == 1 { LangevinSpec::STEPS } else { Self::STEPS_PER_LEVEL };
        let steps_per_level = self.steps_per_level.unwrap_or(default_steps);
        count("steps_per_level", steps_per_level)?;
        length("levels", u64::from(levels) * u64::from(steps_per_level))?;
        let epsilon = self.epsilon.unwrap_or_else(|| default_epsilon([sigma_max, sigma_min], levels, steps_per_level));
        step_size("epsilon", epsilon)?;
        let ratio = sigma_max / sigma_min;
        step_size("epsilon", epsilon * ratio * ratio)?;
        let init = self.init.unwrap_or(Init::Normal { deviation: sigma_max });
        init.check()?;
        let denoise = self.denoise.unwrap_or(Self::DENOISE);
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

/// ε of a ladder where none is named.
fn default_epsilon([sigma_max, sigma_min]: [f64; 2], levels: u32, steps_per_level: u32) -> f64 {
    match levels {
        1 => LangevinSpec::TAU * sigma_min * sigma_min,
        _ => schedule::ncsnv2_epsilon(sigma_max, sigma_min, levels, steps_per_level),
    }
}

/// Above this, what is left of a level's variance is noise that one can see.
const COARSE: f64 = 1.2;

impl AnnealedLangevin {
    pub(super) fn evaluations(&self) -> u32 {
        self.levels * self.steps_per_level + u32::from(self.denoise)
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.level(k) as f32
    }

    /// σ of evaluation `k`; the denoising step belongs to the last level.
    fn level(&self, k: u32) -> f64 {
        self.ladder[((k / self.steps_per_level).min(self.levels - 1)) as usize]
    }

    pub(super) fn tau(&self, k: u32) -> f64 {
        if k == self.levels * self.steps_per_level {
            return self.sigma_min * self.sigma_min;
        }
        let ratio = self.level(k) / self.sigma_min;
        self.epsilon * ratio * ratio
    }

    pub(super) fn step(&self, k: u32) -> Step {
        let tau = self.tau(k);
        if k < self.levels * self.steps_per_level { Step::langevin(tau) } else { Step::Ascent(tau) }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let a = self.epsilon / (self.sigma_min * self.sigma_min);
        let gamma = if self.levels > 1 { self.ladder[0] / self.ladder[1] } else { 1.0 };
        let ratio = schedule::variance_ratio(a, gamma, self.steps_per_level);
        if ratio <= COARSE {
            return Vec::new();
        }
        if ratio.is_infinite() {
            let most = 2.0 * self.sigma_min * self.sigma_min;
            return vec![format!(
                "the steps overshoot: from epsilon = 2 sigma_min² = {most:.3e} on (now {:.3e}), chains on narrow densities \
                 leave the finite range. Use a smaller epsilon, or leave it out.",
                self.epsilon
            )];
        }
        let stationary = 2.0 / (2.0 - a);
        let by_default = default_epsilon([self.sigma_max, self.sigma_min], self.levels, self.steps_per_level);
        // That of the rule is the best for its ladder: where it is too large, the ladder is at fault.
        if stationary > COARSE && self.epsilon > by_default {
            return vec![format!(
                "the steps are too large: each level ends with {stationary:.2} times the variance it should have, however many steps \
                 and levels there are, and the images keep noise. Use an epsilon below sigma_min²/3 = {:.3e} (now {:.3e}), \
                 or leave it out.",
                self.sigma_min * self.sigma_min / 3.0,
                self.epsilon
            )];
        }
        vec![format!(
            "the ladder is too coarse for its steps: each level ends with {ratio:.2} times the variance it should have, \
             and the images keep noise. Use more levels (now {}), more steps_per_level (now {}) or, below {:.3e}, a larger \
             epsilon (now {:.3e}).",
            self.levels,
            self.steps_per_level,
            0.5 * self.sigma_min * self.sigma_min,
            self.epsilon,
        )]
    }
}
