//! What a request comes to: what would be run, what it costs and how long it is foretold to take.

use crate::engine::{Forecast, SampleRequest};
use crate::sampler::Sampler;
use serde::Serialize;

/// What is told of a request before its samples: the answer to a dry run, the first event of a stream, a part of a job's state.
#[derive(Serialize)]
pub(super) struct Plan<'a> {
    model: &'a str,
    seed: u64,
    first_index: u32,
    n: u32,
    sampler: &'a Sampler,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// What it costs.
    evaluations: u64,
    /// Until the last sample is drawn; none before steps of such a size were measured.
    predicted_seconds: Option<f64>,
    /// Of these, seconds that are due to others.
    predicted_wait_seconds: Option<f64>,
    warnings: Vec<String>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(request: &'a SampleRequest, forecast: Forecast) -> Self {
        let info = request.model().info();
        Self {
            model: &info.name,
            seed: request.seed(),
            first_index: request.first_index(),
            n: request.n(),
            sampler: request.sampler(),
            label: info.label_name(request.label()),
            evaluations: request.evaluations(),
            predicted_seconds: forecast.seconds,
            predicted_wait_seconds: forecast.wait(),
            warnings: request.sampler().warnings(),
        }
    }
}
