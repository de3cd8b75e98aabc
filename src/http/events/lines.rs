//! What is in an event, and how it is written: a name, and data in one line of JSON.

use super::voice::{Voice, event};
use crate::engine::{Forecast, Headway, Preview, SampleRequest, Summary};
use crate::http::encode::{Account, Sample, Shown, Unwritable, one, shown};
use crate::http::identify::RequestId;
use crate::http::plan::Plan;
use crate::http::problem::Problem;
use serde::Serialize;
use std::sync::Arc;

/// Everything there is to tell of the samples of a request.
#[derive(Clone)]
pub(in crate::http) struct Lines {
    id: RequestId,
    request: Arc<SampleRequest>,
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
        #[derive(Serialize)]
        struct Accepted<'a> {
            id: &'a str,
            #[serde(flatten)]
            plan: Plan<'a>,
        }
        event("accepted", &Accepted { id: self.id.as_str(), plan: Plan::new(&self.request, forecast) })
    }

    fn progress(&self, headway: Headway) -> Result<Vec<u8>, Unwritable> {
        #[derive(Serialize)]
        struct Progress {
            evaluations_made: u64,
            evaluations: u64,
            images_drawn: u32,
            n: u32,
        }
        let Headway { evaluations: evaluations_made, ended: images_drawn, .. } = headway;
        let (evaluations, n) = (self.request.evaluations(), self.request.n());
        event("progress", &Progress { evaluations_made, evaluations, images_drawn, n })
    }

    fn chosen(&mut self, seen: Vec<Preview>) -> Vec<Preview> {
        seen
    }

    fn preview(&self, chains: &[Preview]) -> Result<Vec<u8>, Unwritable> {
        #[derive(Serialize)]
        struct Previewed<'a> {
            chains: Vec<Shown<'a>>,
        }
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
