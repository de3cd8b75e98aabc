//! Densities of the plane, as figures show them.

use crate::plot::{Axis, Grid, Panel};
use crate::sampler::{Noise, Purpose};
use crate::score::density::{Density, DensityModel, NAMES, SUFFIX, by_name};
use crate::score::{ReadyModel, prepare};
use anyhow::{Result, ensure};
use clap::Args;
use std::path::Path;
use std::sync::Arc;

/// The parts of the mass whose borders are drawn.
const MASSES: [f64; 6] = [0.99, 0.9, 0.7, 0.5, 0.3, 0.1];
/// Nodes along a side of a density.
const NODES: usize = 161;

/// A density of the plane, by name or by file.
#[derive(Args, Clone, Debug)]
pub(super) struct Plane {
    /// The density: banana, checkerboard, funnel, gaussian, mixture, ring, swiss-roll, two-moons, or a file.
    #[arg(id = "density", long = "density", value_name = "NAME|FILE.density.json", value_parser = open)]
    model: DensityModel,
}

/// The density called `text`, or that of the file `text`.
fn open(text: &str) -> Result<DensityModel, String> {
    let model = match by_name(text) {
        Some(density) => DensityModel::new(text, density),
        None if text.ends_with(SUFFIX) => DensityModel::load(Path::new(text)).map_err(|error| error.to_string())?,
        None => return Err(format!("there is {}, or a file whose name ends in {SUFFIX}", NAMES.join(", "))),
    };
    match model.density().dim() {
        2 => Ok(model),
        dim => Err(format!("it has {dim} dimensions, and a figure has two")),
    }
}

impl Plane {
    pub(super) fn density(&self) -> &dyn Density {
        self.model.density()
    }

    /// The density as the samplers take it.
    pub(super) fn ready(&self) -> Result<ReadyModel> {
        Ok(prepare(Arc::new(self.model.clone()), &[1])?)
    }

    /// σ: `wanted`, or the smallest that is known.
    pub(super) fn sigma(&self, wanted: Option<f64>) -> Result<f64> {
        let [least, most] = self.density().sigma_range();
        let sigma = wanted.unwrap_or(least);
        ensure!((least..=most).contains(&sigma), "--sigma {sigma} is outside {least} to {most}, where p_σ is known");
        Ok(sigma)
    }

    /// A square that holds nearly all of p.
    pub(super) fn window(&self) -> [f64; 2] {
        let reach = self.density().reach();
        [-reach, reach]
    }
}

/// A panel of `side` pixels with the regions of highest density that hold 99, 90, 70, 50, 30 and 10 % of p_σ.
pub(super) fn panel(density: &dyn Density, sigma: f64, window: [f64; 2], side: u32) -> Panel {
    let axis = |name: &str| Axis::named(window, name);
    let grid = Grid::of(window, window, NODES, |x, y| density.log_density(&[x, y], sigma));
    let levels = grid.levels_of_mass(&MASSES);
    Panel::new([side; 2], axis("x₁"), axis("x₂")).bands(grid, levels)
}

/// ∇ log p_σ at a point.
pub(super) fn score(density: &dyn Density, at: [f64; 2], sigma: f64) -> [f64; 2] {
    let mut score = [0.0; 2];
    density.score(&at, sigma, &mut score);
    score
}

/// `count` exact draws from p_σ, draws from p with noise added: [count, D].
pub(super) fn draws(density: &dyn Density, sigma: f64, seed: u64, count: usize) -> Vec<f64> {
    let dim = density.dim();
    let mut x = vec![0.0; count * dim];
    let mut z = vec![0.0; dim];
    for (i, x) in x.chunks_mut(dim).enumerate() {
        density.draw(&Noise::new(seed, i as u32, Purpose::Data), x);
        Noise::new(seed, i as u32, Purpose::Perturbation).normal(0, &mut z);
        x.iter_mut().zip(&z).for_each(|(x, &z)| *x += sigma * f64::from(z));
    }
    x
}

/// Rows of two coordinates as points to draw.
pub(super) fn points(x: &[f32]) -> Vec<[f64; 2]> {
    x.chunks_exact(2).map(|x| [f64::from(x[0]), f64::from(x[1])]).collect()
}
