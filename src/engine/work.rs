//! What chains are run for.

use super::{Failure, Priority, SampleRequest, ScoreRequest};
use crate::score::ReadyModel;
use std::time::Instant;

/// A request as the board and the chains know it: a chain draws a sample, or takes one evaluation and ends with the score.
pub(super) enum Work {
    Samples(SampleRequest),
    Scores(ScoreRequest),
}

impl Work {
    pub(super) fn model(&self) -> &ReadyModel {
        match self {
            Self::Samples(request) => request.model(),
            Self::Scores(request) => request.model(),
        }
    }

    pub(super) fn priority(&self) -> Priority {
        match self {
            Self::Samples(request) => request.priority(),
            Self::Scores(request) => request.priority(),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match self {
            Self::Samples(request) => request.deadline(),
            Self::Scores(request) => request.deadline(),
        }
    }

    /// How many chains it has.
    pub(super) fn chains(&self) -> u32 {
        match self {
            Self::Samples(request) => request.n(),
            Self::Scores(request) => request.rows(),
        }
    }

    /// How many evaluations each of them takes.
    pub(super) fn each(&self) -> u32 {
        match self {
            Self::Samples(request) => request.sampler().evaluations(),
            Self::Scores(_) => 1,
        }
    }

    /// The index of the first chain's result.
    pub(super) fn first_index(&self) -> u32 {
        match self {
            Self::Samples(request) => request.first_index(),
            Self::Scores(_) => 0,
        }
    }

    /// The noise level of evaluation `k` of chain `number`.
    pub(super) fn sigma(&self, number: u32, k: u32) -> f32 {
        match self {
            Self::Samples(request) => request.sampler().sigma(k),
            Self::Scores(request) => request.sigma(number),
        }
    }

    /// The class of chain `number`, −1 for none.
    pub(super) fn label(&self, number: u32) -> i64 {
        match self {
            Self::Samples(request) => request.label_of(request.first_index() + number),
            Self::Scores(request) => request.label(number),
        }
    }

    /// How a chain is told of that left the finite range after `evaluation` evaluations.
    pub(super) fn divergence(&self, number: u32, evaluation: u32) -> Failure {
        let sigma = self.sigma(number, evaluation - 1);
        match self {
            Self::Samples(request) => {
                let (index, tau) = (request.first_index() + number, request.sampler().tau(evaluation - 1));
                Failure::Diverged { index, sigma, tau, evaluation }
            }
            Self::Scores(_) => Failure::NotFinite { row: number, sigma },
        }
    }
}
