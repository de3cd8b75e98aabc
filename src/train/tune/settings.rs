//! The settings of a method that are tried at a number of evaluations.

use super::halton;
use crate::sampler::{AnnealedLangevinSpec, SamplerSpec, SigmaRange, Solver};
use crate::score::ModelInfo;
use anyhow::{Result, ensure};
use serde_json::json;

/// Langevin's step sizes, over σ² of the level. A step of 1 goes to the denoised mean; from 2 on chains on narrow densities diverge.
const STEP: [f64; 2] = [0.03, 1.0];
/// The corrector's signal-to-noise ratio; Song et al. 2021 take 0.16 and 0.17 in most places.
const SNR: [f64; 2] = [0.02, 0.6];
/// The exponent of the levels' spacing: from evenly spaced to nearly geometric.
const RHO: [f64; 2] = [1.0, 20.0];
/// The last noise level of a ladder with its own spacing, over the smallest of the model: what is left of noise, one step takes away.
const LAST: [f64; 2] = [1.0, 10.0];
/// How much noise: from the probability flow to more than reverse diffusion has.
const ETA: [f64; 2] = [0.0, 1.5];
/// The most corrector steps at a level.
const CORRECTIONS: u32 = 4;
/// So many points are looked at for every setting that is wanted: whole numbers have few values, and points may coincide.
const POINTS: u32 = 64;

/// `count` settings of `method` for `model` that take `evaluations` or as few less as can be, no two the same: first the default,
/// which is `method` as it is over the model's own sampler, then those at the points of the Halton sequence.
///
/// Looked for are: of `langevin` τ and σ, of `annealed_langevin` ε and `steps_per_level` (and with them `levels`), of
/// `predictor_corrector` `snr` and `corrector_steps` (and `levels`), of `ancestral` ρ, `sigma_min` and η, of `probability_flow` ρ, the
/// solver and `sigma_min`. Numbers that are not whole are even in their logarithm, but for η, and have three digits.
///
/// # Errors
/// Where the method cannot be had in so few evaluations, or not of this model, or has not so many settings.
pub fn settings(method: &SamplerSpec, model: &ModelInfo, evaluations: u32, count: usize) -> Result<Vec<SamplerSpec>> {
    let (own, range) = (Some(&model.sampler), model.sigma_range());
    let base = method.within(own, evaluations)?;
    let default = base.resolve(own, range)?;
    // An annealed chain ends where its default ends.
    let last = match serde_json::from_value(json!(default))? {
        SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec { sigma_min: Some(last), .. }) => last,
        _ => least_level(range),
    };
    let first = f64::from(default.sigma(0));
    let place = Place { base: base.clone(), levels: [last, model.sigma_max], first, evaluations };
    let (mut found, mut samplers) = (vec![base], vec![default]);
    for i in 0..POINTS * count as u32 {
        if found.len() == count {
            break;
        }
        let spec = place.at(halton(i)).within(None, evaluations)?;
        let sampler = spec.resolve(own, range)?;
        if !samplers.contains(&sampler) {
            found.push(spec);
            samplers.push(sampler);
        }
    }
    ensure!(found.len() == count, "there are {} settings to try and no more; make --trials smaller", found.len());
    Ok(found)
}

/// Where settings lie.
struct Place {
    /// What they have in common.
    base: SamplerSpec,
    /// The last noise level of an annealed chain, or the smallest of the model; and the largest of the model.
    levels: [f64; 2],
    /// The first level of the default.
    first: f64,
    evaluations: u32,
}

impl Place {
    /// The setting at (u, v, w) of the unit cube.
    fn at(&self, [u, v, w]: [f64; 3]) -> SamplerSpec {
        let [last, largest] = self.levels;
        let mut spec = self.base.clone();
        match &mut spec {
            SamplerSpec::Langevin(spec) => {
                let sigma = rounded(between([last, largest], v)).clamp(last, largest);
                spec.sigma = Some(sigma);
                spec.tau = Some(rounded(between(STEP, u) * sigma * sigma));
            }
            SamplerSpec::AnnealedLangevin(spec) => {
                spec.epsilon = Some(rounded(between(STEP, u) * last * last));
                spec.steps_per_level = Some(whole([1, self.evaluations.isqrt()], v));
            }
            SamplerSpec::PredictorCorrector(spec) => {
                spec.snr = Some(rounded(between(SNR, u)));
                spec.corrector_steps = Some(whole([1, CORRECTIONS], v));
            }
            SamplerSpec::Ancestral(spec) => {
                (spec.sigmas, spec.rho) = (None, Some(rounded(between(RHO, u))));
                spec.eta = Some(rounded(ETA[0] + v * (ETA[1] - ETA[0])));
                spec.sigma_min = Some(self.last(w));
            }
            SamplerSpec::ProbabilityFlow(spec) => {
                (spec.sigmas, spec.rho) = (None, Some(rounded(between(RHO, u))));
                spec.sigma_min = Some(self.last(w));
                spec.solver = Some(one_of([Solver::Euler, Solver::Heun, Solver::Dpmpp2m], v));
            }
        }
        spec
    }

    /// A last level of a ladder, at `share` of those that are looked at.
    fn last(&self, share: f64) -> f64 {
        let [last, _] = self.levels;
        rounded(last * between(LAST, share)).clamp(last, self.first.max(last))
    }
}

/// The smallest noise level that is looked at: the model's, and of one known at every σ one as fine as is seen.
pub(super) fn least_level(range: SigmaRange) -> f64 {
    if range.min > 0.0 { range.min } else { 0.01_f64.min(1e-3 * range.max) }
}

/// From `low` to `high`, even in the logarithm.
fn between([low, high]: [f64; 2], share: f64) -> f64 {
    low * libm::pow(high / low, share)
}

/// A whole number from `low` to `high`, both of them among, even in the logarithm.
fn whole([low, high]: [u32; 2], share: f64) -> u32 {
    (between([f64::from(low), f64::from(high) + 1.0], share) as u32).clamp(low, high.max(low))
}

/// The one of `all` at `share`.
fn one_of<T: Copy, const N: usize>(all: [T; N], share: f64) -> T {
    all[((N as f64 * share) as usize).min(N - 1)]
}

/// `x` to three digits, as a person would write it.
pub(super) fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}
