//! What is in an event, and how it is written: a name, and data in one line of JSON.

use super::voice::{Voice, event};
use crate::engine::{Forecast, Headway, Preview, SampleRequest, Summary};
use crate::http::encode::{Account, Sample, Shown, Unwritable, one, shown};
use crate::http::identify::RequestId;
use crate::http::plan::Plan;
use crate::http::problem::Problem;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Everything there is to tell of the samples of a request.
#[derive(Clone)]
pub(in crate::http) struct Lines {
    id: RequestId,
    request: Arc<SampleRequest>,
}

/// The data of `accepted`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Accepted<'a> {
    /// The request's id.
    id: &'a str,
    #[serde(flatten)]
    plan: Plan<'a>,
}

/// The data of `progress`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Progress {
    /// Evaluations made.
    evaluations_made: u64,
    /// Of so many.
    evaluations: u64,
    /// Samples drawn.
    images_drawn: u32,
    /// Of so many.
    n: u32,
}

/// The data of `preview`.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
pub(in crate::http) struct Previewed<'a> {
    /// The denoised means of chains under way.
    chains: Vec<Shown<'a>>,
}

impl Lines {
    /// Of the samples of `request`, which `id` asked for.
    pub(in crate::http) fn new(id: RequestId, request: SampleRequest) -> Self {
        Self { id, request: Arc::new(request) }
    }
}

impl Voice for Lines {
    fn request(&self) -> &SampleRequest {
        &self.request
    }

    fn accepted(&self, forecast: Forecast) -> Result<Vec<u8>, Unwritable> {
        event("accepted", &Accepted { id: self.id.as_str(), plan: Plan::new(&self.request, forecast) })
    }

    fn progress(&self, headway: Headway) -> Result<Vec<u8>, Unwritable> {
        let Headway { evaluations: evaluations_made, ended: images_drawn, .. } = headway;
        let (evaluations, n) = (self.request.evaluations(), self.request.n());
        event("progress", &Progress { evaluations_made, evaluations, images_drawn, n })
    }

    fn chosen(&mut self, seen: Vec<Preview>) -> Vec<Preview> {
        seen
    }

    fn preview(&self, chains: &[Preview]) -> Result<Vec<u8>, Unwritable> {
        let chains = chains.iter().map(|chain| shown(&self.request, chain)).collect::<Result<_, _>>()?;
        event("preview", &Previewed { chains })
    }

    fn images(&self, samples: &[Sample]) -> Result<Vec<u8>, Unwritable> {
        let mut lines = Vec::new();
        for sample in samples {
            lines.extend(event("image", &one(&self.request, sample)?)?);
        }
        Ok(lines)
    }

    fn done(&self, summary: &Summary) -> Result<Vec<u8>, Unwritable> {
        event("done", &Account::new(&self.id, &self.request, summary))
    }

    fn error(&self, problem: &Problem) -> Vec<u8> {
        format!("event: error\ndata: {}\n\n", problem.body(self.id.as_str())).into_bytes()
    }
}
