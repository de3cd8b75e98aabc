//! The usual designs of a server, over the same sessions and samplers: whole requests, first come, first served.
//!
//! They are kinder than those in use: they run in the process of their clients, without HTTP and encoding; a chain that has
//! ended leaves the batch, so nothing is evaluated in vain.

use crate::{Bench, Result};
use smld::sampler::{Noise, Purpose, Sampler};
use smld::score::{Rows, ScoreModel, ScoreSession};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A request that waits, or is being worked on.
struct Job {
    chains: Vec<Chain>,
    answer: SyncSender<()>,
}

struct Chain {
    sampler: Arc<Sampler>,
    noise: Noise,
    k: u32,
    x: Vec<f32>,
    memory: Vec<f32>,
}

/// The requests in the order in which they came; none once the queue is closed.
pub(crate) struct Queue {
    waiting: Mutex<Option<VecDeque<Job>>>,
    changed: Condvar,
    evaluations: AtomicU64,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Some(VecDeque::new())), changed: Condvar::new(), evaluations: AtomicU64::new(0) }
    }

    /// Evaluations made so far.
    pub(crate) fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// Asks for `n` chains of `sampler`. The answer comes when all of the batch they are in have ended; an error, when the
    /// queue is closed.
    pub(crate) fn submit(&self, bench: &Bench, n: u32, sampler: Sampler, seed: u32) -> Receiver<()> {
        let (answer, answered) = sync_channel(1);
        let sampler = Arc::new(sampler);
        let chain = |index| {
            let noise = Noise::new(seed.into(), index, Purpose::Sampling);
            let mut x = vec![0.0; bench.info().dim()];
            sampler.init(&noise, &mut x);
            Chain { sampler: Arc::clone(&sampler), noise, k: 0, x, memory: Vec::new() }
        };
        let job = Job { chains: (0..n).map(chain).collect(), answer };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = &mut *waiting {
            waiting.push_back(job);
        }
        self.changed.notify_one();
        answered
    }

    /// Drops what waits; the workers end after the batch they are in.
    pub(crate) fn close(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_all();
    }

    /// Takes as many of the first requests as have `rows` rows together, the first whatever it has, and works on them to
    /// their end, until the queue is closed.
    pub(crate) fn work(&self, bench: &Bench, rows: usize) -> Result<()> {
        let mut session = bench.model.open(1)?;
        while let Some(batch) = self.take(rows) {
            let (mut chains, mut answers) = (Vec::new(), Vec::new());
            for Job { chains: own, answer } in batch {
                chains.extend(own);
                answers.push(answer);
            }
            while !chains.is_empty() {
                if !self.is_open() {
                    return Ok(());
                }
                self.evaluations.fetch_add(chains.len() as u64, Ordering::Relaxed);
                step(session.as_mut(), &mut chains)?;
            }
            // A client that has left does not miss it.
            answers.iter().for_each(|answer| _ = answer.try_send(()));
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take(&self, rows: usize) -> Option<Vec<Job>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let queue = waiting.as_mut()?;
            if let Some(first) = queue.pop_front() {
                let (mut taken, mut batch) = (first.chains.len(), vec![first]);
                let fits = |taken, job: &Job| taken + job.chains.len() <= rows;
                while queue.front().is_some_and(|job| fits(taken, job))
                    && let Some(next) = queue.pop_front()
                {
                    taken += next.chains.len();
                    batch.push(next);
                }
                return Some(batch);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One evaluation of every chain; those that have ended leave.
fn step(session: &mut dyn ScoreSession, chains: &mut Vec<Chain>) -> Result<()> {
    let x: Vec<f32> = chains.iter().flat_map(|chain| &chain.x).copied().collect();
    let sigma: Vec<f32> = chains.iter().map(|chain| chain.sampler.sigma(chain.k)).collect();
    let mut score = vec![0.0; x.len()];
    session.evaluate(Rows { x: &x, sigma: &sigma, label: &vec![-1; chains.len()] }, &mut score)?;
    let dim = x.len() / chains.len();
    for (Chain { sampler, noise, k, x, memory }, score) in chains.iter_mut().zip(score.chunks_exact(dim)) {
        sampler.advance(*k, noise, x, memory, score);
        *k += 1;
    }
    chains.retain(|chain| chain.k < chain.sampler.evaluations());
    Ok(())
}
