//! `POST /v1/samples`: from a body to samples.

use super::accept::{Format, negotiate};
use super::body;
use super::encode::Drawn;
use super::identify::RequestId;
use super::metrics::{Metrics, Outcome};
use super::problem::Problem;
use super::served::Gate;
use crate::engine::{Failure, RequestLimits, SampleRequest};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use std::sync::Arc;
use tokio::time::timeout_at;

const X_SMLD_SEED: HeaderName = HeaderName::from_static("x-smld-seed");
const X_SMLD_MODEL_SHA256: HeaderName = HeaderName::from_static("x-smld-model-sha256");
const X_SMLD_WARNING: HeaderName = HeaderName::from_static("x-smld-warning");

#[derive(Clone)]
struct Samples {
    gate: Gate,
    metrics: Arc<Metrics>,
    limits: RequestLimits,
}

pub(super) fn router(gate: Gate, metrics: Arc<Metrics>, limits: RequestLimits) -> Router {
    Router::new().route("/v1/samples", post(draw)).with_state(Samples { gate, metrics, limits })
}

async fn draw(State(samples): State<Samples>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let mut outcome = samples.metrics.request();
    let mut provenance = HeaderMap::new();
    let answer = samples.answer(id, request, &mut outcome, &mut provenance).await;
    outcome.end(answer.as_ref().map(|_| ()));
    (provenance, answer).into_response()
}

impl Samples {
    /// Draws what `request` asks for. What is known on the way is left in `outcome` and `provenance`, so that a failure after
    /// that carries it too: the seed of a chain that diverged is what makes it diverge again.
    ///
    /// Nothing is spawned before the samples are there: when the client goes away, this future is dropped, and the engine's
    /// ticket with it.
    async fn answer(
        &self,
        id: RequestId,
        request: Request,
        outcome: &mut Outcome,
        provenance: &mut HeaderMap,
    ) -> Result<Response, Problem> {
        let served = self.gate.served().ok_or(Problem::NotReady)?;
        let headers = request.headers().clone();
        let raw = body::read(request).await?;
        let model = served.catalog.find(raw.model.as_deref())?.clone();
        outcome.model(&model.info().name);
        let format = negotiate(&headers, model.info(), raw.diagnostics.unwrap_or(false))?;
        let request = SampleRequest::new(&raw, model, self.limits, random_seed()?)?;
        describe(&request, provenance);
        let ticket = served.engine.submit(&request)?;
        // The engine keeps deadlines between steps; a step that hangs must not keep the client.
        let samples =
            timeout_at(request.deadline().into(), ticket.collect()).await.map_err(|_| Failure::Deadline)??;
        let drawn = Drawn { id, request, samples };
        let bytes = tokio::task::spawn_blocking(move || drawn.encode(format))
            .await
            .map_err(|_| Problem::unforeseen())?
            .map_err(|error| Problem::Internal { reason: error.to_string() })?;
        Ok(([(CONTENT_TYPE, Format::media_type(format))], bytes).into_response())
    }
}

/// A seed that a program whose numbers end at 2⁵³ can send back.
fn random_seed() -> Result<u64, Problem> {
    let seed = getrandom::u64().map_err(|error| Problem::Internal { reason: format!("no randomness: {error}") })?;
    Ok(seed >> 11)
}

/// What makes the same samples again, and what to know before trusting them.
fn describe(request: &SampleRequest, headers: &mut HeaderMap) {
    headers.insert(X_SMLD_SEED, request.seed().into());
    if let Ok(sha256) = HeaderValue::from_str(&request.model().info().sha256) {
        headers.insert(X_SMLD_MODEL_SHA256, sha256);
    }
    for warning in request.sampler().warnings() {
        if let Ok(warning) = HeaderValue::from_bytes(warning.as_bytes()) {
            headers.append(X_SMLD_WARNING, warning);
        }
    }
}
