//! Draws are exact, and p_σ is what they become by adding noise.

use super::histogram::assert_follows;
use smld::sampler::{Noise, Purpose};
use smld::score::density::{Density, Funnel, Gaussian, NAMES, by_name};

/// Draws of p, blurred by σ.
fn drawn(density: &dyn Density, count: u32, sigma: f64) -> Vec<Vec<f64>> {
    let draw = |i| {
        let (mut x, mut z) = (vec![0.0; density.dim()], vec![0.0; density.dim()]);
        density.draw(&Noise::new(7, i, Purpose::Data), &mut x);
        Noise::new(7, i, Purpose::Perturbation).normal(0, &mut z);
        x.iter_mut().zip(z).for_each(|(x, z)| *x += sigma * f64::from(z));
        x
    };
    (0..count).map(draw).collect()
}

#[test]
fn draws_and_blurred_draws_follow_the_density_of_their_level() {
    for name in NAMES.into_iter().filter(|&name| name != "funnel") {
        let density = by_name(name).unwrap();
        let [least, most] = density.sigma_range();
        for sigma in [least, 0.5].into_iter().filter(|&sigma| sigma <= most) {
            let points: Vec<[f64; 2]> =
                drawn(density.as_ref(), 20_000, sigma).into_iter().map(|x| x.try_into().unwrap()).collect();
            assert_follows(name, &points, density.as_ref(), sigma, 16, 0.0);
        }
    }
}

/// The means and the covariances of `points`.
fn moments(points: &[Vec<f64>]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (count, dim) = (points.len() as f64, points[0].len());
    let mean: Vec<f64> = (0..dim).map(|i| points.iter().map(|x| x[i]).sum::<f64>() / count).collect();
    let product = |i: usize, j: usize| points.iter().map(|x| (x[i] - mean[i]) * (x[j] - mean[j])).sum::<f64>() / count;
    let covariance = (0..dim).map(|i| (0..dim).map(|j| product(i, j)).collect()).collect();
    (mean, covariance)
}

/// Whether `points` of Gaussians have these moments, each within four standard errors.
fn assert_moments(points: &[Vec<f64>], mean: &[f64], covariance: &[Vec<f64>]) {
    let (means, covariances) = moments(points);
    let root = (points.len() as f64).sqrt();
    for i in 0..mean.len() {
        let v = |i: usize| covariance[i][i];
        assert!((means[i] - mean[i]).abs() < 4.0 * v(i).sqrt() / root, "{means:?} is not {mean:?}");
        for j in 0..mean.len() {
            let error = (v(i) * v(j) + covariance[i][j].powi(2)).sqrt() / root;
            assert!(
                (covariances[i][j] - covariance[i][j]).abs() < 4.0 * error,
                "{covariances:?} is not {covariance:?}"
            );
        }
    }
}

#[test]
fn draws_from_a_covariance_have_it() {
    let (mean, covariance) = (vec![1.0, -2.0, 0.0], [vec![2.0, 0.6, -0.3], vec![0.6, 0.5, 0.1], vec![-0.3, 0.1, 1.0]]);
    let gaussian = Gaussian::new(mean.clone(), &covariance).unwrap();
    assert_moments(&drawn(&gaussian, 20_000, 0.0), &mean, &covariance);
}

#[test]
fn draws_from_the_funnel_are_normal_in_its_own_coordinates() {
    let funnel = Funnel::new(3, 2.0).unwrap();
    let own = |x: Vec<f64>| vec![x[0] / 2.0, x[1] * (-0.5 * x[0]).exp(), x[2] * (-0.5 * x[0]).exp()];
    let points: Vec<Vec<f64>> = drawn(&funnel, 20_000, 0.0).into_iter().map(own).collect();
    let unit = |i: usize| (0..3).map(|j| f64::from(u8::from(i == j))).collect();
    assert_moments(&points, &[0.0; 3], &[unit(0), unit(1), unit(2)]);
}

#[test]
fn a_draw_is_the_same_point_whenever_it_is_asked_for() {
    for name in NAMES {
        let density = by_name(name).unwrap();
        assert_eq!(drawn(density.as_ref(), 5, 0.0), drawn(density.as_ref(), 9, 0.0)[..5], "{name}");
    }
}
