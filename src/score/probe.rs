//! Rows to try a model on.

use super::{ModelInfo, Rows, ScoreError, ScoreSession};
use crate::sampler::{Noise, Purpose};
use std::ops::Range;
use std::time::{Duration, Instant};

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
        let ratio = libm::log(low / info.sigma_max);
        let sigma: Vec<f32> = match info.sigma_max > 0.0 {
            true => (0..count).map(|i| (info.sigma_max * libm::exp(ratio * place(i))) as f32).collect(),
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
        // No class, the last one, whose place a table may lack, and then all in turn.
        let label = (0..count as i64).map(|i| if i == 1 { classes - 1 } else { i % (classes + 1) - 1 }).collect();
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

    /// Evaluates rows one by one: the first `least`, and as many of the others as there is `time` for.
    pub(super) fn alone(
        &self,
        session: &mut dyn ScoreSession,
        least: usize,
        time: Duration,
    ) -> Result<Vec<f32>, ScoreError> {
        let start = Instant::now();
        let mut all = Vec::new();
        for i in 0..self.sigma.len() {
            if i >= least && start.elapsed() > time {
                break;
            }
            all.extend(self.run(session, i..i + 1)?);
        }
        Ok(all)
    }

    /// Whether batches of every one of `sizes`, at several places, give the bytes of the first rows `alone`; each of these is in some batch
    /// of the last size.
    pub(super) fn agrees(
        &self,
        session: &mut dyn ScoreSession,
        alone: &[f32],
        sizes: &[usize],
    ) -> Result<bool, ScoreError> {
        let rows = alone.len() / self.dim;
        for (place, size) in sizes.iter().enumerate() {
            let last = rows - size;
            let mut starts = vec![0, last / 2, last];
            if place + 1 == sizes.len() {
                starts.extend((0..last).step_by(*size));
            }
            starts.sort_unstable();
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

/// Where among the logarithms of the noise levels row `i` has its own, from the largest at 0 to the smallest at 1: both ends, and then everywhere
/// as evenly as any number of rows can be, by the golden ratio, at no regular distance.
fn place(i: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    match i {
        0 | 1 => i as f64,
        i => (GOLDEN * i as f64).fract(),
    }
}

/// Whether two scores have the same bytes.
pub(super) fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}
