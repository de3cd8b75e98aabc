//! Two moons.

use super::{InvalidDensity, Kernel, invalid};
use std::f64::consts::PI;

/// Two half circles of radius one that reach into each other, blurred by N(0, noise² I): (cos t, sin t) and
/// (1 − cos t, ½ − sin t) for t from 0 to π, moved so that the mean is the origin.
///
/// It is the kernel density of points along the arcs at steps of `noise` at most, and exact as that: from the continuous
/// arcs it differs by 2e^(−2π²) < 1e-8 of itself, but for the ends.
///
/// # Errors
/// Where `noise` is not a number from 0.001 to 10.
pub fn two_moons(noise: f64) -> Result<Kernel, InvalidDensity> {
    let count = points_along(PI, noise)?;
    let angles = (0..count).map(|i| PI * (f64::from(i) + 0.5) / f64::from(count));
    let moons = angles.flat_map(|t| {
        let (x, y) = (libm::cos(t) - 0.5, libm::sin(t) - 0.25);
        [vec![x, y], vec![-x, -y]]
    });
    Kernel::new(&moons.collect::<Vec<_>>(), noise)
}

/// How many points lie along a curve of `length` at steps of `noise` at most.
pub(super) fn points_along(length: f64, noise: f64) -> Result<u32, InvalidDensity> {
    if !(1e-3..=10.0).contains(&noise) {
        return invalid("noise", format!("is {noise}; it must be a number from 0.001 to 10"));
    }
    Ok(libm::ceil(length / noise) as u32)
}
