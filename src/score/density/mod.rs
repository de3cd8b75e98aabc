//! Densities known in closed form.
//!
//! A [`Density`] is mathematics: log p, its gradient, exact draws. A [`DensityModel`] is one with a name, which the engine
//! samples and the server serves as it does a network.

mod mixture;

pub use mixture::{Component, GaussianMixture, InvalidMixture};

use super::{Kind, ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use crate::sampler::{AnnealedLangevinSpec, Noise, SamplerSpec};
use serde_json::Value;
use std::fmt::Debug;
use std::sync::Arc;

/// A density p on points `[D]`, and what it becomes blurred by N(0, σ² I): p_σ.
pub trait Density: Debug + Send + Sync {
    /// D.
    fn dim(&self) -> usize;

    /// The largest σ at which it is known; 0 where only p itself is.
    fn sigma_max(&self) -> f64;

    /// The distance from the origin, along any axis, within which nearly everything lies.
    fn reach(&self) -> f64;

    /// log p_σ(x), normalised, for x `[D]` and σ from 0 to [`sigma_max`](Self::sigma_max).
    fn log_density(&self, x: &[f64], sigma: f64) -> f64;

    /// ∇ₓ log p_σ at x `[D]`, into `score` `[D]`.
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]);

    /// An exact draw from p into x `[D]`: the point that `noise` stands for.
    fn draw(&self, noise: &Noise, x: &mut [f64]);
}

/// A density that is served: points whose score is exact.
#[derive(Clone, Debug)]
pub struct DensityModel {
    info: ModelInfo,
    density: Arc<dyn Density>,
}

impl DensityModel {
    /// `density`, called `name`, sampled by annealing where it is known at every noise level.
    #[must_use]
    pub fn new(name: &str, density: Arc<dyn Density>) -> Self {
        let reach = density.reach();
        let info = ModelInfo {
            name: name.to_owned(),
            kind: Kind::Density,
            shape: vec![density.dim()],
            range: [-reach as f32, reach as f32],
            sigma_min: 0.0,
            sigma_max: density.sigma_max(),
            labels: Vec::new(),
            sampler: SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec::default()),
            sha256: String::new(),
            provider: "exact".to_owned(),
            training: Value::Null,
        };
        Self { info, density }
    }

    /// The density.
    #[must_use]
    pub fn density(&self) -> &dyn Density {
        self.density.as_ref()
    }
}

impl ScoreModel for DensityModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, _threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.clone()))
    }

    fn log_density(&self, x: &[f32], sigma: f32) -> Option<f64> {
        let x: Vec<f64> = x.iter().copied().map(f64::from).collect();
        Some(self.density.log_density(&x, f64::from(sigma)))
    }
}

impl ScoreSession for DensityModel {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let dim = self.info.dim();
        let (mut point, mut slope) = (vec![0.0; dim], vec![0.0; dim]);
        for ((x, &sigma), score) in rows.x.chunks(dim).zip(rows.sigma).zip(score.chunks_mut(dim)) {
            point.iter_mut().zip(x).for_each(|(point, &x)| *point = f64::from(x));
            self.density.score(&point, f64::from(sigma), &mut slope);
            score.iter_mut().zip(&slope).for_each(|(score, &slope)| *score = slope as f32);
        }
        Ok(())
    }
}
