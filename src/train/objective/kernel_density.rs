//! The Gaussian kernel density of a data set, and its score.

use crate::train::data::Dataset;
use tch::{Device, Kind, Tensor};

/// q_h(x) = 1/M Σᵢ N(x; xᵢ, h² I) over the M rows of a data set (Parzen 1962); of a data set with classes, one for each.
#[derive(Debug)]
pub struct KernelDensity {
    /// The rows: [M, D].
    pub rows: Tensor,
    /// Their classes: `[M]`, −1 where there are none.
    pub labels: Tensor,
    /// h.
    pub bandwidth: f64,
    /// How many rows are looked at together: what bounds the memory.
    pub block: i64,
}

impl KernelDensity {
    /// The kernel density of `data` with `bandwidth` h, evaluated on `device`.
    #[must_use]
    pub fn new(data: &Dataset, bandwidth: f64, device: Device) -> Self {
        let dim: usize = data.shape().iter().product();
        let mut rows = vec![0.0; data.len() * dim];
        rows.chunks_mut(dim).enumerate().for_each(|(i, row)| data.row(i, row));
        let labels: Vec<i64> = (0..data.len()).map(|i| data.label(i)).collect();
        Self {
            rows: Tensor::from_slice(&rows).reshape([data.len() as i64, dim as i64]).to_device(device),
            labels: Tensor::from_slice(&labels).to_device(device),
            bandwidth,
            block: 1024,
        }
    }

    /// ∇ log q_h(x) = (Σᵢ wᵢ xᵢ − x)/h² with wᵢ ∝ exp(−‖x − xᵢ‖²/2h²), for x [batch, …]: the shape of x. A row whose `label`
    /// `[batch]` is not −1 has the score of its class's density, over the rows of that class.
    ///
    /// One pass over the data with a running maximum: at most [batch, block], [block, D] and [batch, D] at any time, in
    /// float64, because the exponents' differences are small against the exponents where h is.
    pub fn score(&self, x: &Tensor, label: &Tensor) -> Tensor {
        let variance = self.bandwidth * self.bandwidth;
        let points = x.flatten(1, -1).to_kind(Kind::Double);
        let (batch, count) = (points.size()[0], self.rows.size()[0]);
        let label = label.unsqueeze(1);
        // Finite, so that a block with no row of a point's class leaves its sums as they are.
        let mut largest = Tensor::full([batch, 1], f64::MIN, (Kind::Double, x.device()));
        let mut total = largest.zeros_like();
        let mut sum = points.zeros_like();
        for start in (0..count).step_by(self.block as usize) {
            let len = self.block.min(count - start);
            let rows = self.rows.narrow(0, start, len).to_kind(Kind::Double);
            let other = label.not_equal_tensor(&self.labels.narrow(0, start, len)).logical_and(&label.not_equal(-1));
            // −‖x − xᵢ‖²/2h² but for ‖x‖², which all share.
            let squares = rows.square().sum_dim_intlist(1, false, Kind::Double);
            let exponents = (points.matmul(&rows.tr()) * 2.0 - squares) / (2.0 * variance);
            let exponents = exponents.masked_fill(&other, f64::NEG_INFINITY);
            let next = largest.maximum(&exponents.amax(1, true));
            let shares = (exponents - &next).exp();
            let kept = (largest - &next).exp();
            total = total * &kept + shares.sum_dim_intlist(1, true, Kind::Double);
            sum = sum * kept + shares.matmul(&rows);
            largest = next;
        }
        ((sum / total - points) / variance).to_kind(Kind::Float).reshape(x.size())
    }
}
