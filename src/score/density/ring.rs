//! The ring.

use super::special::bessel_i;
use super::{Density, InvalidDensity, normal, positive, unit};
use crate::sampler::Noise;
use std::f64::consts::TAU;

/// The uniform distribution on a circle of radius r about the origin of the plane, blurred by N(0, v I).
///
/// With s = v + σ² and ρ = ‖x‖, p_σ(x) = (2πs)⁻¹ e^(−(ρ² + r²)/2s) I₀(ρr/s): the integral of N(x; point, s I) over the
/// circle is that of e^(ρr cos θ/s) over the angle.
#[derive(Clone, Debug)]
pub struct Ring {
    radius: f64,
    variance: f64,
}

impl Ring {
    /// The ring of `radius` r and `variance` v.
    ///
    /// # Errors
    /// Where either is not above zero.
    pub fn new(radius: f64, variance: f64) -> Result<Self, InvalidDensity> {
        Ok(Self { radius: positive("radius", radius)?, variance: positive("variance", variance)? })
    }
}

impl Density for Ring {
    fn dim(&self) -> usize {
        2
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0, 4.0 * self.reach()]
    }

    fn reach(&self) -> f64 {
        self.radius + 3.0 * self.variance.sqrt()
    }

    fn detail(&self) -> f64 {
        self.variance.sqrt()
    }

    fn log_density(&self, x: &[f64], sigma: f64) -> f64 {
        let s = self.variance + sigma * sigma;
        let rho = libm::hypot(x[0], x[1]);
        let off = rho - self.radius;
        libm::log(bessel_i(0, rho * self.radius / s)) - 0.5 * off * off / s - libm::log(TAU * s)
    }

    /// x/s · (r²/s · I₁(z)/(z I₀(z)) − 1) with z = ρr/s.
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        let s = self.variance + sigma * sigma;
        let z = libm::hypot(x[0], x[1]) * self.radius / s;
        // I₁(z)/(z I₀(z)) is ½ − z²/16 + … at the centre.
        let ratio = if z < 1e-6 { 0.5 } else { bessel_i(1, z) / (z * bessel_i(0, z)) };
        let factor = (self.radius * self.radius / s * ratio - 1.0) / s;
        score.iter_mut().zip(x).for_each(|(score, x)| *score = factor * x);
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let angle = TAU * unit(noise, 0);
        let (z, deviation) = (normal::<2>(noise, 1), self.variance.sqrt());
        x[0] = self.radius * libm::cos(angle) + deviation * z[0];
        x[1] = self.radius * libm::sin(angle) + deviation * z[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::density::Kernel;

    #[test]
    fn the_ring_is_the_limit_of_a_kernel_density_along_it() {
        let ring = Ring::new(1.5, 0.04).unwrap();
        let point = |i: i32| {
            let angle = TAU * f64::from(i) / 400.0;
            vec![1.5 * angle.cos(), 1.5 * angle.sin()]
        };
        let kernel = Kernel::new(&(0..400).map(point).collect::<Vec<_>>(), 0.2).unwrap();
        for (x, sigma) in
            [([0.0, 0.0], 0.0), ([1.4, 0.2], 0.0), ([-0.3, 2.5], 0.5), ([9.0, -9.0], 0.1), ([3.0, 0.0], 6.0)]
        {
            let (a, b) = (ring.log_density(&x, sigma), kernel.log_density(&x, sigma));
            assert!((a - b).abs() < 1e-10 * b.abs().max(1.0), "{x:?} {sigma}: {a} {b}");
            let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
            ring.score(&x, sigma, &mut a);
            kernel.score(&x, sigma, &mut b);
            assert!(
                a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs().max(1.0)),
                "{x:?} {sigma}: {a:?} {b:?}"
            );
        }
    }
}
