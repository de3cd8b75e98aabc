//! The noise levels of a setting, moved one by one to where its samples are nearer to the data: a pattern search (Hooke & Jeeves
//! 1961). With few evaluations much depends on where they are (Sabour et al. 2024), and no spacing of one parameter has it.

use super::Trial;
use super::settings::rounded;
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

/// Whether `setting` goes down levels that can be named.
#[must_use]
pub fn has_levels(setting: &SamplerSpec) -> bool {
    matches!(setting, SamplerSpec::Ancestral(_) | SamplerSpec::ProbabilityFlow(_))
}

/// Moves each level of `start` but the first, and η, up and down in turn, and on from there where `measure` finds the samples
/// nearer; `moves` times at most, and not at all where there are no levels. The moves that were right, the best last.
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
        for coordinate in 0..place.ways.len() {
            let Way { up, .. } = place.ways[coordinate];
            let mut stays = true;
            for moved in [up, !up].into_iter().filter_map(|up| place.moved(coordinate, up)).collect::<Vec<_>>() {
                if left == 0 {
                    return Ok(right);
                }
                (left, tried) = (left - 1, true);
                let sampler = moved.setting();
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
    /// Of the second level, of those after it, and of η.
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
            SamplerSpec::ProbabilityFlow(_) => None,
            _ => return None,
        };
        let sampler = base.resolve(None, range).ok()?;
        let sigma = |k| rounded(f64::from(sampler.sigma(k))).clamp(range.min, range.max);
        let mut sigmas: Vec<f64> = (0..sampler.evaluations()).map(sigma).collect();
        // Heun's method is at every level but the first twice.
        sigmas.dedup();
        let ways = vec![Way { reach: REACH, up: true }; sigmas.len() - 1 + usize::from(eta.is_some())];
        Some(Self { base: base.clone(), range, sigmas, eta, ways })
    }

    /// With one more move of a coordinate; none where it cannot go there.
    fn moved(&self, coordinate: usize, up: bool) -> Option<Self> {
        let mut moved = self.clone();
        let Way { reach, .. } = self.ways[coordinate];
        match (self.sigmas.get(coordinate + 1), self.eta) {
            (Some(&sigma), _) => {
                let below = self.sigmas.get(coordinate + 2).copied().unwrap_or(self.range.min);
                let neighbour = if up { self.sigmas[coordinate] } else { below };
                let sigma = rounded(sigma * libm::pow(neighbour / sigma, reach));
                moved.sigmas[coordinate + 1] = sigma.clamp(self.range.min, self.range.max);
            }
            (None, eta) => {
                moved.eta = eta.map(|eta| rounded((if up { ETA * reach } else { -ETA * reach } + eta).max(0.0)))
            }
        }
        moved.ways[coordinate] = Way { reach: (GROWTH * reach).min(MOST_REACH), up };
        let differs = (&moved.sigmas, moved.eta) != (&self.sigmas, self.eta);
        (differs && moved.setting().resolve(None, self.range).is_ok()).then_some(moved)
    }

    /// With every level named.
    fn setting(&self) -> SamplerSpec {
        let (sigmas, eta) = (Some(self.sigmas.clone()), self.eta);
        match &self.base {
            &SamplerSpec::Ancestral(AncestralSpec { solver, init, .. }) => {
                SamplerSpec::Ancestral(AncestralSpec { solver, init, sigmas, eta, ..AncestralSpec::default() })
            }
            &SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec { solver, init, .. }) => {
                SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec {
                    solver,
                    init,
                    sigmas,
                    ..ProbabilityFlowSpec::default()
                })
            }
            other => other.clone(),
        }
    }
}
