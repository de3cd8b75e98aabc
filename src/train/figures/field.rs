//! A density and its score.

use super::plane::{Plane, draws, panel, score};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Figure, Style, arrows, palette};
use anyhow::Result;
use clap::Args;

/// The options of `plot field`.
#[derive(Args, Debug)]
pub struct Field {
    #[command(flatten)]
    plane: Plane,
    /// The noise level; by default the smallest that is known.
    #[arg(long)]
    sigma: Option<f64>,
    /// Exact draws for the mean of the score's square.
    #[arg(long, default_value_t = 10_000, value_parser = at_least_one)]
    draws: usize,
    /// Their seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Arrows along a side.
const ARROWS: usize = 21;

impl Field {
    /// p_σ in shades and its score in arrows; in numbers E‖s‖ and E‖s‖² over p_σ, and the longest arrow.
    ///
    /// # Errors
    /// Where p_σ is not known.
    pub fn draw(&self) -> Result<Drawing> {
        let (density, window) = (self.plane.density(), self.plane.window());
        let sigma = self.plane.sigma(self.sigma)?;
        let length = |[u, v]: [f64; 2]| libm::hypot(u, v);
        let mut longest = 0.0_f64;
        arrows(window, window, ARROWS, 1.0, |at| {
            let score = score(density, at, sigma);
            longest = longest.max(length(score));
            score
        });
        let field = arrows(window, window, ARROWS, longest, |at| score(density, at, sigma));
        let lengths: Vec<f64> = draws(density, sigma, self.seed, self.draws)
            .chunks_exact(2)
            .map(|x| length(score(density, [x[0], x[1]], sigma)))
            .collect();
        let mean = |f: fn(f64) -> f64| lengths.iter().copied().map(f).sum::<f64>() / lengths.len() as f64;

        let mut table = Table::new(["σ", "E‖s‖", "E‖s‖²", "longest arrow"]);
        let numbers = [mean(|s| s), mean(|s| s * s), longest];
        table.row(std::iter::once(sigma.to_string()).chain(numbers.map(|number| format!("{number:.2}"))));
        let panel = panel(density, sigma, window, 460).arrows(field, Style::new(palette::INK, 1.0));
        Ok(Drawing { figure: Figure::row(vec![panel]), numbers: table.to_string() })
    }
}
