//! The Fréchet distance in closed form, and its standard error against replicas.

use crate::support::normal;
use smld::train::evaluate::frechet::{BLOCKS, Gaussian, Reference};
use tch::Tensor;

fn gaussian<const D: usize>(mean: [f64; D], covariance: [[f64; D]; D]) -> Gaussian {
    let size = D as i64;
    Gaussian {
        mean: Tensor::from_slice(&mean),
        covariance: Tensor::from_slice(covariance.as_flattened()).reshape([size, size]),
    }
}

fn distance(a: &Gaussian, b: &Gaussian) -> f64 {
    let there = Reference::new(a).unwrap().distance(b).unwrap();
    let back = Reference::new(b).unwrap().distance(a).unwrap();
    assert!((there - back).abs() < 1e-12, "{there} there and {back} back");
    there
}

#[test]
fn of_two_gaussians_the_distance_has_the_value_of_the_closed_form() {
    // Diagonal: ‖μ₁ − μ₂‖² + Σ (s₁ − s₂)², 25 + 1 + 1.
    let a = gaussian([1.0, 2.0], [[4.0, 0.0], [0.0, 9.0]]);
    let b = gaussian([4.0, -2.0], [[1.0, 0.0], [0.0, 16.0]]);
    assert!((distance(&a, &b) - 27.0).abs() < 1e-12);

    // 2×2, not commuting: tr (AB)^½ = (tr AB + 2 (det A det B)^½)^½, with tr AB = 13, det A = 5, det B = 3.75.
    let a = gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 3.0]]);
    let b = gaussian([0.5, 0.0], [[1.0, -0.5], [-0.5, 4.0]]);
    let exact = 0.25 + 10.0 - 2.0 * (13.0 + 2.0 * 18.75_f64.sqrt()).sqrt();
    assert!((distance(&a, &b) - exact).abs() < 1e-12);

    // 3×3, not commuting: the root of AB by the iteration of Denman and Beavers in decimals of 50 digits.
    let a = gaussian([1.0, 0.0, 0.25], [[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 0.7]]);
    let b = gaussian([0.0, 0.5, 0.0], [[1.0, -0.4, 0.1], [-0.4, 3.0, 0.9], [0.1, 0.9, 0.5]]);
    assert!((distance(&a, &b) - 2.596_136_775_709_842).abs() < 1e-12);

    // A covariance without full rank: (0, 0), (0, 4) against the diagonal (1, 1): (0 − 1)² + (2 − 1)².
    let a = gaussian([0.0, 0.0], [[0.0, 0.0], [0.0, 4.0]]);
    let b = gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]);
    assert!((distance(&a, &b) - 2.0).abs() < 1e-12);
}

#[test]
fn the_distance_of_rows_from_themselves_is_zero_and_from_shifted_rows_the_squared_shift() {
    let rows = normal(0, 5000, 6);
    let reference = Reference::new(&Gaussian::of(&rows)).unwrap();
    assert!(reference.distance(&Gaussian::of(&rows)).unwrap() < 1e-9);
    // Exact in float32: the rows are multiples of 2⁻¹⁰.
    let rows = (rows * 1024.0).round() / 1024.0;
    let reference = Reference::new(&Gaussian::of(&rows)).unwrap();
    let shifted = reference.distance(&Gaussian::of(&(rows + 0.5))).unwrap();
    assert!((shifted - 6.0 * 0.25).abs() < 1e-9, "{shifted}");
}

#[test]
fn moments_are_those_of_all_rows_and_do_not_depend_on_their_order() {
    // 6000 rows are two blocks; rows (i, 2i) have mean (n − 1)/2 and variance n (n + 1)/12.
    let n = 6000;
    let column = Tensor::arange(n, (tch::Kind::Float, tch::Device::Cpu)).unsqueeze(1);
    let rows = Tensor::cat(&[&column, &(&column * 2.0)], 1);
    let variance = (n * (n + 1)) as f64 / 12.0;
    let exact = [(n - 1) as f64 / 2.0, variance, 2.0 * variance, 4.0 * variance];
    for rows in [rows.shallow_clone(), rows.flip([0].as_slice())] {
        let Gaussian { mean, covariance } = Gaussian::of(&rows);
        let found = [mean.double_value(&[0]), covariance.double_value(&[0, 0]), covariance.double_value(&[0, 1])];
        for (found, exact) in found.iter().zip(exact) {
            assert!((found / exact - 1.0).abs() < 1e-12, "{found} is not {exact}");
        }
        assert!((covariance.double_value(&[1, 1]) / exact[3] - 1.0).abs() < 1e-12);
    }
}

/// The mean of the jackknife's standard errors over `REPLICAS` independent sets of rows drawn from N(0, I), over the spread
/// of their distances.
fn mean_error_over_spread(reference: &Gaussian, dim: usize) -> f64 {
    let reference = Reference::new(reference).unwrap();
    let replicas: Vec<_> = (0..REPLICAS).map(|i| reference.estimate(&normal(i, 20 * BLOCKS, dim)).unwrap()).collect();
    let count = f64::from(REPLICAS);
    let mean = replicas.iter().map(|replica| replica.distance).sum::<f64>() / count;
    let squares: f64 = replicas.iter().map(|replica| (replica.distance - mean).powi(2)).sum();
    let errors = replicas.iter().map(|replica| replica.standard_error).sum::<f64>() / count;
    errors / (squares / (count - 1.0)).sqrt()
}

const REPLICAS: u32 = 200;

#[test]
fn the_standard_error_is_the_spread_over_independent_samples() {
    let far = gaussian([0.6, -0.3, 0.2], [[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 0.7]]);
    // The spread of 200 values is known to 1/√398 = 5 %, the mean of the errors to 1 %: four times that.
    let ratio = mean_error_over_spread(&far, 3);
    assert!((ratio - 1.0).abs() < 0.21, "{ratio}");

    // Where the distance is zero its derivative is too, and the jackknife gives √2 of the spread: too large, never too small.
    let near = gaussian([0.0; 3], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let ratio = mean_error_over_spread(&near, 3);
    assert!((1.1..1.75).contains(&ratio), "{ratio}");
}

#[test]
fn what_two_sets_of_rows_share_is_no_error_of_their_difference() {
    // Both are the same noise z, shifted by 1 and by 1.2 in six dimensions: the distances differ by 6·0.44 + 0.4·Σ z̄.
    let (count, z) = (2000, normal(0, 2000, 6));
    let reference =
        Reference::new(&gaussian([0.0; 6], std::array::from_fn(|i| std::array::from_fn(|j| f64::from(i == j)))))
            .unwrap();
    let [near, far] = [1.0, 1.2].map(|shift| reference.jackknife(&(&z + shift)).unwrap());
    let (gain, exact) = (far.beyond(&near), 0.4 * (6.0 / f64::from(count)).sqrt());
    assert!((gain.distance - 6.0 * 0.44).abs() < 4.0 * exact, "{gain:?}");
    // Twenty parts know an error to one in six.
    assert!((gain.standard_error / exact - 1.0).abs() < 0.5, "{gain:?} and not ± {exact}");
    assert!(gain.standard_error < 0.3 * far.estimate().standard_error);
    let none = near.beyond(&near);
    assert_eq!((none.distance, none.standard_error), (0.0, 0.0));
}
