//! `smld-train sweep`: quality against evaluations.

use super::comparison::{Comparison, Opened, data, features, fits, judge};
use super::{bar, distance};
use crate::sampler::SamplerSpec;
use crate::score::onnx::{Provider, score_sha256};
use crate::train::evaluate::Judge;
use crate::train::evaluate::sweep::{self, Point, SAMPLERS};
use crate::train::lock::Lock;
use crate::train::sample::load;
use crate::train::{files, terminal};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Compare samples of several samplers at several numbers of evaluations with the data.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld-train sweep models/mnist.onnx --data data/mnist --features models/features/mnist.onnx --json quality.json\n  \
    smld-train sweep models/mnist.onnx --data data/mnist --features models/features/mnist.onnx --json quality.json \\\n      \
    --evaluations 500,1000 --sampler '{\"method\":\"ancestral\"}'\n  \
    smld-train plot quality quality.json --out quality.svg\n\n\
    The file has every distance as soon as it is known: what is in it is not measured again, and more samplers and numbers of \
    evaluations are added to it. The table has all that the file has.")]
pub(super) struct Sweep {
    /// The score network file to draw from.
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    #[command(flatten)]
    comparison: Comparison,
    /// How many samples are drawn for each distance.
    #[arg(long, default_value_t = 1000)]
    n: u32,
    /// The numbers of evaluations that a chain may have. A sampler's steps or levels are as many as fit: exactly so many
    /// evaluations, or as few less as can be.
    #[arg(long, value_delimiter = ',', default_value = "8,17,35,100", value_parser = clap::value_parser!(u32).range(1..))]
    evaluations: Vec<u32>,
    /// A sampler as JSON, as '{"method":"ancestral","rho":5}'; its steps or levels follow from the evaluations. May be given
    /// several times. By default every method that goes down the noise levels, ancestral sampling by
    /// `dpmpp2m` and `ddpm`, the probability flow by `heun` and `dpmpp2m`.
    #[arg(long = "sampler", value_name = "SAMPLER")]
    samplers: Vec<SamplerSpec>,
    /// The seed of the samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The file of distances, read where it is there and written after each.
    #[arg(long, value_name = "FILE.json")]
    json: PathBuf,
}

impl Sweep {
    pub(super) fn run(self) -> Result<()> {
        files::place("--json", &self.json)?;
        let _alone = alone(&self.json)?;
        files::look("--json", &self.json)?;
        let known = sweep::Sweep::open(&self.json)?;
        let Opened { runtime, split, network, threads } = self.comparison.open()?;
        let model = load(&runtime, &self.model, Provider::Cpu, threads)?;
        let info = model.info();
        let file = std::fs::read(&self.model).with_context(|| format!("{} cannot be read", self.model.display()))?;
        fits(info, split.data().shape())?;
        let about = json!({
            "smld": env!("CARGO_PKG_VERSION"),
            "model": {"name": info.name, "score_sha256": score_sha256(&file)?},
            "data": data(&split),
            "features": features(network.as_ref()),
            "n": self.n,
            "seed": self.seed,
        });
        if let Some(known) = &known {
            known.check(&about).with_context(|| self.json.display().to_string())?;
        }
        let mut points = Vec::new();
        for &budget in &self.evaluations {
            for asked in self.samplers()? {
                points.push(Point::new(&asked, budget, &info.sampler, info.sigma_range())?);
            }
        }
        points.retain(|point| !known.as_ref().is_some_and(|known| known.has(point)));
        // What is cheap comes first: a sweep that is broken off has a table of few evaluations.
        points.sort_by_key(|point| point.budget);
        let sweep = match known {
            Some(known) if points.is_empty() => known,
            known => {
                let (mut judge, held_out) = judge(&split, network, &model, threads, self.n)?;
                let held_out = judge.mark(&held_out, self.n as usize)?.estimate();
                let points_before = known.map_or_else(Vec::new, |known| known.points);
                let mut sweep = sweep::Sweep { about, held_out, points: points_before };
                self.measure(&mut judge, points, &mut sweep)?;
                sweep
            }
        };
        terminal::print(&format!("Fréchet distance of {} samples of '{}'\n\n{sweep}", self.n, sweep.model()));
        Ok(())
    }

    /// Measures `points` and adds each to `sweep` and to its file.
    fn measure(&self, judge: &mut Judge<'_>, points: Vec<Point>, sweep: &mut sweep::Sweep) -> Result<()> {
        let total: usize = points.iter().map(|point| point.evaluations as usize * self.n as usize).sum();
        let bar = bar("evaluations", total);
        for mut point in points {
            let evaluations = u64::from(point.evaluations);
            let rows = judge.draw(&point.sampler, self.seed, 0..self.n, || bar.inc(evaluations))?;
            point.frechet = rows.map(|rows| judge.distance(&rows)).transpose()?.map(|found| found.estimate());
            let line = format!("{evaluations:>5}  {}  {}", distance(point.frechet), sweep::name(&point.asked));
            sweep.put(point);
            sweep.save(&self.json)?;
            bar.suspend(|| terminal::tell(&line));
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn samplers(&self) -> Result<Vec<SamplerSpec>> {
        if self.samplers.is_empty() {
            return Ok(SAMPLERS.into_iter().map(serde_json::from_str).collect::<Result<_, _>>()?);
        }
        Ok(self.samplers.clone())
    }
}

/// The file at `path` for this process alone: of two that have read it each would write only its own distances. The lock stands
/// beside it, for the file itself is another after every distance.
fn alone(path: &Path) -> Result<Lock> {
    let busy = format!(
        "another smld-train sweep is adding to {}: wait until it is over, or give another --json",
        path.display()
    );
    Lock::take(&path.with_added_extension("lock"), &busy)
}
