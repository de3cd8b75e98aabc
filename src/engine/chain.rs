//! One sample under way.

use super::diagnostics::Tally;
use super::{ChainDiagnostics, Failure, SampleRequest};
use crate::sampler::{Noise, Purpose};
use std::sync::Arc;

/// A chain between two evaluations: its x, and where it stands in its schedule.
pub(super) struct Chain {
    request: Arc<SampleRequest>,
    /// Its place in the request, from 0.
    number: u32,
    noise: Noise,
    /// Evaluations made.
    k: u32,
    x: Vec<f32>,
    /// What its method keeps from one evaluation to the next.
    memory: Vec<f32>,
    /// What is told of it, where that was asked for.
    tally: Option<Tally>,
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
    /// Chain `number` of `request`. It takes no memory before [`begin`](Self::begin).
    pub(super) fn new(request: Arc<SampleRequest>, number: u32) -> Self {
        let noise = Noise::new(request.seed(), request.first_index() + number, Purpose::Sampling);
        let tally = request.diagnostics().then(Tally::default);
        Self { request, number, noise, k: 0, x: Vec::new(), memory: Vec::new(), tally }
    }

    /// Draws the beginning, if the chain has not begun.
    pub(super) fn begin(&mut self) {
        if self.x.is_empty() {
            self.x = vec![0.0; self.request.model().info().dim()];
            self.request.sampler().init(&self.noise, &mut self.x);
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The sample's index.
    pub(super) fn index(&self) -> u32 {
        self.request.first_index() + self.number
    }

    pub(super) fn x(&self) -> &[f32] {
        &self.x
    }

    /// The noise level of the next evaluation.
    pub(super) fn sigma(&self) -> f32 {
        self.request.sampler().sigma(self.k)
    }

    pub(super) fn label(&self) -> i64 {
        self.request.label()
    }

    /// Moves on by the score at [`x`](Self::x) and [`sigma`](Self::sigma).
    pub(super) fn advance(&mut self, score: &[f32]) -> Progress {
        let sampler = self.request.sampler();
        if let Some(tally) = &mut self.tally {
            tally.count(sampler, self.k, score);
        }
        sampler.advance(self.k, &self.noise, &mut self.x, &mut self.memory, score);
        self.k += 1;
        if !all_finite(&self.x) {
            Progress::Diverged
        } else if self.k == sampler.evaluations() {
            if let Some(tally) = &mut self.tally {
                tally.end(self.request.model().log_density(&self.x, sampler.sigma(self.k - 1)));
            }
            Progress::Ended
        } else {
            Progress::Going
        }
    }

    /// How a chain that has [`Diverged`](Progress::Diverged) is told of.
    pub(super) fn divergence(&self) -> Failure {
        let (sampler, last) = (self.request.sampler(), self.k - 1);
        Failure::Diverged {
            index: self.index(),
            sigma: sampler.sigma(last),
            tau: sampler.tau(last),
            evaluation: self.k,
        }
    }

    /// The sample, and what the chain was like where that was asked for.
    pub(super) fn into_sample(self) -> (Vec<f32>, Option<ChainDiagnostics>) {
        let diagnostics = self.tally.map(|tally| tally.of(self.index()));
        (self.x, diagnostics)
    }
}
