//! The raw side: a session that does nothing but evaluate.

use crate::Result;
use smld::sampler::{Noise, Purpose, schedule};
use smld::score::{Rows, ScoreModel, ScoreSession};
use std::time::{Duration, Instant};

/// A session, opened as the server opens its own, and random rows that are there before it runs.
pub(crate) struct Raw {
    session: Box<dyn ScoreSession>,
    x: Vec<f32>,
    sigma: Vec<f32>,
    label: Vec<i64>,
    score: Vec<f32>,
}

impl Raw {
    /// A session of `threads` threads with `rows` rows of noise levels spread over the model's.
    pub(crate) fn open(model: &dyn ScoreModel, threads: usize, rows: usize) -> Result<Self> {
        let (session, info) = (model.open(threads)?, model.info());
        let (low, high) = (info.sigma_min.max(1e-3), info.sigma_max.max(1e-3));
        let sigma: Vec<f32> = schedule::geometric(high, low, rows as u32).into_iter().map(|s| s as f32).collect();
        let mut x = vec![0.0; rows * info.dim()];
        for (row, x) in x.chunks_mut(info.dim()).enumerate() {
            Noise::new(0, row as u32, Purpose::Sampling).for_each_normal(0, x, |_, x, z| *x = sigma[row] * z);
        }
        let score = vec![0.0; x.len()];
        Ok(Self { session, x, sigma, label: vec![-1; rows], score })
    }

    /// Evaluates every row once. How many there are.
    pub(crate) fn evaluate(&mut self) -> Result<usize> {
        let rows = Rows { x: &self.x, sigma: &self.sigma, label: &self.label };
        self.session.evaluate(rows, &mut self.score)?;
        Ok(self.sigma.len())
    }

    /// How long `evaluations` take, one after another.
    pub(crate) fn chain(&mut self, evaluations: u32) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..evaluations {
            self.evaluate()?;
        }
        Ok(start.elapsed())
    }
}
