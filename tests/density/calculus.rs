//! The score is the gradient of log p, and p has mass one.

use smld::sampler::{Noise, Purpose};
use smld::score::density::{Checkerboard, Density, Funnel, Gaussian, Kernel, NAMES, by_name};
use std::sync::Arc;

/// Every standard density, and some of more dimensions.
fn all() -> Vec<(String, Arc<dyn Density>)> {
    let mut all: Vec<(String, Arc<dyn Density>)> =
        NAMES.iter().map(|&name| (name.to_owned(), by_name(name).unwrap())).collect();
    let covariance = [vec![2.0, 0.6, -0.3], vec![0.6, 0.5, 0.1], vec![-0.3, 0.1, 1.0]];
    all.push(("covariance".to_owned(), Arc::new(Gaussian::new(vec![1.0, -2.0, 0.0], &covariance).unwrap())));
    let points = [vec![-1.0, 0.0, 2.0, 0.5], vec![1.0, 1.0, -1.0, 0.0], vec![0.0, 3.0, 0.0, 0.0]];
    all.push(("kernel".to_owned(), Arc::new(Kernel::new(&points, 0.3).unwrap())));
    all.push(("funnel of 7".to_owned(), Arc::new(Funnel::new(7, 3.0).unwrap())));
    all.push(("board of 3".to_owned(), Arc::new(Checkerboard::new(3, 2.0).unwrap())));
    all
}

/// Noise levels from the smallest that is known, or none, to beyond the density's own size.
fn levels(density: &dyn Density) -> Vec<f64> {
    let [least, most] = density.sigma_range();
    [0.0, 0.05, 0.4, 2.0, 9.0].iter().map(|&sigma| f64::max(sigma, least)).filter(|&sigma| sigma <= most).collect()
}

#[test]
fn the_score_is_the_gradient_of_the_log_density_near_and_far_at_every_level() {
    for (name, density) in all() {
        for sigma in levels(density.as_ref()) {
            let scale = (density.detail().powi(2) + sigma * sigma).sqrt();
            for (i, far) in (0..40).zip([1.0, 1.0, 1.0, 6.0].into_iter().cycle()) {
                // A draw, blurred, and every fourth carried far out.
                let (mut x, mut z) = (vec![0.0; density.dim()], vec![0.0; density.dim()]);
                density.draw(&Noise::new(1, i, Purpose::Data), &mut x);
                Noise::new(1, i, Purpose::Perturbation).normal(0, &mut z);
                x.iter_mut().zip(&z).for_each(|(x, z)| *x = far * (*x + sigma * f64::from(*z)));
                if name.starts_with("funnel") {
                    x[0] /= far;
                }
                agrees(&name, density.as_ref(), sigma, &mut x, 1e-4 * scale);
            }
        }
    }
}

/// Compares the score at x with central differences of steps `h`, to what h² and rounding leave.
fn agrees(name: &str, density: &dyn Density, sigma: f64, x: &mut [f64], h: f64) {
    let mut score = vec![0.0; x.len()];
    density.score(x, sigma, &mut score);
    let size = score.iter().fold(1.0 / h * 1e-4, |size: f64, s| size.max(s.abs()));
    let at = density.log_density(x, sigma);
    for d in 0..x.len() {
        let middle = x[d];
        let mut log = |step: f64| {
            x[d] = middle + step;
            density.log_density(x, sigma)
        };
        // Richardson's extrapolation: what is left is of order h⁴.
        let slope = |near: f64, far: f64| (8.0 * near - far) / (12.0 * h);
        let gradient = slope(log(h) - log(-h), log(2.0 * h) - log(-2.0 * h));
        x[d] = middle;
        let tolerance = 1e-8 * size + 1e-14 * at.abs() / h;
        let error = (gradient - score[d]).abs();
        assert!(error < tolerance, "{name} at {x:?}, σ = {sigma}: {} is not {gradient}, by {error:e}", score[d]);
    }
}

#[test]
fn the_mass_is_one_at_every_level() {
    for name in NAMES.into_iter().filter(|&name| name != "funnel") {
        let density = by_name(name).unwrap();
        for sigma in [0.0, 0.3, 1.5].map(|sigma: f64| sigma.max(density.sigma_range()[0])) {
            if sigma > density.sigma_range()[1] {
                continue;
            }
            let scale = (density.detail().powi(2) + sigma * sigma).sqrt();
            // Sums of smooth functions over a whole plane err by e^(−2π² (scale/step)²) only.
            let step = 0.65 * scale;
            let count = ((2.5 * density.reach() + 7.0 * scale) / step) as i32;
            let at = |i: i32, j: i32| density.log_density(&[step * f64::from(i), step * f64::from(j)], sigma).exp();
            let rows = (-count..=count).map(|i| (-count..=count).map(|j| at(i, j)).sum::<f64>());
            let mass = step * step * rows.sum::<f64>();
            assert!((mass - 1.0).abs() < 1e-6, "{name} at σ = {sigma} has the mass {mass}");
        }
    }
}

#[test]
fn the_mass_of_the_funnel_is_one_by_its_own_coordinates() {
    let funnel = by_name("funnel").unwrap();
    // Over v and u = x e^(−v/2), where the neck is as wide as the mouth.
    let step = 0.25;
    let at = |i: i32, j: i32| {
        let (v, u) = (3.0 * step * f64::from(i), step * f64::from(j));
        (funnel.log_density(&[v, u * (0.5 * v).exp()], 0.0) + 0.5 * v).exp()
    };
    let mass = 3.0 * step * step * (-32..=32).flat_map(|i| (-32..=32).map(move |j| at(i, j))).sum::<f64>();
    assert!((mass - 1.0).abs() < 1e-9, "{mass}");
}

#[test]
fn scores_are_finite_wherever_chains_begin() {
    for (name, density) in all() {
        let [least, most] = density.sigma_range();
        let mut score = vec![0.0; density.dim()];
        for sigma in [least, most] {
            for distance in [0.0, 1e-30, 1.0, 60.0, 1e4] {
                density.score(&vec![distance; density.dim()], sigma, &mut score);
                assert!(score.iter().all(|s| s.is_finite()), "{name} at {distance}, σ = {sigma}: {score:?}");
                let log = density.log_density(&vec![distance; density.dim()], sigma);
                assert!(log.is_finite(), "{name} at {distance}, σ = {sigma}: {log}");
            }
        }
    }
}
