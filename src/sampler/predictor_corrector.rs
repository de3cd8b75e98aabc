//! Predictor-corrector sampling (Song et al. 2021, algorithm 2, variance exploding).

use super::spec::{descent, enough, length, positive};
use super::{Init, InvalidSampler, Sampler, SigmaRange, Step, schedule};
use serde::{Deserialize, Serialize};

/// Down a geometric ladder σ₁ > … > σ_N: at each level `corrector_steps` Langevin steps, then one step of reverse diffusion to
/// the next, x ← x + (σᵢ² − σᵢ₊₁²) s + √(σᵢ² − σᵢ₊₁²) z. The last goes to σ = 0, without noise: the denoising step.
///
/// A corrector's step size is ε = 2 (r ‖z‖/‖s‖)² for a signal-to-noise ratio r, with the norms that noise has, √D and √D/σ: 2 r² σ², and σ²
/// at most. Song et al. take the norms of a batch, in which a chain would depend on others; and with a chain's own ‖s‖ the step would
/// depend on where the chain is, which leaves it with p/ε(x) in place of p: N(0, 1) with a variance of 1.85 by the defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictorCorrector {
    sigma_max: f64,
    sigma_min: f64,
    levels: u32,
    corrector_steps: u32,
    snr: f64,
    init: Init,
    /// σ₁ … σ_N and 0, which the numbers above decide.
    #[serde(skip)]
    ladder: Vec<f64>,
}

/// The parameters of `predictor_corrector`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PredictorCorrectorSpec {
    /// The first noise level; by default the largest of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    /// The last noise level; by default the smallest of the model, 0.01 where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_min: Option<f64>,
    /// The number of levels N; by default 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
    /// Langevin steps at each level; by default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrector_steps: Option<u32>,
    /// The signal-to-noise ratio r of a Langevin step; by default 0.16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snr: Option<f64>,
    /// Where the chain begins; by default N(0, σ₁² I).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
}

impl PredictorCorrectorSpec {
    const CORRECTOR_STEPS: u32 = 1;

    pub(super) fn over(&self, model: &Self) -> Self {
        Self {
            sigma_max: self.sigma_max.or(model.sigma_max),
            sigma_min: self.sigma_min.or(model.sigma_min),
            levels: self.levels.or(model.levels),
            corrector_steps: self.corrector_steps.or(model.corrector_steps),
            snr: self.snr.or(model.snr),
            init: self.init.or(model.init),
        }
    }

    /// See [`SamplerSpec::within`](super::SamplerSpec::within).
    pub(super) fn fit(&mut self, evaluations: u32) -> Result<(), InvalidSampler> {
        enough(evaluations, 2)?;
        let corrections = self.corrector_steps.unwrap_or(Self::CORRECTOR_STEPS).min(evaluations / 2 - 1);
        self.corrector_steps = Some(corrections);
        self.levels = Some(evaluations / (1 + corrections));
        Ok(())
    }

    pub(super) fn resolve(&self, range: SigmaRange) -> Result<Sampler, InvalidSampler> {
        let levels = self.levels.unwrap_or(100);
        let [sigma_max, sigma_min] = descent([self.sigma_max, self.sigma_min], "levels", levels, range)?;
        let corrector_steps = self.corrector_steps.unwrap_or(Self::CORRECTOR_STEPS);
        let snr = self.snr.unwrap_or(0.16);
        positive("snr", snr)?;
        length("levels", u64::from(levels) * (1 + u64::from(corrector_steps)))?;
        let init = self.init.unwrap_or(Init::Normal { deviation: sigma_max });
        init.check()?;
        let mut ladder = schedule::geometric(sigma_max, sigma_min, levels);
        ladder.push(0.0);
        Ok(Sampler::PredictorCorrector(PredictorCorrector {
            sigma_max,
            sigma_min,
            levels,
            corrector_steps,
            snr,
            init,
            ladder,
        }))
    }
}

impl PredictorCorrector {
    pub(super) fn evaluations(&self) -> u32 {
        self.levels * (1 + self.corrector_steps)
    }

    pub(super) fn init(&self) -> Init {
        self.init
    }

    /// The place of evaluation `k`: the level, and the step at it; the last step is the predictor's.
    fn place(&self, k: u32) -> (usize, u32) {
        ((k / (1 + self.corrector_steps)) as usize, k % (1 + self.corrector_steps))
    }

    pub(super) fn sigma(&self, k: u32) -> f32 {
        self.ladder[self.place(k).0] as f32
    }

    pub(super) fn step(&self, k: u32) -> Step {
        let (level, step) = self.place(k);
        let (sigma, next) = (self.ladder[level], self.ladder[level + 1]);
        if step < self.corrector_steps {
            return Step::langevin((2.0 * self.snr * self.snr).min(1.0) * sigma * sigma);
        }
        let removed = sigma * sigma - next * next;
        if next > 0.0 { Step::Diffusion([removed, removed.sqrt()]) } else { Step::Ascent(removed) }
    }
}
