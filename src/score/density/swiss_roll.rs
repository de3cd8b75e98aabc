//! The Swiss roll, seen from its side.

use super::two_moons::points_along;
use super::{InvalidDensity, Kernel};
use std::f64::consts::{FRAC_PI_2, PI};

/// The spiral c (t cos t, t sin t) with t uniform from 3π/2 to 9π/2, blurred by N(0, noise² I) and moved so that the mean is
/// the origin. c = 4/9π makes the outer radius 2 and the standard deviation of either coordinate about one.
///
/// It is the kernel density of points at equal steps of t, along the outer end at steps of `noise` at most, and exact as that,
/// as [`two_moons`](super::two_moons()).
///
/// # Errors
/// Where `noise` is not a number from 0.001 to 10.
pub fn swiss_roll(noise: f64) -> Result<Kernel, InvalidDensity> {
    const SCALE: f64 = 4.0 / (9.0 * PI);
    const WIDTH: f64 = 3.0 * PI;
    let end = 9.0 * FRAC_PI_2;
    // The spiral's length is c ∫ √(1 + t²) dt.
    let count = points_along(SCALE * WIDTH * (1.0 + end * end).sqrt(), noise)?;
    let angles = (0..count).map(|i| 3.0 * FRAC_PI_2 + WIDTH * (f64::from(i) + 0.5) / f64::from(count));
    // The means of t cos t and t sin t.
    let centre = [2.0, 2.0 / WIDTH];
    let point = |t: f64| vec![SCALE * (t * libm::cos(t) - centre[0]), SCALE * (t * libm::sin(t) - centre[1])];
    Kernel::new(&angles.map(point).collect::<Vec<_>>(), noise)
}
