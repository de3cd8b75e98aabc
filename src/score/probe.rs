//! Rows to try a model on.

use super::{ModelInfo, Rows, ScoreError, ScoreSession};
use crate::sampler::{Noise, Purpose, schedule};
use std::ops::Range;

/// Rows of many noise levels and classes, as a chain meets them: a little signal, σ of noise.
pub(super) struct Probe {
    /// Elements of a row.
    pub(super) dim: usize,
    x: Vec<f32>,
    /// `[rows]`: each row's noise level.
    pub(super) sigma: Vec<f32>,
    label: Vec<i64>,
}

impl Probe {
    /// `count` rows for the model of `info`.
    pub(super) fn new(info: &ModelInfo, count: usize) -> Self {
        let dim = info.dim();
        // A density known at every σ has no smallest level to begin at.
        let low = if info.sigma_min > 0.0 { info.sigma_min } else { 1e-3_f64.min(info.sigma_max) };
        let sigma: Vec<f32> = match info.sigma_max > 0.0 {
            true => schedule::geometric(info.sigma_max, low, count as u32).iter().map(|&s| s as f32).collect(),
            false => vec![0.0; count],
        };
        let mut x = vec![0.0; dim * count];
        for (i, row) in x.chunks_mut(dim).enumerate() {
            let [low, high] = info.range;
            // Where σ = 0 is all there is, the rows are as different by their places.
            let spread = if sigma[i] > 0.0 { sigma[i] } else { 0.25 * (high - low) };
            let middle = 0.5 * (low + high);
            Noise::new(0, i as u32, Purpose::Sampling).for_each_normal(0, row, |_, x, z| *x = middle + spread * z);
        }
        let classes = info.labels.len() as i64;
        let label = (0..count as i64).map(|i| i % (classes + 1) - 1).collect();
        Self { dim, x, sigma, label }
    }

    /// Evaluates rows `range` together.
    pub(super) fn run(&self, session: &mut dyn ScoreSession, range: Range<usize>) -> Result<Vec<f32>, ScoreError> {
        let mut score = vec![f32::NAN; range.len() * self.dim];
        let rows = Rows {
            x: &self.x[range.start * self.dim..range.end * self.dim],
            sigma: &self.sigma[range.clone()],
            label: &self.label[range],
        };
        session.evaluate(rows, &mut score)?;
        Ok(score)
    }

    /// Evaluates every row by itself.
    pub(super) fn alone(&self, session: &mut dyn ScoreSession) -> Result<Vec<f32>, ScoreError> {
        let mut all = Vec::with_capacity(self.x.len());
        for i in 0..self.sigma.len() {
            all.extend(self.run(session, i..i + 1)?);
        }
        Ok(all)
    }

    /// Whether batches of every one of `sizes`, beginning at different rows, give the bytes of the rows `alone`.
    pub(super) fn agrees(
        &self,
        session: &mut dyn ScoreSession,
        alone: &[f32],
        sizes: &[usize],
    ) -> Result<bool, ScoreError> {
        for size in sizes {
            let last = self.sigma.len() - size;
            let mut starts = vec![0, last / 2, last];
            starts.dedup();
            for start in starts {
                let score = self.run(session, start..start + size)?;
                if !same(&score, &alone[start * self.dim..][..score.len()]) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Whether two scores have the same bytes.
pub(super) fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}
