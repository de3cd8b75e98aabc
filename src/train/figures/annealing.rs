//! One noise level against a ladder of them, on two modes of unequal weight.

use super::chains::{Chains, sampler};
use super::plane::{draws, panel, points};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Figure, Style, palette};
use crate::sampler::{AnnealedLangevinSpec, Init, LangevinSpec, SamplerSpec};
use crate::score::density::{DensityModel, by_name};
use crate::score::prepare;
use anyhow::{Context, Result};
use clap::Args;
use std::sync::Arc;

/// The options of `plot annealing`.
#[derive(Args, Debug)]
pub struct Annealing {
    /// How many chains of each kind.
    #[arg(long, default_value_t = 4000, value_parser = at_least_one)]
    chains: usize,
    /// The seed of beginnings and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The density: 0.2 N((−5, −5), I) + 0.8 N((5, 5), I).
const DENSITY: &str = "mixture";
/// The square in which all chains begin, each place as likely.
const INIT: Init = Init::Uniform { low: -8.0, high: 8.0 };
/// The most chains that are shown: of more the dots hide the density.
const SHOWN: usize = 4000;
/// The square that is shown.
const WINDOW: [f64; 2] = [-9.5, 9.5];
/// The weight of the mode at (−5, −5).
const WEIGHT: f64 = 0.2;

/// Plain Langevin dynamics on p itself, of as many steps as the ladder has in all.
fn plain() -> SamplerSpec {
    SamplerSpec::Langevin(LangevinSpec {
        sigma: Some(0.0),
        tau: Some(0.1),
        steps: Some(1000),
        noise: Some(true),
        denoise: Some(false),
        init: Some(INIT),
    })
}

/// Ten levels from `sigma_max` to 0.1 of `steps` steps each, τᵢ = 0.1 σᵢ².
fn ladder(sigma_max: f64, steps: u32) -> SamplerSpec {
    const LAST: f64 = 0.1;
    SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
        sigma_max: Some(sigma_max),
        sigma_min: Some(LAST),
        levels: Some(10),
        steps_per_level: Some(steps),
        epsilon: Some(0.1 * LAST * LAST),
        denoise: Some(true),
        init: Some(INIT),
    })
}

impl Annealing {
    /// Where chains of each kind end, with the part of them that each mode has, beside exact draws; in numbers that of the
    /// mode of weight 0.2, with its standard error, for these and for two ladders that are too short.
    ///
    /// # Errors
    /// Where a chain fails.
    pub fn draw(&self) -> Result<Drawing> {
        let density = by_name(DENSITY).context("the mixture has no density")?;
        let model = prepare(Arc::new(DensityModel::new(DENSITY, Arc::clone(&density))), &[1])?;
        let mut table = Table::new(["sampler", "evaluations", "weight of the small mode", "standard error"]);
        let mut row = |name: &str, evaluations: u32, points: &[[f64; 2]]| {
            let weight = points.iter().filter(|x| x[0] + x[1] < 0.0).count() as f64 / points.len() as f64;
            let error = (weight * (1.0 - weight) / points.len() as f64).sqrt();
            table.row([name.to_owned(), evaluations.to_string(), format!("{weight:.3}"), format!("{error:.3}")]);
            weight
        };
        let draw = |title: &str, mut points: Vec<[f64; 2]>, weight: f64| {
            points.truncate(SHOWN);
            let dots = Style::new(palette::VERMILION, 1.2).faded(0.5);
            panel(density.as_ref(), 0.0, WINDOW, 270)
                .title(title)
                .points(points, dots)
                .text([-5.0, -0.4], format!("{weight:.2}"))
                .text([5.0, 0.4], format!("{:.2}", 1.0 - weight))
        };
        let run = |spec: &SamplerSpec| -> Result<(u32, Vec<[f64; 2]>)> {
            let sampler = sampler(spec, &model)?;
            let chains = Chains { model: &model, sampler: &sampler, seed: self.seed, count: self.chains, label: None };
            Ok((sampler.evaluations(), points(&chains.ends()?)))
        };
        let mut panels = Vec::new();
        for (name, title, spec) in [("one σ", "one σ", plain()), ("σ 20 to 0.1", "annealed", ladder(20.0, 100))] {
            let (evaluations, ends) = run(&spec)?;
            let weight = row(name, evaluations, &ends);
            panels.push(draw(title, ends, weight));
        }
        for (name, spec) in [("σ 3 to 0.1", ladder(3.0, 100)), ("σ 20 to 0.1, T = 10", ladder(20.0, 10))] {
            let (evaluations, ends) = run(&spec)?;
            row(name, evaluations, &ends);
        }
        let exact: Vec<[f64; 2]> =
            draws(density.as_ref(), 0.0, self.seed, self.chains).chunks_exact(2).map(|x| [x[0], x[1]]).collect();
        row("exact draws", 0, &exact);
        panels.push(draw("exact draws", exact, WEIGHT));
        Ok(Drawing { figure: Figure::row(panels), numbers: table.to_string() })
    }
}
