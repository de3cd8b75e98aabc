//! The schema of the JSON answer to a request for samples.

use crate::http::encode::Document;
use crate::http::plan::Plan;
use serde::Serialize;
use utoipa::ToSchema;

/// The samples or, of a dry run, what they would come to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is described only")]
pub(in crate::http) enum SamplesOrPlan<'a> {
    Samples(Document<'a>),
    Plan(Plan<'a>),
}
