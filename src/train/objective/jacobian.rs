//! Derivatives of a score by its point, which can be differentiated again.

use tch::{Kind, Tensor};

/// tr ∇s of every row `[batch]`, for `score` [batch, …] computed from x: a backward pass for each of the D elements of a row.
pub(super) fn trace(score: &Tensor, x: &Tensor) -> Tensor {
    let columns = score.flatten(1, -1);
    let diagonal: Vec<Tensor> =
        (0..columns.size()[1]).map(|d| gradient(&columns.select(1, d), x).flatten(1, -1).select(1, d)).collect();
    Tensor::stack(&diagonal, 1).sum_dim_intlist(1, false, Kind::Float)
}

/// vᵀ ∇s v of every row `[batch]`, for `score` and v [batch, …], `score` computed from x: one backward pass.
pub(super) fn along(score: &Tensor, x: &Tensor, v: &Tensor) -> Tensor {
    dot(&gradient(&(score * v), x), v)
}

/// The inner product of every row of a and b [batch, …]: `[batch]`.
pub(super) fn dot(a: &Tensor, b: &Tensor) -> Tensor {
    (a * b).flatten(1, -1).sum_dim_intlist(1, false, Kind::Float)
}

/// ∇ₓ of the sum of `values`. A row of a score depends on its own row of x alone, so each row of the sum's gradient is that
/// row's.
fn gradient(values: &Tensor, x: &Tensor) -> Tensor {
    Tensor::run_backward(&[values.sum(Kind::Float)], &[x], true, true).remove(0)
}
