//! A learnt score against the exact one.

use super::network::Network;
use super::plane::{Plane, draws, panel, points};
use super::{Drawing, Table, at_least_one};
use crate::plot::{Axis, Figure, Grid, Panel, Style, arrows, palette};
use crate::score::{ReadyModel, Rows, ScoreError};
use anyhow::{Result, ensure};
use clap::Args;

/// The options of `plot learnt`.
#[derive(Args, Debug)]
pub struct Learnt {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    plane: Plane,
    /// The noise level that is drawn.
    #[arg(long, default_value_t = 0.3)]
    sigma: f64,
    /// The noise levels of the numbers.
    #[arg(long, value_delimiter = ',', default_value = "0.02,0.05,0.1,0.2,0.5,1,2")]
    sigmas: Vec<f64>,
    /// Exact draws from p_σ for the means.
    #[arg(long, default_value_t = 10_000, value_parser = at_least_one)]
    draws: usize,
    /// Their seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Arrows along a side.
const ARROWS: usize = 17;
/// Nodes along a side of the shaded difference.
const NODES: usize = 121;
/// Pixels along a side of a panel.
const SIDE: u32 = 300;
/// The shades of ‖difference‖²/E‖s‖², and their names.
const SHADES: [(f64, &str); 4] = [(0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %")];

impl Learnt {
    /// The exact score of p_σ, the network's and their difference, arrows on one scale, the difference over the shade of
    /// its square relative to E‖s‖²; in numbers E‖ŝ − s‖²/E‖s‖² over p_σ at several σ.
    ///
    /// # Errors
    /// Where the network is not one of points of the plane, or a σ is not known to both.
    pub fn draw(&self) -> Result<Drawing> {
        let pair = Pair { exact: self.plane.ready()?, learnt: self.network.ready()? };
        let info = pair.learnt.info();
        ensure!(info.shape == [2], "'{}' is of shape {:?}, and a figure has two dimensions", info.name, info.shape);
        for &sigma in self.sigmas.iter().chain([&self.sigma]) {
            self.plane.sigma(Some(sigma))?;
            let [least, most] = [info.sigma_min, info.sigma_max];
            ensure!(
                (least..=most).contains(&sigma),
                "'{}' was trained for σ from {least} to {most}, not {sigma}",
                info.name
            );
        }
        let mut table = Table::new(["σ", "E‖s‖²", "E‖ŝ − s‖²/E‖s‖²"]);
        for &sigma in &self.sigmas {
            let [scale, apart] = self.squares(&pair, sigma)?;
            table.row([sigma.to_string(), format!("{scale:.3}"), format!("{:.4}", apart / scale)]);
        }
        Ok(Drawing { figure: self.figure(&pair)?, numbers: table.to_string() })
    }

    /// E‖s‖² and E‖ŝ − s‖² over p_σ.
    fn squares(&self, pair: &Pair, sigma: f64) -> Result<[f64; 2], ScoreError> {
        let x = draws(self.plane.density(), sigma, self.seed, self.draws);
        let at: Vec<[f64; 2]> = x.chunks_exact(2).map(|x| [x[0], x[1]]).collect();
        let [exact, _, apart] = pair.scores(&at, sigma)?;
        Ok([exact, apart].map(|scores| scores.into_iter().map(square).sum::<f64>() / at.len() as f64))
    }

    fn figure(&self, pair: &Pair) -> Result<Figure, ScoreError> {
        let (sigma, window) = (self.sigma, self.plane.window());
        let mut cells = Vec::new();
        arrows(window, window, ARROWS, 1.0, |at| {
            cells.push(at);
            [0.0; 2]
        });
        let fields = pair.scores(&cells, sigma)?;
        let longest = fields[0].iter().copied().map(square).fold(0.0, f64::max).sqrt();
        let [exact, learnt, apart] = fields.map(|scores| {
            let mut scores = scores.into_iter();
            arrows(window, window, ARROWS, longest, |_| scores.next().unwrap_or_default())
        });

        let mut nodes = Vec::new();
        let mut shade = Grid::of(window, window, NODES, |x, y| {
            nodes.push([x, y]);
            0.0
        });
        let [scale, _] = self.squares(pair, sigma)?;
        let [_, _, difference] = pair.scores(&nodes, sigma)?;
        shade.values = difference.into_iter().map(|apart| square(apart) / scale).collect();

        let ink = || Style::new(palette::INK, 1.0);
        let bare = Panel::new([SIDE; 2], Axis::named(window, "x₁"), Axis::named(window, "x₂"));
        let shades = SHADES.map(|(level, name)| (level, name.to_owned())).to_vec();
        Ok(Figure::row(vec![
            panel(self.plane.density(), sigma, window, SIDE).title("exact score s").arrows(exact, ink()),
            panel(self.plane.density(), sigma, window, SIDE).title("learnt score ŝ").arrows(learnt, ink()),
            bare.named_bands(shade, shades).title("ŝ − s; shade: ‖ŝ − s‖²/E‖s‖²").arrows(apart, ink()),
        ]))
    }
}

/// Two models of one density.
struct Pair {
    exact: ReadyModel,
    learnt: ReadyModel,
}

impl Pair {
    /// At every point the exact score, the learnt one, and the second less the first.
    fn scores(&self, at: &[[f64; 2]], sigma: f64) -> Result<[Vec<[f64; 2]>; 3], ScoreError> {
        let (exact, learnt) = (scores(&self.exact, at, sigma)?, scores(&self.learnt, at, sigma)?);
        let apart = exact.iter().zip(&learnt).map(|(s, l)| [l[0] - s[0], l[1] - s[1]]).collect();
        Ok([exact, learnt, apart])
    }
}

/// The model's score at every point.
fn scores(model: &ReadyModel, at: &[[f64; 2]], sigma: f64) -> Result<Vec<[f64; 2]>, ScoreError> {
    /// Rows of a call of the model.
    const ROWS: usize = 256;
    let mut session = model.open(1)?;
    let x: Vec<f32> = at.as_flattened().iter().map(|&x| x as f32).collect();
    let mut score = vec![0.0; x.len()];
    let (sigma, label) = ([sigma as f32; ROWS], [-1; ROWS]);
    for (x, score) in x.chunks(2 * ROWS).zip(score.chunks_mut(2 * ROWS)) {
        let rows = x.len() / 2;
        session.evaluate(Rows { x, sigma: &sigma[..rows], label: &label[..rows] }, score)?;
    }
    Ok(points(&score))
}

/// ‖v‖².
fn square([u, v]: [f64; 2]) -> f64 {
    u * u + v * v
}
