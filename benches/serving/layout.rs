//! Raw sessions side by side.

use crate::Result;
use crate::raw::Raw;
use smld::score::ScoreModel;
use std::sync::Barrier;
use std::time::{Duration, Instant};

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
            let run = |session| scope.spawn(|| rate(session, &start, window));
            let runs: Vec<_> = self.sessions.iter_mut().map(run).collect();
            runs.into_iter().map(|run| run.join().map_err(|_| "a raw session panicked")?).sum()
        })
    }
}

/// Row-evaluations a second of one session, counted over whole runs from one beginning to the first end after `window`.
fn rate(session: &mut Raw, start: &Barrier, window: Duration) -> Result<f64> {
    let warm = session.evaluate();
    start.wait();
    warm?;
    let (begun, mut evaluations) = (Instant::now(), 0);
    while begun.elapsed() < window {
        evaluations += session.evaluate()?;
    }
    Ok(evaluations as f64 / begun.elapsed().as_secs_f64())
}
