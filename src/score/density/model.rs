//! A density that is served.

use super::Density;
use crate::sampler::{AnnealedLangevinSpec, LangevinSpec, SamplerSpec};
use crate::score::{Kind, ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use serde_json::Value;
use std::sync::Arc;

/// A density that is served: points whose score is exact.
#[derive(Clone, Debug)]
pub struct DensityModel {
    pub(super) info: ModelInfo,
    density: Arc<dyn Density>,
}

impl DensityModel {
    /// `density`, called `name`, with a sampler that suits it.
    #[must_use]
    pub fn new(name: &str, density: Arc<dyn Density>) -> Self {
        let reach = density.reach();
        let [sigma_min, sigma_max] = density.sigma_range();
        let info = ModelInfo {
            name: name.to_owned(),
            kind: Kind::Density,
            shape: vec![density.dim()],
            range: [-reach as f32, reach as f32],
            sigma_min,
            sigma_max,
            labels: Vec::new(),
            label_weights: Vec::new(),
            sampler: default_sampler(density.as_ref()),
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

/// The sampler for a density whose file names none.
///
/// Where p_σ is known, annealing from σ = reach, at which one mode is left, to a tenth of the finest feature, with levels
/// close enough and steps enough that modes have their weights: what is longer gains little. Otherwise plain Langevin dynamics, with steps that are
/// stable on the finest feature.
fn default_sampler(density: &dyn Density) -> SamplerSpec {
    let ([least, most], detail) = (density.sigma_range(), density.detail());
    if most == 0.0 {
        let tau = Some(0.25 * detail * detail);
        return SamplerSpec::Langevin(LangevinSpec { tau, steps: Some(1000), ..LangevinSpec::default() });
    }
    let (first, last) = (density.reach(), least.max(0.1 * detail));
    SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
        sigma_max: Some(first),
        sigma_min: Some(last),
        levels: Some(2 + (libm::log(first / last) / libm::log(RATIO)) as u32),
        steps_per_level: Some(40),
        epsilon: Some(0.3 * last * last),
        ..AnnealedLangevinSpec::default()
    })
}

/// A noise level against the next.
const RATIO: f64 = 1.3;

impl ScoreModel for DensityModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, _threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.clone()))
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self.density.as_ref())
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
