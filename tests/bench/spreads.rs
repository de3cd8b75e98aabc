//! Quantiles, spreads, ratios and slopes.

use crate::statistics::{Spread, median, quantile, ratios, slope};

#[test]
fn a_quantile_is_the_value_at_the_nearest_rank() {
    let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    for (share, value) in [(0.0, 1.0), (0.07, 7.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)] {
        assert_eq!(quantile(&hundred, share), value, "at {share}");
    }
    assert_eq!(quantile(&[3.0], 0.99), 3.0);
    assert!(quantile(&[], 0.5).is_nan());
}

#[test]
fn a_spread_has_the_middle_and_the_ends_in_whatever_order_the_windows_came() {
    assert_eq!(Spread::of(&[4.0, 1.0, 7.0]), Spread { median: 4.0, low: 1.0, high: 7.0 });
    assert_eq!(Spread::of(&[4.0, 1.0, 7.0, 5.0]), Spread { median: 4.5, low: 1.0, high: 7.0 });
    assert!(Spread::of(&[]).median.is_nan());
}

#[test]
fn a_machine_that_slows_down_from_pair_to_pair_does_not_move_the_ratio() {
    let pairs = [1.0, 0.5, 0.25, 2.0, 0.125].map(|speed| [90.0 * speed, 100.0 * speed]);
    assert_eq!(Spread::of(&ratios(&pairs)), Spread { median: 0.9, low: 0.9, high: 0.9 });
    // The ratio of the medians is another figure: here it would call the slower side the faster.
    let pairs = [[10.0, 20.0], [30.0, 60.0], [100.0, 50.0]];
    assert_eq!(median(&ratios(&pairs)), 0.5);
}

#[test]
fn a_line_has_its_slope_and_noise_that_is_even_about_it_none() {
    let line = |x: f64| [x, 3.0 - 0.5 * x];
    assert_eq!(slope(&[line(0.0), line(1.0), line(4.0), line(7.0)]), -0.5);
    assert_eq!(slope(&[[0.0, 1.0], [1.0, 5.0], [2.0, 1.0]]), 0.0);
    assert!(slope(&[[1.0, 1.0], [1.0, 2.0]]).is_nan());
}
