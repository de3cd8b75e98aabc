//! Kernel densities.

use super::{Density, InvalidDensity, invalid, positive, unit};
use crate::sampler::Noise;

/// The Gaussian kernel density of points xᵢ, 1/M Σᵢ N(x; xᵢ, h² I) (Parzen 1962). Blurred, h² becomes h² + σ².
///
/// Explicit score matching takes it for the data's own density.
#[derive(Clone, Debug)]
pub struct Kernel {
    dim: usize,
    /// [M, D].
    points: Vec<f64>,
    bandwidth: f64,
}

/// The most points: an evaluation looks at all of them.
const MAX_POINTS: usize = 20_000;

/// Where a term is e⁻⁴⁵ of the largest, 20,000 of them are below rounding.
const NEGLIGIBLE: f64 = 45.0;

impl Kernel {
    /// The kernel density of `points` with `bandwidth` h.
    ///
    /// # Errors
    /// Where there are no points or too many, they are of different lengths or not finite, or the bandwidth is not above zero.
    pub fn new(points: &[Vec<f64>], bandwidth: f64) -> Result<Self, InvalidDensity> {
        const NAME: &str = "points";
        positive("bandwidth", bandwidth)?;
        let Some(dim) = points.first().map(Vec::len).filter(|&dim| dim > 0) else {
            return invalid(NAME, "must be one point or more, each a list of numbers, as [[0.0, 1.0], [2.0, 3.0]]");
        };
        if points.len() > MAX_POINTS {
            let count = points.len();
            return invalid(NAME, format!("are {count}; {MAX_POINTS} are the most, take a random part of them"));
        }
        if let Some((i, point)) = points.iter().enumerate().find(|(_, point)| point.len() != dim) {
            let len = point.len();
            return invalid(
                NAME,
                format!("differ in length: point 0 has {dim} numbers, point {i} has {len}; make them equal"),
            );
        }
        if let Some(i) = points.iter().position(|point| point.iter().any(|x| !x.is_finite())) {
            return invalid(NAME, format!("must be finite numbers, and point {i} is not; leave it out"));
        }
        Ok(Self { dim, points: points.concat(), bandwidth })
    }

    /// ‖x − xᵢ‖²/2v of every point.
    fn exponents(&self, x: &[f64], variance: f64) -> impl Iterator<Item = f64> {
        let halved = 0.5 / variance;
        self.points
            .chunks_exact(self.dim)
            .map(move |point| halved * point.iter().zip(x).map(|(point, x)| (x - point) * (x - point)).sum::<f64>())
    }

    /// Calls `each` with every point and its e^(−exponent), relative to the largest, that matters; the least exponent.
    fn terms(&self, x: &[f64], variance: f64, mut each: impl FnMut(&[f64], f64)) -> f64 {
        let least = self.exponents(x, variance).fold(f64::INFINITY, f64::min);
        for (point, exponent) in self.points.chunks_exact(self.dim).zip(self.exponents(x, variance)) {
            if exponent - least < NEGLIGIBLE {
                each(point, libm::exp(least - exponent));
            }
        }
        least
    }
}

impl Density for Kernel {
    fn dim(&self) -> usize {
        self.dim
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0, 4.0 * self.reach()]
    }

    fn reach(&self) -> f64 {
        self.points.iter().fold(0.0, |reach: f64, x| reach.max(x.abs())) + 3.0 * self.bandwidth
    }

    fn detail(&self) -> f64 {
        self.bandwidth
    }

    fn log_density(&self, x: &[f64], sigma: f64) -> f64 {
        let variance = self.bandwidth * self.bandwidth + sigma * sigma;
        let mut total = 0.0;
        let least = self.terms(x, variance, |_, term| total += term);
        libm::log(total / self.summands() as f64)
            - least
            - 0.5 * self.dim as f64 * libm::log(std::f64::consts::TAU * variance)
    }

    fn summands(&self) -> usize {
        self.points.len() / self.dim
    }

    /// (Σᵢ rᵢ xᵢ − x)/(h² + σ²), with rᵢ ∝ e^(−‖x − xᵢ‖²/2(h² + σ²)).
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        let variance = self.bandwidth * self.bandwidth + sigma * sigma;
        let mut total = 0.0;
        score.fill(0.0);
        self.terms(x, variance, |point, term| {
            total += term;
            score.iter_mut().zip(point).zip(x).for_each(|((sum, point), x)| *sum += term * (point - x));
        });
        score.iter_mut().for_each(|sum| *sum /= total * variance);
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let count = self.summands();
        let chosen = ((unit(noise, 0) * count as f64) as usize).min(count - 1);
        let mut z = vec![0.0; self.dim];
        noise.normal(1, &mut z);
        let point = &self.points[chosen * self.dim..];
        for ((x, point), z) in x.iter_mut().zip(point).zip(z) {
            *x = point + self.bandwidth * f64::from(z);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::density::{Component, GaussianMixture};

    #[test]
    fn a_kernel_density_is_a_mixture_of_equal_weights() {
        let points = [vec![-1.0, 0.5], vec![2.0, 0.0], vec![0.3, -3.0]];
        let kernel = Kernel::new(&points, 0.4).unwrap();
        let component = |mean: &Vec<f64>| Component { weight: 1.0, mean: mean.clone(), variance: 0.16 };
        let mixture = GaussianMixture::new(points.iter().map(component).collect()).unwrap();
        for (x, sigma) in [([0.0, 0.0], 0.0), ([1.0, -1.0], 0.7), ([40.0, 3.0], 0.0)] {
            let (a, b) = (kernel.log_density(&x, sigma), mixture.log_density(&x, sigma));
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} {b}");
            let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
            kernel.score(&x, sigma, &mut a);
            mixture.score(&x, sigma, &mut b);
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1.0)), "{a:?} {b:?}");
        }
    }

    #[test]
    fn impossible_points_and_bandwidths_are_refused_with_their_reason() {
        let refused = |points: &[Vec<f64>], h| Kernel::new(points, h).unwrap_err().to_string();
        assert!(refused(&[vec![0.0]], 0.0).contains("bandwidth: is 0"));
        assert!(refused(&[], 1.0).contains("points: must be one point"));
        assert!(refused(&[vec![]], 1.0).contains("points: must be one point"));
        assert!(refused(&[vec![0.0], vec![1.0, 2.0]], 1.0).contains("point 1 has 2"));
        assert!(refused(&[vec![f64::NAN]], 1.0).contains("point 0 is not"));
        assert!(refused(&vec![vec![0.0]; 20_001], 1.0).contains("20000 are the most"));
    }
}
