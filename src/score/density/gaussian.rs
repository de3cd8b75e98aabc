//! The Gaussian.

use super::{Density, InvalidDensity, eigen, invalid, log_normal, positive};
use crate::sampler::Noise;

/// N(mean, Σ). Blurred it is N(mean, Σ + σ² I).
///
/// Σ = Σᵢ vᵢ aᵢ aᵢᵀ is kept by its axes aᵢ and the variances vᵢ along them, along which Σ + σ² I has the variances vᵢ + σ²:
/// nothing is inverted when σ changes.
#[derive(Clone, Debug)]
pub struct Gaussian {
    mean: Vec<f64>,
    /// vᵢ, `[D]`.
    variances: Vec<f64>,
    /// aᵢ in row i of [D, D]; none where they are the coordinates' own.
    axes: Option<Vec<f64>>,
}

/// The most dimensions of a full covariance: an evaluation takes D² multiplications.
const MAX_DIM: usize = 128;

impl Gaussian {
    /// N(mean, variance I).
    ///
    /// # Errors
    /// Where the mean has no coordinates or one that is not finite, or the variance is not above zero.
    pub fn isotropic(mean: Vec<f64>, variance: f64) -> Result<Self, InvalidDensity> {
        let variances = vec![positive("variance", variance)?; checked(&mean)?];
        Ok(Self { mean, variances, axes: None })
    }

    /// N(mean, covariance), the covariance by its rows.
    ///
    /// # Errors
    /// As [`isotropic`](Self::isotropic), and where the covariance is not [D, D], symmetric and positive definite.
    pub fn new(mean: Vec<f64>, covariance: &[Vec<f64>]) -> Result<Self, InvalidDensity> {
        const NAME: &str = "covariance";
        let dim = checked(&mean)?;
        if dim > MAX_DIM {
            return invalid(NAME, format!("is of {dim} dimensions; {MAX_DIM} are the most, give a variance instead"));
        }
        if covariance.len() != dim || covariance.iter().any(|row| row.len() != dim) {
            return invalid(NAME, format!("must have {dim} rows of {dim} numbers, as many as the mean has"));
        }
        let matrix: Vec<f64> = covariance.concat();
        if let Some(a) = matrix.iter().find(|a| !a.is_finite()) {
            return invalid(NAME, format!("has {a}, which is not a finite number"));
        }
        let largest = matrix.iter().fold(0.0, |largest: f64, a| largest.max(a.abs()));
        for i in 0..dim {
            for j in 0..i {
                let (below, above) = (matrix[i * dim + j], matrix[j * dim + i]);
                // Room for decimals that were rounded.
                if (below - above).abs() > 1e-9 * largest {
                    let reason = format!(
                        "is not symmetric: row {i}, column {j} has {below}, and row {j}, column {i} has {above}"
                    );
                    return invalid(NAME, reason + "; write the same number twice");
                }
            }
        }
        let (variances, axes) = eigen::symmetric(matrix, dim);
        let least = variances.iter().copied().fold(f64::INFINITY, f64::min);
        if least <= 1e-12 * largest {
            let reason = format!("is not positive definite: its smallest eigenvalue is {least:.3e}");
            return invalid(NAME, reason + "; enlarge the diagonal, or shrink what is beside it");
        }
        Ok(Self { mean, variances, axes: Some(axes) })
    }

    /// Coordinate i of x along the axes.
    fn along(&self, i: usize, x: &[f64]) -> f64 {
        match &self.axes {
            None => x[i] - self.mean[i],
            Some(axes) => {
                let axis = &axes[i * x.len()..(i + 1) * x.len()];
                axis.iter().zip(x).zip(&self.mean).map(|((a, x), m)| a * (x - m)).sum()
            }
        }
    }

    /// Adds `length` times axis i to x.
    fn add(&self, i: usize, length: f64, x: &mut [f64]) {
        match &self.axes {
            None => x[i] += length,
            Some(axes) => {
                let axis = &axes[i * self.mean.len()..];
                x.iter_mut().zip(axis).for_each(|(x, a)| *x += length * a);
            }
        }
    }
}

/// The number of coordinates of a mean that can be.
fn checked(mean: &[f64]) -> Result<usize, InvalidDensity> {
    if mean.is_empty() || mean.iter().any(|m| !m.is_finite()) {
        return invalid("mean", "must have one finite number or more, as [0.0, 0.0]");
    }
    Ok(mean.len())
}

impl Density for Gaussian {
    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0, 4.0 * self.reach()]
    }

    fn reach(&self) -> f64 {
        let widest = self.variances.iter().copied().fold(0.0, f64::max);
        self.mean.iter().fold(0.0, |reach: f64, m| reach.max(m.abs())) + 3.0 * widest.sqrt()
    }

    fn detail(&self) -> f64 {
        self.variances.iter().copied().fold(f64::INFINITY, f64::min).sqrt()
    }

    fn log_density(&self, x: &[f64], sigma: f64) -> f64 {
        let term = |(i, v): (usize, &f64)| log_normal(self.along(i, x), v + sigma * sigma);
        self.variances.iter().enumerate().map(term).sum()
    }

    /// −(Σ + σ² I)⁻¹ (x − mean).
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        score.fill(0.0);
        for (i, v) in self.variances.iter().enumerate() {
            self.add(i, -self.along(i, x) / (v + sigma * sigma), score);
        }
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let mut z = vec![0.0; x.len()];
        noise.normal(0, &mut z);
        x.copy_from_slice(&self.mean);
        for ((i, v), z) in self.variances.iter().enumerate().zip(z) {
            self.add(i, v.sqrt() * f64::from(z), x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_linear_in_the_inverse_of_the_covariance() {
        let gaussian = Gaussian::new(vec![1.0, -2.0], &[vec![2.0, 0.6], vec![0.6, 0.5]]).unwrap();
        let (sigma, x) = (0.5, [0.3, -1.0]);
        let mut score = [0.0; 2];
        gaussian.score(&x, sigma, &mut score);
        // By Cramer's rule.
        let (a, b, c, dx, dy) = (2.25, 0.6, 0.75, x[0] - 1.0, x[1] + 2.0);
        let determinant = a * c - b * b;
        let exact = [-(c * dx - b * dy) / determinant, -(a * dy - b * dx) / determinant];
        assert!((score[0] - exact[0]).abs() < 1e-14 && (score[1] - exact[1]).abs() < 1e-14, "{score:?} {exact:?}");
    }

    #[test]
    fn an_impossible_covariance_is_refused_with_its_reason() {
        let refused = |covariance: &[[f64; 2]]| {
            let rows: Vec<Vec<f64>> = covariance.iter().map(|row| row.to_vec()).collect();
            Gaussian::new(vec![0.0; 2], &rows).unwrap_err().to_string()
        };
        assert!(refused(&[[1.0, 0.2], [0.3, 1.0]]).contains("row 1, column 0 has 0.3"));
        assert!(refused(&[[1.0, 2.0], [2.0, 1.0]]).contains("smallest eigenvalue is -1.000e0"));
        assert!(refused(&[[1.0, 1.0], [1.0, 1.0]]).contains("not positive definite"));
        assert!(refused(&[[f64::NAN, 0.0], [0.0, 1.0]]).contains("has NaN"));
        assert!(refused(&[[1.0, 0.0]]).contains("2 rows of 2 numbers"));
        assert!(Gaussian::isotropic(vec![0.0], -1.0).unwrap_err().to_string().contains("variance: is -1"));
        assert!(Gaussian::isotropic(vec![], 1.0).unwrap_err().to_string().contains("mean: must have one"));
    }
}
