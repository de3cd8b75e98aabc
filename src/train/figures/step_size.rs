//! What the step size does to the variance.

use super::chains::{Chains, sampler};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Axis, Figure, Panel, Style, palette};
use crate::sampler::{Init, LangevinSpec, SamplerSpec};
use crate::score::density::{DensityModel, Gaussian};
use crate::score::prepare;
use anyhow::Result;
use clap::Args;
use std::sync::Arc;

/// The options of `plot step-size`.
#[derive(Args, Debug)]
pub struct StepSize {
    /// v, the variance of the normal density that is sampled.
    #[arg(long, default_value_t = 1.0)]
    variance: f64,
    /// The step sizes, in units of v.
    #[arg(long, value_delimiter = ',', default_value = "0.01,0.1,0.25,0.5,0.75,1,1.25,1.5,1.7,1.8,2.05")]
    taus: Vec<f64>,
    /// How many chains for each.
    #[arg(long, default_value_t = 10_000, value_parser = at_least_one)]
    chains: usize,
    /// The seed of beginnings and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The range of τ that is drawn, and of the variance, in units of v.
const SHOWN: [[f64; 2]; 2] = [[0.0, 2.2], [0.0, 11.0]];
/// No chain is longer.
const MOST: u32 = 2000;

/// How many steps until a beginning at p itself has been forgotten: (1 − τ/v)²ᵀ below 1e-6. Where it never is, a hundred.
fn steps(tau: f64) -> u32 {
    let kept = (1.0 - tau).abs();
    if kept >= 1.0 {
        100
    } else {
        (libm::log(1e-6) / (2.0 * libm::log(kept))).ceil().clamp(1.0, f64::from(MOST)) as u32
    }
}

impl StepSize {
    /// The variance that chains on N(0, v) reach against v/(1 − τ/2v), with two standard errors; in numbers the same.
    ///
    /// # Errors
    /// Where a parameter cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        let density = Gaussian::isotropic(vec![0.0], self.variance)?;
        let model = prepare(Arc::new(DensityModel::new("normal", Arc::new(density))), &[1])?;
        let stationary = |tau: f64| 1.0 / (1.0 - 0.5 * tau);
        let mut table = Table::new(["τ/v", "steps", "variance/v", "standard error", "1/(1 − τ/2v)"]);
        let curve = (0..=400).map(|i| 0.005 * f64::from(i)).map(|tau| [tau, stationary(tau)]).collect();
        let [x, y] = SHOWN;
        let mut panel =
            Panel::new([520, 320], Axis::named(x, "step size τ/v"), Axis::named(y, "variance of the chains/v"))
                .line(vec![[0.0, 1.0], [x[1], 1.0]], Style::new(palette::GREY, 1.0).labelled("variance of p"))
                .line(curve, Style::new(palette::BLUE, 1.8).labelled("1/(1 − τ/2v)"))
                .line(
                    vec![[2.0, y[0]], [2.0, y[1]]],
                    Style::new(palette::VERMILION, 1.2).labelled("no bound from τ = 2v on"),
                );
        let mut measured = Vec::new();
        for &tau in &self.taus {
            let steps = steps(tau);
            let spec = LangevinSpec {
                sigma: Some(0.0),
                tau: Some(tau * self.variance),
                steps: Some(steps),
                noise: Some(true),
                denoise: Some(false),
                init: Some(Init::Normal { deviation: self.variance.sqrt() }),
            };
            let sampler = sampler(&SamplerSpec::Langevin(spec), &model)?;
            let chains = Chains { model: &model, sampler: &sampler, seed: self.seed, count: self.chains, label: None };
            let square = |x: f32| f64::from(x) * f64::from(x) / self.variance;
            let variance = chains.ends()?.into_iter().map(square).sum::<f64>() / self.chains as f64;
            // The ends are independent and normal, with the mean zero.
            let error = variance * (2.0 / self.chains as f64).sqrt();
            let exact = if tau < 2.0 { format!("{:.4}", stationary(tau)) } else { "none".to_owned() };
            table.row([tau.to_string(), steps.to_string(), number(variance), number(error), exact]);
            let bar = [variance - 2.0 * error, variance + 2.0 * error].map(|end| [tau, end]);
            panel = panel.line(bar.to_vec(), Style::new(palette::INK, 1.5));
            measured.push([tau, variance]);
        }
        let dots = Style::new(palette::INK, 3.0).labelled("chains, ± 2 standard errors");
        let panel = panel.points(measured, dots);
        Ok(Drawing { figure: Figure::row(vec![panel]), numbers: table.to_string() })
    }
}

/// A number that may be huge.
fn number(value: f64) -> String {
    if value < 1000.0 { format!("{value:.4}") } else { format!("{value:.1e}") }
}
