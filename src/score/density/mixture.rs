//! Mixtures of Gaussians.

use super::{Density, DensityModel, InvalidDensity, invalid, unit};
use crate::sampler::Noise;
use serde::Deserialize;
use std::sync::Arc;

/// One Gaussian of a mixture, N(mean, variance I), and its weight.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
/// Blurred by N(0, σ² I) it is the mixture of N(mean, (variance + σ²) I): it is known at every σ ≥ 0.
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    components: Vec<Component>,
}

/// The most components: an evaluation looks at all of them.
const MAX_COMPONENTS: usize = 20_000;

impl GaussianMixture {
    /// The mixture of `components`.
    ///
    /// # Errors
    /// Where there is no component or too many, or the components' dimensions, weights or variances cannot be.
    pub fn new(components: Vec<Component>) -> Result<Self, InvalidDensity> {
        const NAME: &str = "components";
        let Some(dim) = components.first().map(|component| component.mean.len()) else {
            return invalid(NAME, "must be one or more, each with weight, mean and variance");
        };
        if components.len() > MAX_COMPONENTS {
            return invalid(NAME, format!("are {}; {MAX_COMPONENTS} are the most", components.len()));
        }
        for (i, Component { weight, mean, variance }) in components.iter().enumerate() {
            if mean.is_empty() || mean.len() != dim || mean.iter().any(|m| !m.is_finite()) {
                let wanted = format!("a mean of as many finite numbers as the first, {dim}, at least one");
                return invalid(NAME, format!("must each have {wanted}, and component {i} has not"));
            }
            if !(weight.is_finite() && *weight > 0.0 && variance.is_finite() && *variance > 0.0) {
                let reason = format!("must each have a weight and a variance above zero, and component {i} has not");
                return invalid(NAME, reason);
            }
        }
        Ok(Self { components })
    }

    /// The mixture as a model called `name`.
    #[must_use]
    pub fn named(self, name: &str) -> DensityModel {
        DensityModel::new(name, Arc::new(self))
    }

    /// The components.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// ln wᵢ N(x; meanᵢ, (varianceᵢ + σ²) I) of every component, but for what all share.
    fn logs(&self, x: &[f64], sigma: f64) -> Vec<f64> {
        let log = |Component { weight, mean, variance }: &Component| {
            let v = variance + sigma * sigma;
            let distance: f64 = x.iter().zip(mean).map(|(x, m)| (x - m).powi(2)).sum();
            libm::log(*weight) - 0.5 * mean.len() as f64 * libm::log(v) - 0.5 * distance / v
        };
        self.components.iter().map(log).collect()
    }

    fn weight(&self) -> f64 {
        self.components.iter().map(|component| component.weight).sum()
    }
}

/// exp of every log less the largest, their sum, and the largest: sums of exponentials that neither overflow nor vanish.
fn relative(mut logs: Vec<f64>) -> (Vec<f64>, f64, f64) {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter_mut().for_each(|log| *log = libm::exp(*log - largest));
    let total = logs.iter().sum();
    (logs, total, largest)
}

impl Density for GaussianMixture {
    fn dim(&self) -> usize {
        self.components[0].mean.len()
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0, 4.0 * self.reach()]
    }

    fn reach(&self) -> f64 {
        let reach = self.components.iter().flat_map(|c| c.mean.iter().map(|m| m.abs() + 3.0 * c.variance.sqrt()));
        reach.fold(0.0, f64::max)
    }

    fn detail(&self) -> f64 {
        self.components.iter().map(|component| component.variance).fold(f64::INFINITY, f64::min).sqrt()
    }

    fn log_density(&self, x: &[f64], sigma: f64) -> f64 {
        let (_, total, largest) = relative(self.logs(x, sigma));
        let unit = 0.5 * self.dim() as f64 * libm::log(std::f64::consts::TAU);
        largest + libm::log(total) - libm::log(self.weight()) - unit
    }

    fn summands(&self) -> usize {
        self.components.len()
    }

    /// Σᵢ rᵢ (meanᵢ − x)/(varianceᵢ + σ²), with rᵢ ∝ wᵢ N(x; meanᵢ, (varianceᵢ + σ²) I).
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        let (shares, total, _) = relative(self.logs(x, sigma));
        for (d, score) in score.iter_mut().enumerate() {
            let terms = self.components.iter().zip(&shares).map(|(component, share)| {
                share / total * (component.mean[d] - x[d]) / (component.variance + sigma * sigma)
            });
            *score = terms.sum();
        }
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let mut left = unit(noise, CHOICE) * self.weight();
        let chosen = self.components.iter().find(|component| {
            left -= component.weight;
            left < 0.0
        });
        // Rounding may leave a trifle after the last.
        let Component { mean, variance, .. } = chosen.unwrap_or(&self.components[self.components.len() - 1]);
        let mut z = vec![0.0; x.len()];
        noise.normal(SPREAD, &mut z);
        for ((x, mean), z) in x.iter_mut().zip(mean).zip(z) {
            *x = mean + variance.sqrt() * f64::from(z);
        }
    }
}

