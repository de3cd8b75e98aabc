//! Eigenvalues of symmetric matrices.

/// The eigenvalues of a symmetric matrix [D, D], row-major, and its eigenvectors, one in each row of [D, D]: cyclic Jacobi
/// rotations (Jacobi 1846; Golub & Van Loan, Matrix Computations, §8.5), by basic arithmetic alone.
pub(super) fn symmetric(mut matrix: Vec<f64>, dim: usize) -> (Vec<f64>, Vec<f64>) {
    let mut axes = vec![0.0; dim * dim];
    axes.iter_mut().step_by(dim + 1).for_each(|one| *one = 1.0);
    let whole: f64 = matrix.iter().map(|a| a * a).sum();
    // Convergence is quadratic: a handful of sweeps is usual.
    for _ in 0..64 {
        let squares = |(i, a): (usize, &f64)| if i % (dim + 1) == 0 { 0.0 } else { a * a };
        if matrix.iter().enumerate().map(squares).sum::<f64>() <= 1e-32 * whole {
            break;
        }
        for p in 0..dim {
            for q in p + 1..dim {
                rotate(&mut matrix, &mut axes, dim, p, q);
            }
        }
    }
    (matrix.iter().step_by(dim + 1).copied().collect(), axes)
}

/// The rotation in the plane of p and q that makes element (p, q) zero.
fn rotate(matrix: &mut [f64], axes: &mut [f64], dim: usize, p: usize, q: usize) {
    let off = matrix[p * dim + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * dim + q] - matrix[p * dim + p]) / (2.0 * off);
    let tan = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (tan * tan + 1.0).sqrt();
    let sin = tan * cos;
    let turn = |matrix: &mut [f64], i: usize, j: usize| {
        let (a, b) = (matrix[i], matrix[j]);
        (matrix[i], matrix[j]) = (cos * a - sin * b, sin * a + cos * b);
    };
    (0..dim).for_each(|k| turn(matrix, k * dim + p, k * dim + q));
    (0..dim).for_each(|k| turn(matrix, p * dim + k, q * dim + k));
    (0..dim).for_each(|k| turn(axes, p * dim + k, q * dim + k));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::{Noise, Purpose};

    #[test]
    fn the_matrix_is_the_sum_of_its_eigenvalues_times_its_axes() {
        for dim in [1, 2, 3, 20] {
            let mut half = vec![0.0; dim * dim];
            Noise::new(1, dim as u32, Purpose::Data).normal(0, &mut half);
            let matrix: Vec<f64> =
                (0..dim * dim).map(|i| f64::from(half[i]) + f64::from(half[i % dim * dim + i / dim])).collect();
            let (values, axes) = symmetric(matrix.clone(), dim);
            for i in 0..dim {
                for j in 0..dim {
                    let sum = |f: &dyn Fn(usize) -> f64| (0..dim).map(f).sum::<f64>();
                    let again = sum(&|k| values[k] * axes[k * dim + i] * axes[k * dim + j]);
                    assert!((again - matrix[i * dim + j]).abs() < 1e-12, "{dim}: ({i}, {j})");
                    let product = sum(&|k| axes[i * dim + k] * axes[j * dim + k]);
                    assert!((product - f64::from(u8::from(i == j))).abs() < 1e-13, "{dim}: axes {i} and {j}");
                }
            }
        }
    }
}
