//! The raw side: sessions that do nothing but evaluate.

use crate::Result;
use smld::sampler::{Noise, Purpose, schedule};
use smld::score::{Rows, ScoreModel, ScoreSession};
use std::sync::Barrier;
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

    /// Evaluates every row once.
    pub(crate) fn evaluate(&mut self) -> Result<()> {
        let rows = Rows { x: &self.x, sigma: &self.sigma, label: &self.label };
        Ok(self.session.evaluate(rows, &mut self.score)?)
    }

    /// How long `evaluations` take, one after another.
    pub(crate) fn chain(&mut self, evaluations: u32) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..evaluations {
            self.evaluate()?;
        }
        Ok(start.elapsed())
    }

    /// Row-evaluations a second, counted over whole runs from one beginning to the first end after `window`.
    fn rate(&mut self, start: &Barrier, window: Duration) -> Result<f64> {
        let warm = self.evaluate();
        start.wait();
        warm?;
        let (begun, mut runs) = (Instant::now(), 0);
        while begun.elapsed() < window {
            self.evaluate()?;
            runs += 1;
        }
        Ok(f64::from(runs) * self.sigma.len() as f64 / begun.elapsed().as_secs_f64())
    }
}

/// Sessions that run side by side, each on its own thread.
pub(crate) struct Layout {
    pub(crate) name: String,
    sessions: Vec<Raw>,
}

impl Layout {
    /// `workers` sessions of `threads` threads and `rows` rows.
    pub(crate) fn open(model: &dyn ScoreModel, workers: usize, threads: usize, rows: usize) -> Result<Self> {
        let sessions = (0..workers).map(|_| Raw::open(model, threads, rows)).collect::<Result<_>>()?;
        Ok(Self { name: format!("{workers} × {threads} thread, {rows} rows"), sessions })
    }

    /// Row-evaluations a second of all sessions over `window`, all of them warm.
    pub(crate) fn rate(&mut self, window: Duration) -> Result<f64> {
        let start = Barrier::new(self.sessions.len());
        std::thread::scope(|scope| {
            let run = |session| scope.spawn(|| Raw::rate(session, &start, window));
            let runs: Vec<_> = self.sessions.iter_mut().map(run).collect();
            runs.into_iter().map(|run| run.join().map_err(|_| "a raw session panicked")?).sum()
        })
    }
}
