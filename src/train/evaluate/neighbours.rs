//! Nearest neighbours, block by block.

use super::rows::{Rows, blocks};
use tch::{Kind, Tensor};

/// Queries of a block: with the rows of a reference's block, 32 MiB of distances.
pub(super) const QUERIES: i64 = 1024;

/// Squared Euclidean distances between the rows of a [n, D] and of b [m, D], both float64: [n, m].
pub fn squared_distances(a: &Tensor, b: &Tensor) -> Tensor {
    let mut distances = squared_norms(b).tr().addmm(&(a * -2.0), &b.tr());
    distances += squared_norms(a);
    distances.clamp_min_(0.0)
}

/// Squared distances of every row of `queries` [n, D] to its `k` nearest rows of `reference`, the nearest first: [n, k], or
/// as many columns as there are rows. A query that is itself in the reference is its own nearest.
pub fn nearest(queries: &Tensor, reference: &dyn Rows, k: usize) -> Tensor {
    let smallest = |distances: &Tensor| distances.topk((k as i64).min(distances.size()[1]), 1, false, true).0;
    let queries = queries.to_kind(Kind::Double);
    let middle = middle(&queries);
    let mut queries: Vec<(Tensor, Option<Tensor>)> =
        (queries - &middle).split(QUERIES, 0).into_iter().map(|block| (block, None)).collect();
    for rows in blocks(reference) {
        let rows = rows - &middle;
        for (queries, best) in &mut queries {
            let here = smallest(&squared_distances(queries, &rows));
            *best = Some(match best.take() {
                Some(before) => smallest(&Tensor::cat(&[before, here], 1)),
                None => here,
            });
        }
    }
    let best: Vec<Tensor> = queries.into_iter().filter_map(|(_, best)| best).collect();
    Tensor::cat(&best, 0)
}

/// The median of every column of x [n, D]: `[D]`.
///
/// A squared distance is a difference of squared norms, and rounded as these are: rows far from zero are moved there before. A
/// mean would follow one row that is farther than all others.
pub(super) fn middle(x: &Tensor) -> Tensor {
    x.median_dim(0, false).0
}

/// ‖x‖² of every row: [n, 1].
pub(super) fn squared_norms(x: &Tensor) -> Tensor {
    x.square().sum_dim_intlist([1].as_slice(), true, Kind::Double)
}
