//! Langevin dynamics with its noise and without.

use super::chains::{Chains, sampler};
use super::plane::{Plane, panel, points};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Figure, Style, palette};
use crate::sampler::{Init, LangevinSpec, SamplerSpec};
use anyhow::Result;
use clap::Args;

/// The options of `plot paths`.
#[derive(Args, Debug)]
pub struct Paths {
    #[command(flatten)]
    plane: Plane,
    /// The noise level; by default the smallest that is known.
    #[arg(long)]
    sigma: Option<f64>,
    /// The step size.
    #[arg(long, default_value_t = 0.01)]
    tau: f64,
    /// The number of steps.
    #[arg(long, default_value_t = 500)]
    steps: u32,
    /// How many chains, each of its own colour up to six.
    #[arg(long, default_value_t = 6, value_parser = at_least_one)]
    chains: usize,
    /// The seed of beginnings and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Paths {
    /// The paths of the same chains, over p_σ, without noise and with it; in numbers where each ends, and log p_σ there.
    ///
    /// # Errors
    /// Where p_σ is not known or a parameter cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        let (density, model, window) = (self.plane.density(), self.plane.ready()?, self.plane.window());
        let sigma = self.plane.sigma(self.sigma)?;
        let times: Vec<u32> = (0..=self.steps).collect();
        let mut table = Table::new(["chain", "noise", "end x₁", "end x₂", "log p"]);
        let mut panels = Vec::new();
        for (noise, title) in [(false, "without noise: ascent to the peaks"), (true, "with noise: samples of p")] {
            let spec = LangevinSpec {
                sigma: Some(sigma),
                tau: Some(self.tau),
                steps: Some(self.steps),
                noise: Some(noise),
                denoise: Some(false),
                init: Some(Init::Uniform { low: window[0], high: window[1] }),
            };
            let sampler = sampler(&SamplerSpec::Langevin(spec), &model)?;
            let chains = Chains { model: &model, sampler: &sampler, seed: self.seed, count: self.chains, label: None };
            let seen = chains.at(&times)?;
            let mut panel = panel(density, sigma, window, 380).title(title);
            for chain in 0..self.chains {
                let path: Vec<[f64; 2]> = seen.iter().map(|x| points(&x[2 * chain..2 * chain + 2])[0]).collect();
                let (start, end) = (path[0], path[path.len() - 1]);
                let colour = palette::SERIES[chain % palette::SERIES.len()];
                let width = if noise { 0.8 } else { 1.8 };
                panel = panel
                    .line(path, Style::new(colour, width))
                    .points(vec![start], Style::new(colour, 4.0))
                    .points(vec![end], Style::new(palette::INK, 3.0));
                let log = density.log_density(&end, sigma);
                let cells = [end[0], end[1], log].map(|number| format!("{number:.3}"));
                let name = [(chain + 1).to_string(), if noise { "yes" } else { "no" }.to_owned()];
                table.row(name.into_iter().chain(cells));
            }
            panels.push(panel);
        }
        Ok(Drawing { figure: Figure::row(panels), numbers: table.to_string() })
    }
}
