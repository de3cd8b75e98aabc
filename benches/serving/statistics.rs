//! Quantiles, spreads, ratios of pairs, slopes.

use serde::Serialize;

/// What several windows gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// Half of the windows gave no more.
    pub(crate) median: f64,
    /// The least.
    pub(crate) low: f64,
    /// The most.
    pub(crate) high: f64,
}

impl Spread {
    /// The spread of `values`; NaN where there are none.
    pub(crate) fn of(values: &[f64]) -> Self {
        Self { median: median(values), low: quantile(values, 0.0), high: quantile(values, 1.0) }
    }
}

/// The `share` quantile by nearest rank: the least of `values` such that at least that share of them are not above it. It is
/// a value that was measured, never one between two.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    /// What a share of a count may be off by: 0.07 of 100 is 7, in binary a little more.
    const ROUNDING: f64 = 1e-9;
    let sorted = sorted(values);
    let rank = (share * sorted.len() as f64 - ROUNDING).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// The middle value, or the mean of the middle two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[half],
        _ => 0.5 * (sorted[half - 1] + sorted[half]),
    }
}

/// Of each pair of windows, the first over the second: what the machine did to both of them cancels.
pub(crate) fn ratios(pairs: &[[f64; 2]]) -> Vec<f64> {
    pairs.iter().map(|[first, second]| first / second).collect()
}

/// The slope of the line through `points`, [x, y], by least squares; NaN where all have one x.
pub(crate) fn slope(points: &[[f64; 2]]) -> f64 {
    let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(0), mean(1));
    let along = |f: fn(f64, f64) -> f64| points.iter().map(|point| f(point[0] - x, point[1] - y)).sum::<f64>();
    along(|x, y| x * y) / along(|x, _| x * x)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
