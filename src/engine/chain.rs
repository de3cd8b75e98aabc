//! One sample under way.

use super::diagnostics::Tally;
use super::work::Work;
use super::{ChainDiagnostics, Failure, Previews};
use crate::sampler::{Noise, Purpose};
use std::sync::Arc;

/// A chain between two evaluations: its x, and where it stands in its schedule.
pub(super) struct Chain {
    work: Arc<Work>,
    /// Its place in the request, from 0.
    number: u32,
    label: i64,
    noise: Noise,
    /// Evaluations made.
    k: u32,
    x: Vec<f32>,
    /// What its method keeps from one evaluation to the next.
    memory: Vec<f32>,
    /// What is told of it, where that was asked for.
    tally: Option<Tally>,
    /// Where it shows itself under way, where that was asked for.
    previews: Option<Arc<Previews>>,
}

/// What an evaluation made of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has evaluations left.
    Going,
    /// Its x is the sample.
    Ended,
    /// It has left the finite range.
    Diverged,
}

/// Without a branch, so that a vector of numbers is looked at together.
fn all_finite(x: &[f32]) -> bool {
    x.iter().fold(true, |finite, x| finite & x.is_finite())
}

impl Chain {
    /// Chain `number` of `work`. It takes no memory before [`begin`](Self::begin).
    pub(super) fn new(work: Arc<Work>, number: u32, previews: Option<Arc<Previews>>) -> Self {
        let (seed, tally) = match &*work {
            Work::Samples(request) => (request.seed(), request.diagnostics().then(Tally::default)),
            Work::Scores(_) => (0, None),
        };
        let noise = Noise::new(seed, work.first_index() + number, Purpose::Sampling);
        let label = work.label(number);
        Self { work, number, label, noise, k: 0, x: Vec::new(), memory: Vec::new(), tally, previews }
    }

    /// Draws the beginning, or takes the point that was given, if the chain has not begun.
    pub(super) fn begin(&mut self) {
        if self.x.is_empty() {
            match &*self.work {
                Work::Samples(request) => {
                    self.x = vec![0.0; request.model().info().dim()];
                    request.sampler().init(&self.noise, &mut self.x);
                }
                Work::Scores(request) => self.x = request.x(self.number).to_vec(),
            }
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The sample's index.
    pub(super) fn index(&self) -> u32 {
        self.work.first_index() + self.number
    }

    pub(super) fn x(&self) -> &[f32] {
        &self.x
    }

    /// The noise level of the next evaluation.
    pub(super) fn sigma(&self) -> f32 {
        self.work.sigma(self.number, self.k)
    }

    pub(super) fn label(&self) -> i64 {
        self.label
    }

    /// Moves on by the score at [`x`](Self::x) and [`sigma`](Self::sigma).
    pub(super) fn advance(&mut self, score: &[f32]) -> Progress {
        let k = self.k;
        self.k += 1;
        match &*self.work {
            Work::Samples(request) => {
                let sampler = request.sampler();
                if let Some(tally) = &mut self.tally {
                    tally.count(sampler, k, score);
                }
                if let Some(previews) = &self.previews {
                    previews.show(request.first_index() + self.number, self.k, sampler.sigma(k), &self.x, score);
                }
                sampler.advance(k, &self.noise, &mut self.x, &mut self.memory, score);
            }
            Work::Scores(_) => self.x.copy_from_slice(score),
        }
        if !all_finite(&self.x) {
            Progress::Diverged
        } else if self.k == self.work.each() {
            if let Some(tally) = &mut self.tally {
                tally.end(self.work.model().log_density(&self.x, self.work.sigma(self.number, k)));
            }
            Progress::Ended
        } else {
            Progress::Going
        }
    }

    /// How a chain that has [`Diverged`](Progress::Diverged) is told of.
    pub(super) fn divergence(&self) -> Failure {
        self.work.divergence(self.number, self.k)
    }

    /// The sample, and what the chain was like where that was asked for.
    pub(super) fn into_sample(self) -> (Vec<f32>, Option<ChainDiagnostics>) {
        let diagnostics = self.tally.map(|tally| tally.of(self.index()));
        (self.x, diagnostics)
    }
}
