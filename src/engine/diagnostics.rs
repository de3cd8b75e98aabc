//! What chains were like, for those who ask.

use crate::sampler::Sampler;
use serde::Serialize;

/// What one chain was like.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct ChainDiagnostics {
    /// The sample's index.
    pub index: u32,
    /// The mean of ‖s(x, σ)‖ over the chain's evaluations.
    pub mean_score_norm: f64,
    /// The mean signal-to-noise ratio of the steps that add noise: of x ← x + a s + b z, a‖s‖/(b√D), the drift's norm over
    /// what the noise's is on average. A Langevin step of size τ has √(τ/2) ‖s‖/√D: the r by which Song et al. 2021
    /// (algorithm 4) choose a step's size. None where no step adds noise; the denoising step adds none.
    pub mean_step_snr: Option<f64>,
    /// log p_σ of the sample at the σ of the chain's last evaluation, where the model knows it.
    pub log_density: Option<f64>,
}

/// Sums over a chain's evaluations so far, taken in their order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    evaluations: u32,
    norms: f64,
    noisy: u32,
    ratios: f64,
    log_density: Option<f64>,
}

impl Tally {
    /// Counts evaluation `k`.
    pub(super) fn count(&mut self, sampler: &Sampler, k: u32, score: &[f32]) {
        let norm = score.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>().sqrt();
        self.evaluations += 1;
        self.norms += norm;
        if let Some([drift, amplitude]) = sampler.coefficients(k) {
            self.noisy += 1;
            self.ratios += drift * norm / (amplitude * (score.len() as f64).sqrt());
        }
    }

    /// Notes what the sample's log density is.
    pub(super) fn end(&mut self, log_density: Option<f64>) {
        self.log_density = log_density;
    }

    pub(super) fn of(&self, index: u32) -> ChainDiagnostics {
        ChainDiagnostics {
            index,
            mean_score_norm: self.norms / f64::from(self.evaluations),
            mean_step_snr: (self.noisy > 0).then(|| self.ratios / f64::from(self.noisy)),
            log_density: self.log_density,
        }
    }
}

/// The first two moments of the samples of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Moments {
    /// Of points of few coordinates, each by itself and each pair.
    Full {
        /// `[D]`.
        mean: Vec<f64>,
        /// [D, D], unbiased (divided by n − 1); none of a single sample.
        covariance: Option<Vec<Vec<f64>>>,
    },
    /// Of images, averages over their pixels: how bright they are, and how different from one another.
    Averaged {
        /// The average over the coordinates of their means.
        average_mean: f64,
        /// The average over the coordinates of their variances; none of a single sample.
        average_variance: Option<f64>,
    },
}

impl Moments {
    /// The most coordinates for which the whole covariance is told.
    pub const MAX_FULL: usize = 16;

    /// The moments of `samples`, at least one, each `[D]`; summed in their order.
    #[must_use]
    pub fn of(samples: &[(u32, Vec<f32>)]) -> Self {
        let (count, dim) = (samples.len() as f64, samples[0].1.len());
        let mut mean = vec![0.0; dim];
        for (_, x) in samples {
            mean.iter_mut().zip(x).for_each(|(mean, &x)| *mean += f64::from(x));
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        // The mean of f(x − mean) but for the bias.
        let spread = |f: &dyn Fn(&[f32]) -> f64| {
            (samples.len() > 1).then(|| samples.iter().map(|(_, x)| f(x)).sum::<f64>() / (count - 1.0))
        };
        let off = |x: &[f32], d: usize| f64::from(x[d]) - mean[d];
        if dim > Self::MAX_FULL {
            let average_variance =
                spread(&|x| (0..dim).map(|d| off(x, d) * off(x, d)).sum()).map(|variances| variances / dim as f64);
            return Self::Averaged { average_mean: mean.iter().sum::<f64>() / dim as f64, average_variance };
        }
        let row = |d| (0..dim).map(|e| spread(&|x| off(x, d) * off(x, e))).collect::<Option<Vec<f64>>>();
        let covariance = (0..dim).map(row).collect();
        Self::Full { covariance, mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(points: &[&[f32]]) -> Vec<(u32, Vec<f32>)> {
        points.iter().map(|x| (0, x.to_vec())).collect()
    }

    #[test]
    fn moments_are_those_reckoned_by_hand() {
        let covariance = Some(vec![vec![4.0 / 3.0, -4.0 / 3.0], vec![-4.0 / 3.0, 16.0 / 3.0]]);
        let Moments::Full { mean, covariance: got } = Moments::of(&samples(&[&[0.0, 0.0], &[2.0, 0.0], &[0.0, 4.0]]))
        else {
            panic!("two coordinates are few")
        };
        assert_eq!(mean, [2.0 / 3.0, 4.0 / 3.0]);
        for (got, exact) in got.iter().flatten().flatten().zip(covariance.iter().flatten().flatten()) {
            assert!((got - exact).abs() < 1e-12, "{got} {exact}");
        }
    }

    #[test]
    fn one_sample_has_a_mean_and_no_covariance() {
        assert_eq!(Moments::of(&samples(&[&[1.0, 3.0]])), Moments::Full { mean: vec![1.0, 3.0], covariance: None });
        let image = [0.5_f32; 17];
        assert_eq!(Moments::of(&samples(&[&image])), Moments::Averaged { average_mean: 0.5, average_variance: None });
    }

    #[test]
    fn images_have_the_averages_over_their_pixels() {
        let (mut dark, mut light) = ([0.0_f32; 20], [1.0_f32; 20]);
        (dark[0], light[0]) = (5.0, 5.0);
        let averaged = Moments::Averaged { average_mean: 0.725, average_variance: Some(0.475) };
        assert_eq!(Moments::of(&samples(&[&dark, &light])), averaged);
    }
}
