//! The Fréchet distance between rows and a reference (Heusel et al. 2017): that of the Gaussians with their moments.

use super::rows::{Rows, blocks};
use serde::{Deserialize, Serialize};
use std::fmt;
use tch::{Kind, TchError, Tensor};

/// The moments of rows.
#[derive(Debug)]
pub struct Gaussian {
    /// μ: `[D]`, float64.
    pub mean: Tensor,
    /// Σ, unbiased: [D, D], float64.
    pub covariance: Tensor,
}

/// What is compared with, its covariance factored once.
pub struct Reference {
    mean: Tensor,
    trace: f64,
    /// A with A Aᵀ = Σ.
    root: Tensor,
}

/// A distance and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½).
    pub distance: f64,
    /// The standard error that comes from the rows being so many and no more; the reference is taken as it is.
    pub standard_error: f64,
}

/// The distance of rows, and those of the same rows with a part of them left out.
#[derive(Clone, Debug)]
pub struct Jackknife {
    whole: f64,
    /// θ₁ ‥ θ_B.
    parts: Vec<f64>,
}

/// The jackknife leaves out one in so many rows at a time.
pub const BLOCKS: usize = 20;

/// Four decimals; three digits of a number of which those would show none.
#[must_use]
pub fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    let is_lost = value != 0.0 && text.trim_start_matches('-') == "0.0000";
    if is_lost { format!("{value:.2e}") } else { text }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} ± {}", short(self.distance), short(self.standard_error)))
    }
}

impl Gaussian {
    /// The moments of `rows`, at least two.
    #[must_use]
    pub fn of(rows: &dyn Rows) -> Self {
        Sums::of(rows).gaussian()
    }
}

impl Reference {
    /// To compare with `gaussian`.
    ///
    /// # Errors
    /// Where the eigenvalues of the covariance cannot be had: it is not finite.
    pub fn new(gaussian: &Gaussian) -> Result<Self, TchError> {
        let Gaussian { mean, covariance } = gaussian;
        let (values, vectors) = covariance.f_linalg_eigh("L")?;
        let root = vectors * values.clamp_min(0.0).sqrt().unsqueeze(0);
        Ok(Self { mean: mean.shallow_clone(), trace: covariance.trace().double_value(&[]), root })
    }

    /// The distance of `other` from the reference, at least zero.
    ///
    /// With Σ₁ = A Aᵀ, Σ₁ Σ₂ has the eigenvalues of the symmetric Aᵀ Σ₂ A: its root's trace is the sum of theirs.
    ///
    /// # Errors
    /// Where the eigenvalues cannot be had: a covariance is not finite.
    pub fn distance(&self, other: &Gaussian) -> Result<f64, TchError> {
        let product = self.root.tr().matmul(&other.covariance).matmul(&self.root);
        let cross = product.f_linalg_eigvalsh("L")?.clamp_min(0.0).sqrt().sum(Kind::Double);
        let apart = (&self.mean - &other.mean).square().sum(Kind::Double);
        let [apart, trace, cross] = [apart, other.covariance.trace(), cross].map(|sum| sum.double_value(&[]));
        Ok((apart + self.trace + trace - 2.0 * cross).max(0.0))
    }

    /// The distance of `rows` [n, D], n ≥ 2·[`BLOCKS`], with its standard error; see [`Jackknife::estimate`].
    ///
    /// # Errors
    /// As [`distance`](Self::distance).
    pub fn estimate(&self, rows: &Tensor) -> Result<Estimate, TchError> {
        Ok(self.jackknife(rows)?.estimate())
    }

    /// The distances θ₁ ‥ θ_B of `rows` [n, D], n ≥ 2·[`BLOCKS`], without row b, b + B, b + 2B, …, and that of all.
    ///
    /// # Errors
    /// As [`distance`](Self::distance).
    pub fn jackknife(&self, rows: &Tensor) -> Result<Jackknife, TchError> {
        let whole = Sums::of(rows);
        let without = |block: usize| {
            let block = Sums::of(&rows.slice(0, block as i64, None, BLOCKS as i64));
            self.distance(&whole.without(&block).gaussian())
        };
        let parts = (0..BLOCKS).map(without).collect::<Result<Vec<_>, _>>()?;
        Ok(Jackknife { whole: self.distance(&whole.gaussian())?, parts })
    }
}

impl Jackknife {
    /// The distance with its standard error by the jackknife (Efron & Tibshirani 1993, §11.5, over blocks):
    /// ((B − 1)/B Σ (θ_b − θ̄)²)^½.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let mean = self.parts.iter().sum::<f64>() / BLOCKS as f64;
        let squares: f64 = self.parts.iter().map(|part| (part - mean) * (part - mean)).sum();
        let standard_error = (squares * (BLOCKS - 1) as f64 / BLOCKS as f64).sqrt();
        Estimate { distance: self.whole, standard_error }
    }

    /// How much further these rows are than `other`, row i of both being drawn with the same noise: what they share cancels.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Estimate {
        let parts = self.parts.iter().zip(&other.parts).map(|(this, other)| this - other).collect();
        Self { whole: self.whole - other.whole, parts }.estimate()
    }
}

/// Sums over rows, from which moments are had, and from which those of some rows can be taken away.
struct Sums {
    count: f64,
    /// Σ x: `[D]`.
    sum: Tensor,
    /// Σ x xᵀ: [D, D].
    products: Tensor,
}

impl Sums {
    fn of(rows: &dyn Rows) -> Self {
        let zero = || Tensor::zeros([1], (Kind::Double, tch::Device::Cpu));
        let begin = Self { count: rows.count() as f64, sum: zero(), products: zero() };
        blocks(rows).fold(begin, |sums, block| Self {
            count: sums.count,
            sum: sums.sum + block.sum_dim_intlist([0].as_slice(), false, Kind::Double),
            products: sums.products + block.tr().matmul(&block),
        })
    }

    fn without(&self, part: &Self) -> Self {
        Self { count: self.count - part.count, sum: &self.sum - &part.sum, products: &self.products - &part.products }
    }

    fn gaussian(&self) -> Gaussian {
        let mean = &self.sum / self.count;
        let covariance = (&self.products - self.sum.outer(&mean)) / (self.count - 1.0);
        Gaussian { mean, covariance }
    }
}
