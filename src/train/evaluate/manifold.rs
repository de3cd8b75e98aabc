//! How two sets of rows cover each other: improved precision and recall (Kynkäänniemi et al. 2019), density and coverage
//! (Naeem et al. 2020). All four are of balls that reach from a row to its k-th nearest neighbour in its own set.

use super::neighbours::{QUERIES, middle, nearest, squared_distances, squared_norms};
use serde::Serialize;
use tch::{Kind, Tensor};

/// What sampled rows have to do with real ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cover {
    /// The share of sampled rows that lie in the ball of a real row: samples that are as real ones are.
    pub precision: f64,
    /// The share of real rows that lie in the ball of a sampled row: reality that is reached.
    pub recall: f64,
    /// The number of real rows' balls that a sampled row lies in, over k, in the mean: 1 where both are of one distribution.
    pub density: f64,
    /// The share of real rows in whose ball a sampled row lies.
    pub coverage: f64,
}

/// k for precision and recall, as in Kynkäänniemi et al.
pub const PRECISION_K: usize = 3;
/// k for density and coverage, as in Naeem et al.
pub const DENSITY_K: usize = 5;

/// A row is in a ball that it misses by less than this share of the ball's squared radius and of its middle's ‖x‖²: rounding
/// decides nothing.
const SLACK: f64 = 1e-12;

/// Compares `sampled` [m, D] with `real` [n, D]: m, n > [`DENSITY_K`], and best equal.
#[must_use]
pub fn cover(real: &Tensor, sampled: &Tensor) -> Cover {
    let [real, sampled] = [real, sampled].map(|rows| rows.to_kind(Kind::Double));
    let middle = middle(&real);
    let [real, sampled] = [real - &middle, sampled - &middle];
    // The first of the neighbours is the row itself.
    let squared_radii =
        |rows: &Tensor| nearest(rows, rows, DENSITY_K + 1) * (1.0 + SLACK) + squared_norms(rows) * SLACK;
    let (real_radii, sampled_radii) = (squared_radii(&real), squared_radii(&sampled));
    let column = |radii: &Tensor, k: usize| radii.narrow(1, k as i64, 1);

    let (n, m) = (real.size()[0], sampled.size()[0]);
    let mut sampled_within = 0;
    let mut pairs = 0;
    let [reached, covered] = [(); 2].map(|()| Tensor::zeros([n], (Kind::Bool, tch::Device::Cpu)));
    for (rows, radii) in sampled.split(QUERIES, 0).iter().zip(sampled_radii.split(QUERIES, 0)) {
        let mut within = Tensor::zeros([rows.size()[0]], (Kind::Bool, tch::Device::Cpu));
        for first in (0..n).step_by(QUERIES as usize) {
            let part = |whole: &Tensor| whole.narrow(0, first, QUERIES.min(n - first));
            let distances = squared_distances(rows, &part(&real));
            let real_radii = part(&real_radii);
            let in_real = |k| distances.le_tensor(&column(&real_radii, k).tr());
            let in_dense = in_real(DENSITY_K);
            let _ = within.logical_or_(&in_real(PRECISION_K).any_dim(1, false));
            pairs += in_dense.sum(Kind::Int64).int64_value(&[]);
            let in_sampled = distances.le_tensor(&column(&radii, PRECISION_K));
            let _ = part(&covered).logical_or_(&in_dense.any_dim(0, false));
            let _ = part(&reached).logical_or_(&in_sampled.any_dim(0, false));
        }
        sampled_within += count(&within);
    }
    Cover {
        precision: sampled_within as f64 / m as f64,
        recall: count(&reached) as f64 / n as f64,
        density: pairs as f64 / (DENSITY_K as f64 * m as f64),
        coverage: count(&covered) as f64 / n as f64,
    }
}

fn count(rows: &Tensor) -> i64 {
    rows.sum(Kind::Int64).int64_value(&[])
}
