//! The kernel density's score in many dimensions.

use super::plane::draws;
use super::{Drawing, Table, at_least_one, relative_error};
use crate::plot::{Axis, Figure, Panel, Style, palette};
use crate::score::density::{Density, Gaussian, Kernel};
use anyhow::Result;
use clap::Args;

/// The options of `plot dimension`.
#[derive(Args, Debug)]
pub struct Dimension {
    /// The numbers of dimensions d.
    #[arg(long, value_delimiter = ',', value_parser = at_least_one, default_value = "1,2,3,5,7,10,20,30,50,70,100")]
    dimensions: Vec<usize>,
    /// The numbers of points M.
    #[arg(long, value_delimiter = ',', value_parser = at_least_one, default_value = "100,1000,10000")]
    points: Vec<usize>,
    /// Fresh draws from p at which scores are compared.
    #[arg(long, default_value_t = 500, value_parser = at_least_one)]
    draws: usize,
    /// The seed of points and draws.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Bandwidths are whole powers of this.
const RATIO: f64 = 1.1;

impl Dimension {
    /// The error E‖∇log q_h − s‖²/E‖s‖² over x ~ p, for p = N(0, I_d) with the score s(x) = −x and q_h the kernel density of M
    /// draws from p with the best bandwidth, against d; in numbers the same with the bandwidths.
    ///
    /// # Errors
    /// Where there are too many points.
    pub fn draw(&self) -> Result<Drawing> {
        let names: Vec<[String; 2]> =
            self.points.iter().map(|m| [format!("error, M = {m}"), format!("h, M = {m}")]).collect();
        let mut table = Table::new(std::iter::once("d").chain(names.as_flattened().iter().map(String::as_str)));
        let mut curves = vec![Vec::new(); self.points.len()];
        for &dim in &self.dimensions {
            let mut cells = vec![dim.to_string()];
            for (&points, curve) in self.points.iter().zip(&mut curves) {
                let (error, bandwidth) = self.best(dim, points)?;
                curve.push([dim as f64, error]);
                cells.extend([format!("{error:.3}"), format!("{bandwidth:.2}")]);
            }
            table.row(cells);
        }
        let most = self.dimensions.iter().copied().max().unwrap_or(1).max(2) as f64;
        let mut panel = Panel::new(
            [520, 320],
            Axis::named([1.0, most], "dimensions d").logarithmic(),
            Axis::named([0.0, 1.05], "E‖∇log q_h − s‖² / E‖s‖²"),
        )
        .line(vec![[1.0, 1.0], [most, 1.0]], Style::new(palette::GREY, 1.2).labelled("no score at all: 0 for s"));
        for ((points, curve), colour) in self.points.iter().zip(curves).zip(palette::SERIES.into_iter().cycle()) {
            let style = Style::new(colour, 1.8).labelled(format!("M = {points}"));
            panel = panel.line(curve.clone(), style).points(curve, Style::new(colour, 3.0));
        }
        Ok(Drawing { figure: Figure::row(vec![panel]), numbers: table.to_string() })
    }

    /// The least error in `dim` dimensions with `count` points, and its bandwidth: downhill over the powers of [`RATIO`]
    /// from the rule of thumb for scores, M^(−1/(d+6)).
    fn best(&self, dim: usize, count: usize) -> Result<(f64, f64)> {
        let normal = Gaussian::isotropic(vec![0.0; dim], 1.0)?;
        let points: Vec<Vec<f64>> = draws(&normal, 0.0, self.seed, count).chunks(dim).map(<[f64]>::to_vec).collect();
        let fresh = draws(&normal, 0.0, self.seed.wrapping_add(1), self.draws);
        let error = |power: i32| -> Result<f64> {
            let kernel = Kernel::new(&points, libm::pow(RATIO, f64::from(power)))?;
            Ok(relative_error(&fresh, dim, |x, s| normal.score(x, 0.0, s), |x, s| kernel.score(x, 0.0, s)))
        };
        let mut power = (-libm::log(count as f64) / (dim as f64 + 6.0) / libm::log(RATIO)).round() as i32;
        let mut least = error(power)?;
        for step in [1, -1] {
            let mut next = error(power + step)?;
            while next < least {
                (least, power) = (next, power + step);
                next = error(power + step)?;
            }
        }
        Ok((least, libm::pow(RATIO, f64::from(power))))
    }
}
