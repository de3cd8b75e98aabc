//! Densities known in closed form, at every noise level.

use super::{Kind, ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use crate::sampler::{AnnealedLangevinSpec, SamplerSpec};
use serde_json::Value;
use std::sync::Arc;

/// One Gaussian of a mixture, N(mean, variance I), and its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The weight; the weights of a mixture are taken relative to their sum.
    pub weight: f64,
    /// The mean, `[D]`.
    pub mean: Vec<f64>,
    /// The variance of every coordinate.
    pub variance: f64,
}

/// A mixture of isotropic Gaussians; with one component, a Gaussian.
///
/// Blurred by N(0, σ² I) it is the mixture of N(mean, (variance + σ²) I): its score is known at every σ ≥ 0.
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    info: ModelInfo,
    components: Arc<[Component]>,
}

/// A mixture that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMixture(String);

impl GaussianMixture {
    /// The mixture of `components`, called `name`.
    ///
    /// # Errors
    /// Where there is no component, or the components' dimensions, weights or variances cannot be.
    pub fn new(name: &str, components: Vec<Component>) -> Result<Self, InvalidMixture> {
        let fault = |reason: String| Err(InvalidMixture(format!("the mixture '{name}': {reason}")));
        let Some(dim) = components.first().map(|component| component.mean.len()) else {
            return fault("has no components".to_owned());
        };
        for (i, Component { weight, mean, variance }) in components.iter().enumerate() {
            if mean.is_empty() || mean.len() != dim || mean.iter().any(|m| !m.is_finite()) {
                return fault(format!("component {i} needs a finite mean of {dim} coordinates, at least one"));
            }
            if !(weight.is_finite() && *weight > 0.0 && variance.is_finite() && *variance > 0.0) {
                return fault(format!("component {i} needs a weight and a variance above zero"));
            }
        }
        let reach = components.iter().flat_map(|c| c.mean.iter().map(|m| m.abs() + 3.0 * c.variance.sqrt()));
        let reach = reach.fold(0.0, f64::max);
        let info = ModelInfo {
            name: name.to_owned(),
            kind: Kind::Density,
            shape: vec![dim],
            range: [-reach as f32, reach as f32],
            sigma_min: 0.0,
            sigma_max: 4.0 * reach,
            labels: Vec::new(),
            sampler: SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec::default()),
            sha256: String::new(),
            provider: "exact".to_owned(),
            training: Value::Null,
        };
        Ok(Self { info, components: components.into() })
    }

    /// The components.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// ∇ₓ log p_σ at one point `x` `[D]`, into `score` `[D]`: Σᵢ rᵢ (meanᵢ − x)/(varianceᵢ + σ²), with rᵢ ∝ wᵢ N(x; meanᵢ,
    /// (varianceᵢ + σ²) I).
    pub fn score(&self, x: &[f32], sigma: f32, score: &mut [f32]) {
        let sigma2 = f64::from(sigma) * f64::from(sigma);
        let log = |Component { weight, mean, variance }: &Component| {
            let v = variance + sigma2;
            let distance: f64 = x.iter().zip(mean).map(|(&x, m)| (f64::from(x) - m).powi(2)).sum();
            libm::log(*weight) - 0.5 * mean.len() as f64 * libm::log(v) - 0.5 * distance / v
        };
        let mut shares: Vec<f64> = self.components.iter().map(log).collect();
        let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        shares.iter_mut().for_each(|share| *share = libm::exp(*share - largest));
        let total: f64 = shares.iter().sum();
        for (d, score) in score.iter_mut().enumerate() {
            let terms = self.components.iter().zip(&shares).map(|(component, share)| {
                share / total * (component.mean[d] - f64::from(x[d])) / (component.variance + sigma2)
            });
            *score = terms.sum::<f64>() as f32;
        }
    }
}

impl ScoreModel for GaussianMixture {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, _threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl ScoreSession for GaussianMixture {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let dim = self.info.dim();
        for ((x, &sigma), score) in rows.x.chunks(dim).zip(rows.sigma).zip(score.chunks_mut(dim)) {
            self.score(x, sigma, score);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gaussian_has_the_linear_score() {
        let gaussian =
            GaussianMixture::new("g", vec![Component { weight: 3.0, mean: vec![1.0, -2.0], variance: 0.5 }]).unwrap();
        let mut score = [0.0; 2];
        gaussian.score(&[2.0, 0.5], 1.5, &mut score);
        for (score, exact) in score.iter().zip([-1.0 / 2.75, -2.5 / 2.75]) {
            assert!((f64::from(*score) - exact).abs() < 1e-7);
        }
    }

    #[test]
    fn the_score_of_a_mixture_is_the_gradient_of_its_log_density() {
        let components = vec![
            Component { weight: 0.2, mean: vec![-1.0, -1.0], variance: 0.3 },
            Component { weight: 0.8, mean: vec![1.0, 0.5], variance: 0.7 },
        ];
        let mixture = GaussianMixture::new("m", components.clone()).unwrap();
        let sigma = 0.4_f64;
        let log_density = |x: [f64; 2]| {
            let term = |c: &Component| {
                let v = c.variance + sigma * sigma;
                let distance = (x[0] - c.mean[0]).powi(2) + (x[1] - c.mean[1]).powi(2);
                c.weight / v * (-0.5 * distance / v).exp()
            };
            components.iter().map(term).sum::<f64>().ln()
        };
        for x in [[0.0, 0.0], [-1.0, 0.3], [2.0, -3.0], [0.1, -0.4]] {
            let mut score = [0.0; 2];
            mixture.score(&x.map(|x| x as f32), sigma as f32, &mut score);
            let h = 1e-5;
            let gradient = [
                (log_density([x[0] + h, x[1]]) - log_density([x[0] - h, x[1]])) / (2.0 * h),
                (log_density([x[0], x[1] + h]) - log_density([x[0], x[1] - h])) / (2.0 * h),
            ];
            for (score, gradient) in score.iter().zip(gradient) {
                assert!((f64::from(*score) - gradient).abs() < 1e-5, "{score} is not {gradient} at {x:?}");
            }
        }
    }

    #[test]
    fn far_from_every_component_the_score_stays_finite() {
        let component = |mean| Component { weight: 1.0, mean: vec![mean], variance: 1e-4 };
        let mixture = GaussianMixture::new("m", vec![component(-1.0), component(1.0)]).unwrap();
        let mut score = [0.0];
        mixture.score(&[500.0], 0.0, &mut score);
        assert!((score[0] / -4.99e6 - 1.0).abs() < 1e-3, "{score:?}");
    }

    #[test]
    fn an_impossible_mixture_is_refused_with_its_reason() {
        let refused = |components: Vec<Component>| GaussianMixture::new("m", components).unwrap_err().to_string();
        assert!(refused(vec![]).contains("no components"));
        assert!(refused(vec![Component { weight: 1.0, mean: vec![0.0], variance: 0.0 }]).contains("variance"));
        assert!(refused(vec![Component { weight: 1.0, mean: vec![], variance: 1.0 }]).contains("mean"));
    }
}
