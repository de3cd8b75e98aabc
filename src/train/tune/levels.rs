//! The noise levels of a setting, moved one by one to where its samples are nearer to the data: a compass search, whose steps are of
//! a length for each level. With few evaluations much depends on where they are (Sabour et al. 2024), and no spacing of one parameter has it.

use super::Trial;
use super::settings::{least_level, rounded};
use crate::sampler::{AncestralSpec, ProbabilityFlowSpec, SamplerSpec, SigmaRange};
use crate::train::evaluate::frechet::Estimate;
use anyhow::Result;

/// How far a level goes at first, of the way to its neighbour in the logarithm. When neither up nor down is right: half as far.
const REACH: f64 = 0.5;
/// When it is: so much further, but never to the neighbour.
const GROWTH: f64 = 1.3;
const MOST_REACH: f64 = 0.9;
/// What is the whole way for η.
const ETA: f64 = 0.6;

/// Moves η of `start`, and each of its levels but the first, up and down in turn, and on from there where `measure` finds the
/// samples nearer; `moves` times at most, and not at all where there is none of them. The moves that were right, the best last.
///
/// # Errors
/// Those of `measure`.
pub fn move_levels(
    start: &Trial,
    range: SigmaRange,
    moves: usize,
    mut measure: impl FnMut(&SamplerSpec) -> Result<Option<Estimate>>,
) -> Result<Vec<Trial>> {
    let mut right = Vec::new();
    let Some(mut place) = Place::of(&start.sampler, range) else { return Ok(right) };
    let mut least = start.frechet.map_or(f64::INFINITY, |frechet| frechet.distance);
    let (mut left, mut tried) = (moves, true);
    // Levels that are next to each other in their three digits cannot be moved.
    while std::mem::take(&mut tried) {
        for coordinate in (0..place.ways.len()).rev() {
            let Way { up, .. } = place.ways[coordinate];
            let mut stays = true;
            let ways = [up, !up].map(|up| place.moved(coordinate, up));
            for (moved, sampler) in ways.into_iter().flatten() {
                if left == 0 {
                    return Ok(right);
                }
                (left, tried) = (left - 1, true);
                let frechet = measure(&sampler)?;
                if let Some(found) = frechet.filter(|found| found.distance < least) {
                    right.push(Trial { sampler, frechet });
                    (least, place, stays) = (found.distance, moved, false);
                    break;
                }
            }
            if stays {
                place.ways[coordinate].reach /= 2.0;
            }
        }
    }
    Ok(right)
}

/// Where the levels are, and how each is to be moved next.
#[derive(Clone)]
struct Place {
    /// What says all but the levels and η.
    base: SamplerSpec,
    range: SigmaRange,
    sigmas: Vec<f64>,
    eta: Option<f64>,
    /// Of the second level and of those after it, and then of η.
    ways: Vec<Way>,
}

#[derive(Clone, Copy)]
struct Way {
    /// Of the way to the neighbour.
    reach: f64,
    /// Whether up comes first.
    up: bool,
}

impl Place {
    fn of(base: &SamplerSpec, range: SigmaRange) -> Option<Self> {
        let eta = match base {
            SamplerSpec::Ancestral(spec) => Some(spec.eta.unwrap_or(1.0)),
            _ => None,
        };
        let sampler = base.resolve(None, range).ok()?;
        let mut sigmas: Vec<f64> = (0..sampler.evaluations()).map(|k| f64::from(sampler.sigma(k))).collect();
        // Heun's method is at every level but the first twice.
        sigmas.dedup();
        let short: Vec<f64> = sigmas.iter().map(|&sigma| rounded(sigma).clamp(range.min, range.max)).collect();
        if short.is_sorted_by(|before, after| after < before) {
            sigmas = short;
        }
        let ways = vec![Way { reach: REACH, up: true }; sigmas.len() - 1 + usize::from(eta.is_some())];
        let place = Self { base: base.clone(), range, sigmas, eta, ways };
        let named = place.setting()?.resolve(None, range).ok()?;
        (named.evaluations() == sampler.evaluations()).then_some(place)
    }

    /// With one more move of a coordinate, and the setting that this is; none where it cannot go there.
    fn moved(&self, coordinate: usize, up: bool) -> Option<(Self, SamplerSpec)> {
        let mut moved = self.clone();
        let Way { reach, .. } = self.ways[coordinate];
        match (self.sigmas.get(coordinate + 1), self.eta) {
            (Some(&sigma), _) => {
                let below = self.sigmas.get(coordinate + 2).copied().unwrap_or(least_level(self.range));
                let neighbour = if up { self.sigmas[coordinate] } else { below };
                let sigma = rounded(sigma * libm::pow(neighbour / sigma, reach));
                moved.sigmas[coordinate + 1] = sigma.clamp(self.range.min, self.range.max);
            }
            (None, eta) => {
                let change = if up { ETA * reach } else { -ETA * reach };
                moved.eta = eta.map(|eta| rounded((eta + change).max(0.0)));
            }
        }
        moved.ways[coordinate] = Way { reach: (GROWTH * reach).min(MOST_REACH), up };
        let differs = (&moved.sigmas, moved.eta) != (&self.sigmas, self.eta);
        let setting = moved.setting()?;
        let sampler = setting.resolve(None, self.range).ok()?;
        (differs && sampler.warnings().is_empty()).then_some((moved, setting))
    }

    /// With every level named; none where the method goes down none that could be.
    fn setting(&self) -> Option<SamplerSpec> {
        let (sigmas, eta) = (Some(self.sigmas.clone()), self.eta);
        match &self.base {
            &SamplerSpec::Ancestral(AncestralSpec { solver, init, .. }) => {
                Some(SamplerSpec::Ancestral(AncestralSpec { solver, init, sigmas, eta, ..AncestralSpec::default() }))
            }
            &SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec { solver, init, .. }) => {
                let spec = ProbabilityFlowSpec { solver, init, sigmas, ..ProbabilityFlowSpec::default() };
                Some(SamplerSpec::ProbabilityFlow(spec))
            }
            SamplerSpec::Langevin(_) | SamplerSpec::AnnealedLangevin(_) | SamplerSpec::PredictorCorrector(_) => None,
        }
    }
}
