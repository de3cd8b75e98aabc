//! `POST /v1/samples`: from a body to samples.

use super::accept::{Format, Whole, negotiate};
use super::archive::{self, ArchiveLimits};
use super::body;
use super::encode::Drawn;
use super::identify::RequestId;
use super::metrics::{Metrics, Outcome};
use super::problem::Problem;
use super::served::Gate;
use crate::engine::{Failure, InvalidRequest, RawSampleRequest, RequestLimits, SampleRequest, Ticket};
use crate::score::ReadyModel;
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
    limits: Limits,
}

/// What a request may ask.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) whole: RequestLimits,
    pub(super) archives: ArchiveLimits,
}

/// What a request is answered with.
enum Answer {
    Whole(Response),
    Archive(Box<archive::Begun>),
}

pub(super) fn router(gate: Gate, metrics: Arc<Metrics>, limits: Limits) -> Router {
    Router::new().route("/v1/samples", post(draw)).with_state(Samples { gate, metrics, limits })
}

async fn draw(State(samples): State<Samples>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let mut outcome = samples.metrics.request();
    let mut provenance = HeaderMap::new();
    match samples.answer(id, request, &mut outcome, &mut provenance).await {
        Ok(Answer::Whole(answer)) => {
            outcome.end(Ok(()));
            (provenance, answer).into_response()
        }
        // How it ends is not known yet.
        Ok(Answer::Archive(begun)) => (provenance, begun.go_on(outcome)).into_response(),
        Err(problem) => {
            outcome.end(Err(&problem));
            (provenance, problem).into_response()
        }
    }
}

impl Samples {
    /// Draws what `request` asks for. What is known on the way is left in `outcome` and `provenance`, so that a failure after
    /// that carries it too: the seed of a chain that diverged is what makes it diverge again.
    ///
    /// Nothing is spawned before there are samples: when the client goes away, this future is dropped, and the engine's
    /// ticket with it.
    async fn answer(
        &self,
        id: RequestId,
        request: Request,
        outcome: &mut Outcome,
        provenance: &mut HeaderMap,
    ) -> Result<Answer, Problem> {
        let served = self.gate.served().ok_or(Problem::NotReady)?;
        let headers = request.headers().clone();
        let raw = body::read(request).await?;
        let model = served.catalog.find(raw.model.as_deref())?.clone();
        outcome.model(&model.info().name);
        let format = negotiate(&headers, model.info(), raw.diagnostics.unwrap_or(false))?;
        let request = self.limits.check(&raw, model, format)?;
        describe(&request, provenance);
        let ticket = served.engine.submit(&request)?;
        match format {
            Format::Whole(format) => whole(id, request, ticket, format).await.map(Answer::Whole),
            Format::Archive(container) => {
                let patience = self.limits.archives.patience;
                let begun = archive::begin(id, request, ticket, container, patience).await?;
                Ok(Answer::Archive(Box::new(begun)))
            }
        }
    }
}

/// The answer that is sent when every sample is there.
async fn whole(id: RequestId, request: SampleRequest, ticket: Ticket, format: Whole) -> Result<Response, Problem> {
    // The engine keeps deadlines between steps; a step that hangs must not keep the client.
    let samples = timeout_at(request.deadline().into(), ticket.collect()).await.map_err(|_| Failure::Deadline)??;
    let drawn = Drawn { id, request, samples };
    let bytes = tokio::task::spawn_blocking(move || drawn.encode(format))
        .await
        .map_err(|_| Problem::unforeseen())?
        .map_err(|error| Problem::Internal { reason: error.to_string() })?;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}

impl Limits {
    /// The request that `raw` is, within the limits of `format`. Whoever asks too much is told what would be taken, and which
    /// setting decides it.
    fn check(&self, raw: &RawSampleRequest, model: ReadyModel, format: Format) -> Result<SampleRequest, Problem> {
        let (limits, [n, evaluations, deadline]) = match format {
            Format::Whole(_) => (self.whole, ["--max-n", "--max-evaluations", "--deadline-seconds"]),
            Format::Archive(_) => {
                (self.archives.requests, ["--max-archive-n", "--max-archive-evaluations", "--archive-deadline-seconds"])
            }
        };
        let asked = raw.n.unwrap_or(1);
        let advise = |mut invalid: InvalidRequest| {
            let setting = match invalid.field.as_str() {
                "n" if asked > limits.max_n => n,
                "n" if asked > 0 => evaluations,
                "deadline_ms" if raw.deadline_ms.is_some_and(|asked| asked > 0) => deadline,
                _ => return invalid,
            };
            let most = self.archives.requests.max_n;
            if setting == n && matches!(format, Format::Whole(_)) && asked <= most {
                invalid.reason +=
                    &format!("; an archive, by 'accept: application/zip' or 'application/x-tar', takes up to {most}");
            }
            invalid.reason += &format!("; see {setting}");
            invalid
        };
        Ok(SampleRequest::new(raw, model, limits, random_seed()?).map_err(advise)?)
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
