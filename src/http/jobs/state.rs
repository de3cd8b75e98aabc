//! How a job stands.

use super::id::JobId;
use crate::engine::{Forecast, Headway, SampleRequest, Watch};
use crate::http::encode::{Drawn, Unwritable};
use crate::http::plan::Plan;
use crate::http::problem::{self, Problem};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How far the work is.
pub(super) enum State {
    UnderWay(Watch),
    Done(Arc<Drawn>),
    Failed(Problem),
}

/// How a job stands, as it is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(in crate::http) struct Document<'a> {
    /// The job's id.
    id: &'a str,
    /// How far it is.
    status: Status,
    #[serde(flatten)]
    plan: Plan<'a>,
    /// Evaluations made.
    evaluations_made: u64,
    /// Samples drawn.
    images_drawn: u32,
    /// Of what failed: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<problem::Document<'a>>,
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = JobStatus)]
enum Status {
    /// No evaluation was made yet.
    Queued,
    /// Under way.
    Running,
    /// Its samples can be fetched.
    Done,
    /// It has no samples.
    Failed,
}

impl State {
    /// Whether nothing more is done.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::UnderWay(_) => false,
            Self::Done(_) | Self::Failed(_) => true,
        }
    }

    /// The state of job `id`, `request`, as JSON.
    pub(super) fn tell(&self, id: &JobId, request: &SampleRequest, forecast: Forecast) -> Result<Vec<u8>, Unwritable> {
        let whole = Headway { evaluations: request.evaluations(), begun: request.n(), ended: request.n() };
        let (status, headway) = match self {
            // What the engine has forgotten is drawn, and not yet known here.
            Self::UnderWay(watch) => match watch.look() {
                Some(headway) if headway.begun == 0 => (Status::Queued, headway),
                headway => (Status::Running, headway.unwrap_or(whole)),
            },
            Self::Done(_) => (Status::Done, whole),
            Self::Failed(_) => (Status::Failed, Headway::default()),
        };
        let problem = match self {
            Self::Failed(problem) => Some(problem.document(id.as_str())),
            Self::UnderWay(_) | Self::Done(_) => None,
        };
        Ok(serde_json::to_vec(&Document {
            id: id.as_str(),
            status,
            plan: Plan::new(request, forecast),
            evaluations_made: headway.evaluations,
            images_drawn: headway.ended,
            problem,
        })?)
    }
}
