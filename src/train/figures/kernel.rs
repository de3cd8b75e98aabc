//! Kernel densities of a few points against the density that these were drawn from.

use super::plane::{Plane, draws, panel};
use super::{Drawing, Table, at_least_one, relative_error};
use crate::plot::{Figure, Style, palette};
use crate::score::density::{Density, Kernel as KernelDensity};
use anyhow::Result;
use clap::Args;

/// The options of `plot kernel`.
#[derive(Args, Debug)]
pub struct Kernel {
    #[command(flatten)]
    plane: Plane,
    /// The noise level of the density; by default the smallest that is known.
    #[arg(long)]
    sigma: Option<f64>,
    /// The bandwidths h.
    #[arg(long, value_delimiter = ',', default_value = "0.03,0.15,0.6")]
    bandwidths: Vec<f64>,
    /// How many points are known.
    #[arg(long, default_value_t = 200, value_parser = at_least_one)]
    points: usize,
    /// Their seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Fresh draws at which scores are compared.
const DRAWS: usize = 2000;

impl Kernel {
    /// The truth and the kernel density for each bandwidth, with the points; in numbers the error of each score,
    /// E‖∇log q_h − s‖²/E‖s‖² over fresh draws from the truth.
    ///
    /// # Errors
    /// Where the density is not known or a bandwidth cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        let (density, window) = (self.plane.density(), self.plane.window());
        let sigma = self.plane.sigma(self.sigma)?;
        let known: Vec<Vec<f64>> =
            draws(density, sigma, self.seed, self.points).chunks_exact(2).map(<[f64]>::to_vec).collect();
        let fresh = draws(density, sigma, self.seed.wrapping_add(1), DRAWS);
        let dots = || {
            let at = known.iter().map(|x| [x[0], x[1]]).collect();
            (at, Style::new(palette::VERMILION, 1.5).faded(0.8))
        };
        let (at, style) = dots();
        let truth = panel(density, sigma, window, 230).title(format!("p and {} points", self.points)).points(at, style);
        let mut panels = vec![truth];
        let mut table = Table::new(["h", "error of the score"]);
        for &bandwidth in &self.bandwidths {
            let kernel = KernelDensity::new(&known, bandwidth)?;
            let (at, style) = dots();
            panels.push(panel(&kernel, 0.0, window, 230).title(format!("h = {bandwidth}")).points(at, style));
            let error = relative_error(&fresh, 2, |x, s| density.score(x, sigma, s), |x, s| kernel.score(x, 0.0, s));
            table.row([bandwidth.to_string(), format!("{error:.3}")]);
        }
        Ok(Drawing { figure: Figure::row(panels), numbers: table.to_string() })
    }
}
