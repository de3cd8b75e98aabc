//! How a job stands.

use super::id::JobId;
use crate::engine::{Forecast, Headway, SampleRequest, Watch};
use crate::http::encode::{Drawn, Unwritable};
use crate::http::plan::Plan;
use crate::http::problem::Problem;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// How far the work is.
pub(super) enum State {
    UnderWay(Watch),
    Done(Arc<Drawn>),
    Failed(Problem),
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
        #[derive(Serialize)]
        struct Document<'a> {
            id: &'a str,
            status: &'static str,
            #[serde(flatten)]
            plan: Plan<'a>,
            evaluations_made: u64,
            images_drawn: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            problem: Option<Value>,
        }
        let whole = Headway { evaluations: request.evaluations(), begun: request.n(), ended: request.n() };
        let (status, headway) = match self {
            // What the engine has forgotten is drawn, and not yet known here.
            Self::UnderWay(watch) => match watch.look() {
                Some(headway) if headway.begun == 0 => ("queued", headway),
                headway => ("running", headway.unwrap_or(whole)),
            },
            Self::Done(_) => ("done", whole),
            Self::Failed(_) => ("failed", Headway::default()),
        };
        let problem = match self {
            Self::Failed(problem) => Some(serde_json::from_str(&problem.body(id.as_str()))?),
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
