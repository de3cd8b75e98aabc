//! Special functions, scaled so that nothing overflows.

use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

/// e^(−z) I_ν(z), the modified Bessel function of the first kind of order ν = 0 or 1, for z ≥ 0, within 1e-14 of its value.
///
/// Below z = 30 the power series, whose terms are all positive (Abramowitz & Stegun 9.6.10); above it Hankel's expansion,
/// whose smallest term is far below rounding there (9.7.1).
pub(super) fn bessel_i(order: u32, z: f64) -> f64 {
    let nu = f64::from(order);
    if z <= 30.0 {
        let quarter = 0.25 * z * z;
        let (mut term, mut sum) = (if order == 0 { 1.0 } else { 0.5 * z }, 0.0);
        let mut k = 0.0;
        while term > 1e-17 * sum {
            sum += term;
            k += 1.0;
            term *= quarter / (k * (k + nu));
        }
        return sum * libm::exp(-z);
    }
    let mu = 4.0 * nu * nu;
    let (mut term, mut sum) = (1.0_f64, 0.0);
    let mut k = 0.0;
    while term.abs() > 1e-17 {
        sum += term;
        k += 1.0;
        let odd = 2.0 * k - 1.0;
        term *= (odd * odd - mu) / (8.0 * k * z);
    }
    sum / (TAU * z).sqrt()
}

/// e^(x²) erfc(x) for x ≥ 0, within 1e-13 of its value: what is left of the error function far out, where it vanishes.
///
/// From x = 10 on, where the product loses digits and soon its factors, twelve terms of the expansion in 1/x²
/// (Abramowitz & Stegun 7.1.23).
pub(super) fn erfc_scaled(x: f64) -> f64 {
    if x < 10.0 {
        return libm::exp(x * x) * libm::erfc(x);
    }
    let mut term = 0.5 * FRAC_2_SQRT_PI / x;
    let mut sum = 0.0;
    for k in 0..12 {
        sum += term;
        term *= -f64::from(2 * k + 1) / (2.0 * x * x);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn assert_close(value: f64, exact: f64, tolerance: f64) {
        assert!((value / exact - 1.0).abs() < tolerance, "{value:e} is not {exact:e}");
    }

    #[test]
    fn bessel_functions_are_their_integrals_on_either_side_of_the_change_of_method() {
        // (1/π) ∫₀^π e^(z(cos θ − 1)) cos νθ dθ; over a whole period the trapezoidal rule is exact to rounding.
        for z in [1e-6, 0.3, 2.0, 7.5, 18.0, 29.9, 30.1, 45.0, 400.0, 20_000.0] {
            for order in [0, 1] {
                let count = 4000;
                let at = |i: i32| {
                    let theta = PI * f64::from(i) / f64::from(count);
                    let edge = if i == 0 || i == count { 0.5 } else { 1.0 };
                    edge * (z * (theta.cos() - 1.0)).exp() * (f64::from(order) * theta).cos()
                };
                let integral = (0..=count).map(at).sum::<f64>() / f64::from(count);
                // Where I₁ is small its integral is a difference of large numbers.
                let tolerance = if z < 0.1 { 1e-9 } else { 1e-12 };
                assert_close(bessel_i(order as u32, z), integral, tolerance);
            }
        }
        assert_eq!((bessel_i(0, 0.0), bessel_i(1, 0.0)), (1.0, 0.0));
    }

    #[test]
    fn the_scaled_error_function_joins_at_the_change_of_method_and_lies_within_its_bounds() {
        let (below, above) = (erfc_scaled(10.0_f64.next_down()), erfc_scaled(10.0));
        assert_close(below, above, 2e-13);
        // Abramowitz & Stegun 7.1.13, and libm's own where that is not yet zero.
        for x in [0.0, 0.5, 3.0, 9.0, 10.5, 20.0, 26.0, 100.0, 1e6] {
            let value = erfc_scaled(x);
            let bound = |c: f64| FRAC_2_SQRT_PI / (x + (x * x + c).sqrt());
            let room = 1e-13 * value;
            assert!(value > bound(2.0) - room && value <= bound(4.0 / PI) + room, "{x}: {value}");
            if x > 0.0 && x <= 26.0 {
                assert_close(value * libm::exp(-x * x), libm::erfc(x), 1e-12);
            }
        }
    }
}
