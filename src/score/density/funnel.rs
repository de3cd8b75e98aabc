//! Neal's funnel.

use super::{Density, InvalidDensity, invalid, log_normal, normal, positive};
use crate::sampler::Noise;

/// v ~ N(0, deviation²), and given v every other coordinate ~ N(0, eᵛ) (Neal, Slice sampling, Annals of Statistics 2003, §8).
///
/// In the neck the width e^(v/2) falls below any fixed step: Langevin dynamics does not go there. Known at σ = 0 only.
#[derive(Clone, Debug)]
pub struct Funnel {
    dim: usize,
    deviation: f64,
}

impl Funnel {
    /// The funnel of `dim` dimensions, v the first of them.
    ///
    /// # Errors
    /// Where there are fewer than two dimensions, or the deviation is not above zero.
    pub fn new(dim: usize, deviation: f64) -> Result<Self, InvalidDensity> {
        if !(2..=4096).contains(&dim) {
            return invalid("dim", format!("is {dim}; a funnel has between 2 and 4096 dimensions"));
        }
        Ok(Self { dim, deviation: positive("deviation", deviation)? })
    }
}

impl Density for Funnel {
    fn dim(&self) -> usize {
        self.dim
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0; 2]
    }

    fn reach(&self) -> f64 {
        3.0 * self.deviation
    }

    /// One deviation down the neck.
    fn detail(&self) -> f64 {
        libm::exp(-0.5 * self.deviation)
    }

    fn log_density(&self, x: &[f64], _sigma: f64) -> f64 {
        let v = x[0];
        let shrink = libm::exp(-0.5 * v);
        let term = |x: &f64| log_normal(x * shrink, 1.0) - 0.5 * v;
        log_normal(v, self.deviation * self.deviation) + x[1..].iter().map(term).sum::<f64>()
    }

    /// −v/deviation² − (D−1)/2 + ½ e⁻ᵛ Σ xᵢ² by v, −e⁻ᵛ xᵢ by the others.
    fn score(&self, x: &[f64], _sigma: f64, score: &mut [f64]) {
        let precision = libm::exp(-x[0]);
        let squares: f64 = x[1..].iter().map(|x| x * x).sum();
        let rest = (self.dim - 1) as f64;
        score[0] = 0.5 * (precision * squares - rest) - x[0] / (self.deviation * self.deviation);
        score[1..].iter_mut().zip(&x[1..]).for_each(|(score, x)| *score = -precision * x);
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let [z] = normal(noise, 0);
        let mut rest = vec![0.0; self.dim - 1];
        noise.normal(1, &mut rest);
        x[0] = self.deviation * z;
        let width = libm::exp(0.5 * x[0]);
        x[1..].iter_mut().zip(rest).for_each(|(x, z)| *x = width * f64::from(z));
    }
}
