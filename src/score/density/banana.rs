//! The banana.

use super::{Density, InvalidDensity, invalid, log_normal, normal, positive};
use crate::sampler::Noise;

/// x ~ N(0, 1), and given x, y ~ N(bend (x² − 1), variance): a Gaussian bent into Rosenbrock's curved valley (Haario, Saksman &
/// Tamminen, Computational Statistics 1999).
///
/// The valley is narrow across and long along, and turns: no one step size suits it. Known at σ = 0 only.
#[derive(Clone, Debug)]
pub struct Banana {
    bend: f64,
    variance: f64,
}

impl Banana {
    /// The banana of `bend` and `variance`.
    ///
    /// # Errors
    /// Where the bend is not finite or the variance is not above zero.
    pub fn new(bend: f64, variance: f64) -> Result<Self, InvalidDensity> {
        if !bend.is_finite() {
            return invalid("bend", format!("is {bend}; it must be a finite number"));
        }
        Ok(Self { bend, variance: positive("variance", variance)? })
    }

    /// y less its mean at x.
    fn off(&self, x: &[f64]) -> f64 {
        x[1] - self.bend * (x[0] * x[0] - 1.0)
    }
}

impl Density for Banana {
    fn dim(&self) -> usize {
        2
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0; 2]
    }

    fn reach(&self) -> f64 {
        // At x = 3 the valley is at 8 bend.
        f64::max(3.0, 8.0 * self.bend.abs() + 3.0 * self.variance.sqrt())
    }

    /// Across the valley at x = 3, where −∇² log p is steepest: (1 + (6 bend)²)/variance.
    fn detail(&self) -> f64 {
        (self.variance / (1.0 + 36.0 * self.bend * self.bend)).sqrt().min(1.0)
    }

    fn log_density(&self, x: &[f64], _sigma: f64) -> f64 {
        log_normal(x[0], 1.0) + log_normal(self.off(x), self.variance)
    }

    /// −x + 2 bend x (y − bend (x² − 1))/variance by x, −(y − bend (x² − 1))/variance by y.
    fn score(&self, x: &[f64], _sigma: f64, score: &mut [f64]) {
        let pull = self.off(x) / self.variance;
        score[0] = 2.0 * self.bend * x[0] * pull - x[0];
        score[1] = -pull;
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let [a, b] = normal(noise, 0);
        x[0] = a;
        x[1] = self.bend * (a * a - 1.0) + self.variance.sqrt() * b;
    }
}
