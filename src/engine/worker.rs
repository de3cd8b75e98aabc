//! The loop of gather, score, advance.

use super::board::{Board, Done, Next, Row};
use super::lone::Wide;
use super::pool::Batch;
use super::shared::Shared;
use super::station::Station;
use crate::score::Rows;
use std::sync::Arc;
use std::time::Instant;

/// One worker: owns its sessions, runs on one thread.
///
/// When the last worker is dropped the engine stops: nobody waits for those who are gone.
pub struct Worker {
    number: usize,
    shared: Arc<Shared>,
    /// By model.
    narrow: Vec<Station>,
    /// By model, for chains that run alone; the first worker's only.
    wide: Vec<Option<Wide>>,
    rows: Vec<Row>,
    gathered: Gathered,
}

/// The step batch as the score network takes it, kept from step to step.
#[derive(Default)]
struct Gathered {
    x: Vec<f32>,
    sigma: Vec<f32>,
    label: Vec<i64>,
    score: Vec<f32>,
}

impl Worker {
    pub(super) fn new(number: usize, shared: Arc<Shared>, narrow: Vec<Station>, wide: Vec<Option<Wide>>) -> Self {
        Self { number, shared, narrow, wide, rows: Vec::new(), gathered: Gathered::default() }
    }

    /// Works until the engine is stopped, or drained and done.
    pub fn run(mut self) {
        let mut done = None;
        while let Some((batch, busy_since)) = self.shared.wait(self.number, &mut self.rows, done.take()) {
            done = Some(self.work(batch, busy_since));
        }
    }

    /// One step, if there is work: a batch chosen, evaluated and advanced. Whether there was.
    ///
    /// For those who drive a worker by hand; [`run`](Self::run) is this in a loop. A lone chain is left to the first
    /// worker where that has a session for it.
    pub fn step(&mut self) -> bool {
        match self.shared.next(self.number, &mut self.rows) {
            Next::Step(batch) => {
                let done = self.work(batch, Instant::now());
                self.shared.update(|board| board.settle(done, &mut self.rows));
                true
            }
            Next::Wait | Next::End => false,
        }
    }

    fn work(&mut self, batch: Batch, busy_since: Instant) -> Done {
        let start = Instant::now();
        let result = self.evaluate(batch);
        let now = Instant::now();
        Done { batch, result, elapsed: now - start, turn: now - busy_since, now }
    }

    /// Evaluates the rows in hand and moves their chains on.
    fn evaluate(&mut self, batch: Batch) -> Result<(), String> {
        let Gathered { x, sigma, label, score } = &mut self.gathered;
        x.clear();
        sigma.clear();
        label.clear();
        for Row { chain, .. } in &mut self.rows {
            chain.begin();
            x.extend_from_slice(chain.x());
            sigma.push(chain.sigma());
            label.push(chain.label());
        }
        score.resize(x.len(), 0.0);
        let rows = Rows { x, sigma, label };
        let narrow = &mut self.narrow[batch.model];
        match self.wide.get_mut(batch.model).and_then(Option::as_mut).filter(|_| batch.alone) {
            Some(wide) => wide.evaluate(narrow, rows, score)?,
            None => narrow.evaluate(rows, score)?,
        }
        let dim = x.len() / self.rows.len();
        for (row, score) in self.rows.iter_mut().zip(score.chunks_exact(dim)) {
            row.progress = row.chain.advance(score);
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.shared.last_worker_leaves() {
            self.shared.update(Board::stop);
        }
    }
}
