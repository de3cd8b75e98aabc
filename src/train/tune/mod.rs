//! A search for the parameters of a sampler at a fixed number of evaluations: successive halving (Jamieson & Talwalkar 2016)
//! over settings that fill the range of each parameter evenly.
//!
//! Every setting has a few samples drawn; the best third of them have three times as many, and so on. Image i begins with the
//! same noise whatever the setting, and rows that were drawn stay: a later round draws only what it has more. Of the best the
//! noise levels are then moved one by one. It was chosen by the samples that it is known by, which flatters it; so it is compared
//! with the default on fresh ones.

mod halton;
mod levels;
mod settings;

pub use halton::halton;
pub use levels::move_levels;
pub use settings::settings;

use super::evaluate::Judge;
use super::evaluate::frechet::{Estimate, Jackknife};
use crate::sampler::SamplerSpec;
use anyhow::Result;
use serde::Serialize;
use tch::Tensor;

/// A round keeps one setting in so many and draws as many times the samples.
const RATIO: usize = 3;

/// How many samples are drawn of how many settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// The settings that are left.
    pub settings: usize,
    /// The samples that each has.
    pub samples: u32,
}

/// A setting and its distance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The setting.
    pub sampler: SamplerSpec,
    /// The distance of its samples from the training rows; none where they diverge.
    pub frechet: Option<Estimate>,
}

/// The best setting beside the default, on samples that neither was chosen on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// How many samples were compared.
    pub samples: u32,
    /// The best.
    pub best: Trial,
    /// The default.
    pub default: Trial,
    /// How much further the default is, with the standard error of the difference; none where one of them diverges.
    pub gain: Option<Estimate>,
}

/// The rounds of a search over `trials` settings that begins with `samples` of each: thirds, as long as two are left.
///
/// ```
/// let rounds = smld::train::tune::rounds(40, 256);
/// assert_eq!(rounds.iter().map(|round| (round.settings, round.samples)).collect::<Vec<_>>(), [(40, 256), (13, 768), (4, 2304)]);
/// ```
#[must_use]
pub fn rounds(trials: usize, samples: u32) -> Vec<Round> {
    let third = |round: &Round| {
        let settings = round.settings / RATIO;
        (settings > 1).then_some(Round { settings, samples: round.samples.saturating_mul(RATIO as u32) })
    };
    std::iter::successors(Some(Round { settings: trials, samples }), third).collect()
}

/// How many samples the search over `rounds` and `moves` draws at most, with those of the verdict.
#[must_use]
pub fn cost(rounds: &[Round], moves: usize) -> u64 {
    let mut before = 0;
    let search: u64 = rounds
        .iter()
        .map(|round| round.settings as u64 * u64::from(round.samples - std::mem::replace(&mut before, round.samples)))
        .sum();
    search + (moves as u64 + 2) * u64::from(before)
}

/// Goes through `rounds` over `settings`, as many as the first of them has, with the samples of `seed`. `each` is called after
/// every sample, `told` after every round with its trials, the best first. The best of the last; none where all diverge.
///
/// # Errors
/// As [`Judge::draw`] and [`Judge::distance`].
pub fn search(
    judge: &mut Judge<'_>,
    settings: Vec<SamplerSpec>,
    rounds: &[Round],
    seed: u64,
    mut each: impl FnMut(),
    mut told: impl FnMut(&Round, &[Trial]),
) -> Result<Option<Trial>> {
    let unknown = |sampler| (Trial { sampler, frechet: None }, None);
    let mut left: Vec<(Trial, Option<Tensor>)> = settings.into_iter().map(unknown).collect();
    let mut before = 0;
    for round in rounds {
        let mut ranked = Vec::new();
        for (Trial { sampler, .. }, drawn) in left.drain(..).take(round.settings) {
            let fresh = judge.draw(&sampler, seed, before..round.samples, &mut each)?;
            let rows = fresh.map(|fresh| match drawn {
                Some(drawn) => Tensor::cat(&[drawn, fresh], 0),
                None => fresh,
            });
            let frechet = rows.as_ref().map(|rows| judge.distance(rows)).transpose()?.map(|found| found.estimate());
            ranked.push((Trial { sampler, frechet }, rows));
        }
        let far = |trial: &Trial| trial.frechet.map_or(f64::INFINITY, |frechet| frechet.distance);
        ranked.sort_by(|(a, _), (b, _)| far(a).total_cmp(&far(b)));
        let trials: Vec<Trial> = ranked.iter().map(|(trial, _)| trial.clone()).collect();
        told(round, &trials);
        // A chain that diverged does so with every further sample.
        left.extend(ranked.into_iter().filter(|(_, rows)| rows.is_some()));
        before = round.samples;
    }
    Ok(left.into_iter().next().map(|(best, _)| best))
}

/// Compares `best` with `default` on `samples` of `seed`, one that the search did not have.
///
/// # Errors
/// As [`Judge::draw`] and [`Judge::distance`].
pub fn verdict(
    judge: &mut Judge<'_>,
    [best, default]: [SamplerSpec; 2],
    samples: u32,
    seed: u64,
    mut each: impl FnMut(),
) -> Result<Verdict> {
    let mut drawn = |sampler: &SamplerSpec| measure(judge, sampler, samples, seed, &mut each);
    let of_best = drawn(&best)?;
    let of_default = if default == best { of_best.clone() } else { drawn(&default)? };
    let gain = of_default.as_ref().zip(of_best.as_ref()).map(|(default, best)| default.beyond(best));
    let trial = |sampler, found: Option<Jackknife>| Trial { sampler, frechet: found.map(|found| found.estimate()) };
    Ok(Verdict { samples, best: trial(best, of_best), default: trial(default, of_default), gain })
}

/// The distance of the first `samples` of `seed`; none where they diverge. `each` is called after every sample.
///
/// # Errors
/// As [`Judge::draw`] and [`Judge::distance`].
pub fn measure(
    judge: &mut Judge<'_>,
    sampler: &SamplerSpec,
    samples: u32,
    seed: u64,
    each: impl FnMut(),
) -> Result<Option<Jackknife>> {
    let rows = judge.draw(sampler, seed, 0..samples, each)?;
    rows.map(|rows| judge.distance(&rows)).transpose()
}

impl Verdict {
    /// Whether the best is better than the default by more than two standard errors, or than a default that diverges.
    #[must_use]
    pub fn is_better(&self) -> bool {
        match self.gain {
            Some(gain) => gain.distance > 2.0 * gain.standard_error,
            None => self.best.frechet.is_some(),
        }
    }
}
