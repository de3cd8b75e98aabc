//! Whether samples are copies: their distances to the nearest training row, against those of real rows that were held out.

use serde::Serialize;

/// Distances to the nearest training row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Nearness {
    /// Their median.
    pub median: f64,
    /// The share of rows nearer than the nearest hundredth of the held-out rows: a hundredth where nothing is remembered.
    pub share_nearer: f64,
}

impl Nearness {
    /// Of `distances`, where those of held-out rows are `held_out`; neither is empty.
    #[must_use]
    pub fn new(distances: &[f64], held_out: &[f64]) -> Self {
        let near = quantile(held_out, 0.01);
        let nearer = distances.iter().filter(|&&distance| distance < near).count();
        Self { median: quantile(distances, 0.5), share_nearer: nearer as f64 / distances.len() as f64 }
    }
}

/// The smallest value that at least the share `q` of `values` do not exceed.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((q * values.len() as f64).ceil() as usize).max(1) - 1]
}