/// The steps of a draw's noise: which component, and where in it.
const CHOICE: u32 = 0;
const SPREAD: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Purpose;

    #[test]
    fn a_gaussian_has_the_linear_score() {
        let gaussian =
            GaussianMixture::new(vec![Component { weight: 3.0, mean: vec![1.0, -2.0], variance: 0.5 }]).unwrap();
        let mut score = [0.0; 2];
        gaussian.score(&[2.0, 0.5], 1.5, &mut score);
        for (score, exact) in score.iter().zip([-1.0 / 2.75, -2.5 / 2.75]) {
            assert!((score - exact).abs() < 1e-15);
        }
    }

    #[test]
    fn the_score_of_a_mixture_is_the_gradient_of_its_log_density() {
        let components = vec![
            Component { weight: 0.2, mean: vec![-1.0, -1.0], variance: 0.3 },
            Component { weight: 0.8, mean: vec![1.0, 0.5], variance: 0.7 },
        ];
        let mixture = GaussianMixture::new(components).unwrap();
        let sigma = 0.4_f64;
        for x in [[0.0, 0.0], [-1.0, 0.3], [2.0, -3.0], [0.1, -0.4]] {
            let mut score = [0.0; 2];
            mixture.score(&x, sigma, &mut score);
            let log_density = |x: [f64; 2]| mixture.log_density(&x, sigma);
            let h = 1e-5;
            let gradient = [
                (log_density([x[0] + h, x[1]]) - log_density([x[0] - h, x[1]])) / (2.0 * h),
                (log_density([x[0], x[1] + h]) - log_density([x[0], x[1] - h])) / (2.0 * h),
            ];
            for (score, gradient) in score.iter().zip(gradient) {
                assert!((score - gradient).abs() < 1e-8, "{score} is not {gradient} at {x:?}");
            }
        }
    }

    #[test]
    fn far_from_every_component_the_score_stays_finite() {
        let component = |mean| Component { weight: 1.0, mean: vec![mean], variance: 1e-4 };
        let mixture = GaussianMixture::new(vec![component(-1.0), component(1.0)]).unwrap();
        let mut score = [0.0];
        mixture.score(&[500.0], 0.0, &mut score);
        assert!((score[0] / -4.99e6 - 1.0).abs() < 1e-3, "{score:?}");
    }

    #[test]
    fn an_impossible_mixture_is_refused_with_its_reason() {
        let refused = |components: Vec<Component>| GaussianMixture::new(components).unwrap_err().to_string();
        assert!(refused(vec![]).contains("components: must be one or more"));
        assert!(refused(vec![Component { weight: 1.0, mean: vec![0.0], variance: 0.0 }]).contains("variance"));
        assert!(refused(vec![Component { weight: 1.0, mean: vec![], variance: 1.0 }]).contains("mean"));
    }

    #[test]
    fn a_density_is_normalised() {
        let component = |weight, mean, variance| Component { weight, mean: vec![mean], variance };
        let mixture = GaussianMixture::new(vec![component(1.0, -1.0, 0.3), component(3.0, 2.0, 1.0)]).unwrap();
        for sigma in [0.0, 0.7] {
            let total: f64 =
                (-4000..4000).map(|i| mixture.log_density(&[f64::from(i) / 200.0], sigma).exp() / 200.0).sum();
            assert!((total - 1.0).abs() < 1e-9, "{total}");
        }
    }

    #[test]
    fn draws_have_the_weights_the_means_and_the_variances() {
        let component = |weight, mean, variance| Component { weight, mean: vec![mean, 0.0], variance };
        let mixture = GaussianMixture::new(vec![component(0.2, -50.0, 4.0), component(0.8, 50.0, 1.0)]).unwrap();
        let draws: Vec<f64> = (0..10_000)
            .map(|i| {
                let mut x = [0.0; 2];
                mixture.draw(&Noise::new(1, i, Purpose::Data), &mut x);
                x[0]
            })
            .collect();
        let left: Vec<f64> = draws.iter().copied().filter(|x| *x < 0.0).collect();
        // Four standard errors each.
        assert!((left.len() as f64 / 10_000.0 - 0.2).abs() < 0.016);
        let mean = left.iter().sum::<f64>() / left.len() as f64;
        let variance = left.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / left.len() as f64;
        assert!((mean + 50.0).abs() < 0.18 && (variance - 4.0).abs() < 0.51, "{mean} {variance}");
    }
}
