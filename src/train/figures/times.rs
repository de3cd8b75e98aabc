//! A cloud of chains on its way into p.

use super::chains::{Chains, sampler};
use super::plane::{Plane, draws, panel, points};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Figure, Style, palette};
use crate::sampler::{Init, LangevinSpec, SamplerSpec};
use anyhow::{Result, ensure};
use clap::Args;

/// The options of `plot times`.
#[derive(Args, Debug)]
pub struct Times {
    #[command(flatten)]
    plane: Plane,
    /// The noise level; by default the smallest that is known.
    #[arg(long)]
    sigma: Option<f64>,
    /// The step size.
    #[arg(long, default_value_t = 0.01)]
    tau: f64,
    /// After how many steps the chains are shown.
    #[arg(long, value_delimiter = ',', default_value = "0,10,100,1000")]
    times: Vec<u32>,
    /// How many chains.
    #[arg(long, default_value_t = 2000, value_parser = at_least_one)]
    chains: usize,
    /// The standard deviation with which they begin about the origin.
    #[arg(long, default_value_t = 0.2)]
    deviation: f64,
    /// The seed of beginnings and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Exact draws to compare with.
const DRAWS: usize = 100_000;

impl Times {
    /// The same chains over p_σ at several times; in numbers their mean, standard deviation and mean log p_σ, and those of p_σ
    /// itself from exact draws.
    ///
    /// # Errors
    /// Where p_σ is not known or a parameter cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        ensure!(self.times.is_sorted(), "--times must rise, as 0,10,100,1000");
        let (density, model, window) = (self.plane.density(), self.plane.ready()?, self.plane.window());
        let sigma = self.plane.sigma(self.sigma)?;
        let spec = LangevinSpec {
            sigma: Some(sigma),
            tau: Some(self.tau),
            steps: Some(self.times.iter().copied().max().unwrap_or(0).max(1)),
            noise: Some(true),
            denoise: Some(false),
            init: Some(Init::Normal { deviation: self.deviation }),
        };
        let sampler = sampler(&SamplerSpec::Langevin(spec), &model)?;
        let chains = Chains { model: &model, sampler: &sampler, seed: self.seed, count: self.chains, label: None };
        let mut table = Table::new(["t", "mean x₁", "mean x₂", "deviation x₁", "deviation x₂", "mean log p"]);
        let mut row = |name: String, points: &[[f64; 2]]| {
            let mean = |f: &dyn Fn(&[f64; 2]) -> f64| points.iter().map(f).sum::<f64>() / points.len() as f64;
            let means = [0, 1].map(|axis| mean(&|x| x[axis]));
            let deviations = [0, 1].map(|axis| mean(&|x| (x[axis] - means[axis]).powi(2)).sqrt());
            let log = mean(&|x| density.log_density(x, sigma));
            let numbers = means.into_iter().chain(deviations).chain([log]);
            table.row(std::iter::once(name).chain(numbers.map(|number| format!("{number:.3}"))));
        };
        let mut panels = Vec::new();
        for (time, x) in self.times.iter().zip(chains.at(&self.times)?) {
            let points = points(&x);
            row(time.to_string(), &points);
            let dots = Style::new(palette::VERMILION, 1.2).faded(0.5);
            panels.push(panel(density, sigma, window, 230).title(format!("t = {time}")).points(points, dots));
        }
        let exact: Vec<[f64; 2]> =
            draws(density, sigma, self.seed, DRAWS).chunks_exact(2).map(|x| [x[0], x[1]]).collect();
        row("p".to_owned(), &exact);
        Ok(Drawing { figure: Figure::row(panels), numbers: table.to_string() })
    }
}
