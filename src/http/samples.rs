//! `POST /v1/samples`: from a body to samples.

use super::Bounds;
use super::accept::{Format, Whole};
use super::archive;
use super::asked::{Asked, Limits, Wish, asked};
use super::encode::{Drawn, blocking};
use super::events::{Lines, Stream};
use super::growing::Readers;
use super::identify::RequestId;
use super::jobs::{self, Jobs};
use super::keys::Asker;
use super::metrics::{Metrics, Outcome};
use super::openai;
use super::plan::Plan;
use super::problem::Problem;
use super::served::{Gate, Served};
use super::source::Source;
use crate::engine::SampleRequest;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use std::sync::Arc;
use tokio::time::Instant;

/// What the endpoints of samples need.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) gate: Gate,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
    pub(super) readers: Readers,
    pub(super) jobs: Arc<Jobs>,
}

pub(super) fn router(gate: Gate, metrics: &Arc<Metrics>, bounds: &Bounds) -> Router {
    let service = Service {
        gate,
        metrics: Arc::clone(metrics),
        limits: Limits { whole: bounds.requests, archives: bounds.archives },
        readers: bounds.readers,
        jobs: Arc::new(Jobs::new(bounds.jobs, Arc::clone(metrics))),
    };
    Router::new().route("/v1/samples", post(draw)).merge(jobs::router()).merge(openai::router()).with_state(service)
}

async fn draw(
    State(service): State<Service>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let mut outcome = service.metrics.request();
    let mut provenance = HeaderMap::new();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let answer = match asked(served, service.limits, request, false, &mut outcome, &mut provenance).await {
        Ok(asked) => service.answer(served, &asker, id, asked, outcome).await,
        Err(problem) => outcome.fail(problem),
    };
    (provenance, answer).into_response()
}

impl Service {
    /// The answer to what is asked.
    async fn answer(
        &self,
        served: &Served,
        asker: &Asker,
        id: RequestId,
        asked: Asked,
        mut outcome: Outcome,
    ) -> Response {
        let Asked { request, wish, .. } = asked;
        match wish {
            Wish::DryRun(_) => {
                outcome.discard();
                match asker.foretell(&served.engine, &request) {
                    Ok(forecast) => Json(Plan::new(&request, forecast)).into_response(),
                    Err(problem) => outcome.fail(problem),
                }
            }
            Wish::Later => self.later(served, asker, id, Asked { request, ..asked }, outcome),
            Wish::Now(format) => match asker.submit(&served.engine, &request) {
                Ok(ticket) => {
                    let deadline = request.deadline().into();
                    self.send(id, request, Source::Engine(ticket), format, deadline, outcome).await
                }
                Err(problem) => outcome.fail(problem),
            },
        }
    }

    /// The samples of `source` in `format`; after `deadline` no more are waited for.
    ///
    /// Nothing is spawned before the answer begins: when the client goes away, this future is dropped, and the engine's ticket
    /// with it.
    pub(super) async fn send(
        &self,
        id: RequestId,
        request: SampleRequest,
        source: Source,
        format: Format,
        deadline: Instant,
        outcome: Outcome,
    ) -> Response {
        let sent = match format {
            Format::Whole(format) => match source.drawn(id, request, deadline).await {
                Ok(drawn) => whole(drawn, format).await,
                Err(problem) => Err(problem),
            },
            // Of those that grow it is not known yet how they end.
            Format::Archive(container) => {
                match archive::begin(id, request, source, container, deadline, self.readers.patience).await {
                    Ok(begun) => return begun.go_on(outcome),
                    Err(problem) => Err(problem),
                }
            }
            Format::Events => {
                return Stream::new(Lines::new(id, request), source, deadline).go_on(self.readers, outcome);
            }
        };
        match sent {
            Ok(answer) => {
                outcome.end(Ok(()));
                answer
            }
            Err(problem) => outcome.fail(problem),
        }
    }
}

/// The answer that is sent when every sample is there.
async fn whole(drawn: Arc<Drawn>, format: Whole) -> Result<Response, Problem> {
    let bytes = blocking(move || drawn.encode(format)).await?;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}
