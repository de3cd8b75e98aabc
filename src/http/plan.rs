//! What a request comes to: what would be run, what it costs and how long it is foretold to take.

use crate::engine::{Forecast, SampleRequest};
use crate::sampler::{Sampler, SamplerSpec};
use serde::Serialize;
use utoipa::ToSchema;

/// What is told of a request before its samples: the answer to a dry run, the first event of a stream, a part of a job's state.
#[derive(Serialize, ToSchema)]
pub(super) struct Plan<'a> {
    /// The model's name.
    model: &'a str,
    /// The seed; a random one where none was named.
    seed: u64,
    /// The index of the first sample.
    first_index: u32,
    /// How many samples.
    n: u32,
    /// The sampler with every parameter.
    #[schema(value_type = SamplerSpec)]
    sampler: &'a Sampler,
    /// The name of the class of all samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// What it costs, in evaluations of the score.
    evaluations: u64,
    /// Until the last sample is drawn; none before steps of such a size were measured.
    predicted_seconds: Option<f64>,
    /// Of these, seconds that are due to others.
    predicted_wait_seconds: Option<f64>,
    /// What is likely not meant.
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
            label: request.label_name(),
            evaluations: request.evaluations(),
            predicted_seconds: forecast.seconds,
            predicted_wait_seconds: forecast.wait(),
            warnings: request.sampler().warnings(),
        }
    }
}
