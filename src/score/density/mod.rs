//! Densities known in closed form.
//!
//! A [`Density`] is mathematics: log p, its gradient, exact draws. A [`DensityModel`] is one with a name, which the engine
//! samples and the server serves as it does a network; a `*.density.json` describes one.
//!
//! | kind | σ | what it shows |
//! |---|---|---|
//! | [`Gaussian`] | 0 up | the linear score; stability below τ = 2v |
//! | [`GaussianMixture`] | 0 up | modes between which Langevin dynamics does not mix |
//! | [`Kernel`] | 0 up | the density that explicit score matching takes for the data's |
//! | [`Ring`] | 0 up | a curved ridge, in closed form by Bessel functions |
//! | [`two_moons`], [`swiss_roll`] | 0 up | the usual data sets of two dimensions |
//! | [`Checkerboard`] | above 0 | a density with edges: it has no score before it is blurred |
//! | [`Funnel`], [`Banana`] | 0 only | scales that differ from place to place, for which no one step size is right |

mod banana;
mod checkerboard;
mod eigen;
mod file;
mod funnel;
mod gaussian;
mod kernel;
mod mixture;
mod model;
mod ring;
mod special;
mod swiss_roll;
mod two_moons;

pub use banana::Banana;
pub use checkerboard::Checkerboard;
pub use file::{DensityFault, DensityFileError, SUFFIX};
pub use funnel::Funnel;
pub use gaussian::Gaussian;
pub use kernel::Kernel;
pub use mixture::{Component, GaussianMixture};
pub use model::DensityModel;
pub use ring::Ring;
pub use swiss_roll::swiss_roll;
pub use two_moons::two_moons;

use crate::sampler::Noise;
use std::fmt::Debug;
use std::sync::Arc;

/// A density p on points `[D]`, and what it becomes blurred by N(0, σ² I): p_σ.
pub trait Density: Debug + Send + Sync {
    /// D.
    fn dim(&self) -> usize;

    /// The smallest and the largest σ at which p_σ is known and asked for; both zero where only p itself is known.
    fn sigma_range(&self) -> [f64; 2];

    /// The distance from the origin, along any axis, within which nearly everything lies.
    fn reach(&self) -> f64;

    /// The standard deviation of its finest feature: Langevin steps on p are to be small against the square of it.
    fn detail(&self) -> f64;

    /// log p_σ(x), normalised, for x `[D]` and σ of [`sigma_range`](Self::sigma_range).
    fn log_density(&self, x: &[f64], sigma: f64) -> f64;

    /// Of how many summands p is made: what it takes to evaluate it grows with them.
    fn summands(&self) -> usize {
        1
    }

    /// ∇ₓ log p_σ at x `[D]`, into `score` `[D]`.
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]);

    /// An exact draw from p into x `[D]`: the point that `noise` stands for.
    fn draw(&self, noise: &Noise, x: &mut [f64]);
}

/// A parameter of a density that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct InvalidDensity {
    /// The parameter, as in a density's file.
    pub parameter: &'static str,
    /// What is wrong with it and what to do.
    pub reason: String,
}

/// The names of [`by_name`].
pub const NAMES: [&str; 8] =
    ["banana", "checkerboard", "funnel", "gaussian", "mixture", "ring", "swiss-roll", "two-moons"];

/// The standard density called `name`, one of [`NAMES`]: all of two dimensions. The mixture is
/// 0.2 N((−5, −5), I) + 0.8 N((5, 5), I); the others are of scale about one, but for the funnel, whose first coordinate has
/// the standard deviation 3 of Neal's.
#[must_use]
pub fn by_name(name: &str) -> Option<Arc<dyn Density>> {
    fn shared(density: impl Density + 'static) -> Arc<dyn Density> {
        Arc::new(density)
    }
    let density = match name {
        "banana" => Banana::new(0.5, 0.25).map(shared),
        "checkerboard" => Checkerboard::new(4, 1.0).map(shared),
        "funnel" => Funnel::new(2, 3.0).map(shared),
        "gaussian" => Gaussian::isotropic(vec![0.0; 2], 1.0).map(shared),
        "mixture" => {
            let component = |weight, mean: f64| Component { weight, mean: vec![mean; 2], variance: 1.0 };
            GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).map(shared)
        }
        "ring" => Ring::new(1.0, 0.01).map(shared),
        "swiss-roll" => swiss_roll(0.1).map(shared),
        "two-moons" => two_moons(0.1).map(shared),
        _ => return None,
    };
    density.ok()
}

/// A refusal of `parameter`.
fn invalid<T>(parameter: &'static str, reason: impl Into<String>) -> Result<T, InvalidDensity> {
    Err(InvalidDensity { parameter, reason: reason.into() })
}

/// `value`, if it is a finite number above zero.
fn positive(parameter: &'static str, value: f64) -> Result<f64, InvalidDensity> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    invalid(parameter, format!("is {value}; it must be a finite number above zero"))
}

/// A number of [0, 1) from 48 random bits: fine enough to choose among many with equal chances.
fn unit(noise: &Noise, step: u32) -> f64 {
    let mut u = [0.0; 2];
    noise.uniform(step, &mut u);
    f64::from(u[0]) + f64::from(u[1]) / 16_777_216.0
}

/// `D` draws from N(0, 1) at `step`.
fn normal<const D: usize>(noise: &Noise, step: u32) -> [f64; D] {
    let mut z = [0.0; D];
    noise.normal(step, &mut z);
    z.map(f64::from)
}

/// −½ (z²/v + ln 2πv), the logarithm of N(z; 0, v).
fn log_normal(z: f64, variance: f64) -> f64 {
    -0.5 * (z * z / variance + libm::log(std::f64::consts::TAU * variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_density_of_two_dimensions() {
        for name in NAMES {
            assert_eq!(by_name(name).unwrap().dim(), 2, "{name}");
        }
        assert!(by_name("three-moons").is_none());
    }
}
