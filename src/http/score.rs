//! `POST /v1/models/{name}/score`: the score function itself, s(x, σ) = ∇ₓ log p_σ(x).
//!
//! Rows go through the engine's step batches, among the chains of others: they wait their turn, and their bytes do not depend
//! on the load.

mod array;

use super::accept::{Whole, negotiate_scores};
use super::answers::TEXT;
use super::body;
use super::encode::{Unwritable, blocking, encoded, npy, numbers};
use super::identify::RequestId;
use super::keys::Asker;
use super::metrics::Metrics;
use super::named::Named;
use super::openapi::{Accepting, Asking, Body, Entering, Naming, Rows, Spending, Told, Working};
use super::problem::Problem;
use super::room::NUMBER;
use super::served::Gate;
use super::source::collected;
use crate::engine::{InvalidRequest, RawScoreRequest, Samples, ScoreLimits, ScoreRequest};
use crate::score::ModelInfo;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Clone)]
struct Scores {
    gate: Gate,
    limits: ScoreLimits,
    metrics: Arc<Metrics>,
}

pub(super) fn router(gate: Gate, limits: ScoreLimits, metrics: Arc<Metrics>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(score)).with_state(Scores { gate, limits, metrics })
}

type ScoreProblems = Told<(Entering, Spending, Body, (Asking, Naming, Accepting, Working, Rows))>;

/// The score s(x, σ) = ∇ₓ log p_σ(x) of rows of points
///
/// Points as an array of numpy have their noise level and class in the query.
#[utoipa::path(
    post,
    path = "/v1/models/{name}/score",
    tag = "models",
    params(
        ("name" = String, Path, description = "The model.", example = json!("two-modes")),
        ("sigma" = Option<f64>, Query, description = "With an array: the noise level of all rows."),
        ("label" = Option<String>, Query, description = "With an array: the class of all rows, by name or number."),
        ("deadline_ms" = Option<u64>, Query, description = "With an array: how long the answer may take."),
        ("Accept" = Option<String>, Header, description = "`application/json` or `application/x-npy`."),
    ),
    request_body(content(
        (RawScoreRequest = "application/json", example = json!({"x": [[4.0, 4.0], [0.0, 0.5]], "sigma": 0.5})),
        ("application/x-npy"),
    )),
    responses(
        (
            status = 200,
            description = "The score of each row: as JSON, or float32 [rows, …shape].",
            content(
                (Document<'_> = "application/json", example = json!({
                    "id": "4f1c2a9e0b7d3c58", "model": "two-modes", "score": [[0.8, 0.8], [3.96, 3.56]],
                    "evaluations": 2, "queue_seconds": 0.0001, "sampling_seconds": 0.0002
                })),
                ("application/x-npy"),
            ),
            headers(("X-Smld-Model-Sha256" = String, description = "The SHA-256 of the model's file.")),
        ),
        ScoreProblems,
    ),
)]
async fn score(
    State(scores): State<Scores>,
    Named(name): Named<String>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let outcome = scores.metrics.uncounted();
    let answer = scores.answer(&name, id, &asker, request).await;
    outcome.end(answer.as_ref().map(drop));
    answer
}

impl Scores {
    /// The scores of `model` that are asked for.
    async fn answer(&self, model: &str, id: RequestId, asker: &Asker, request: Request) -> Result<Response, Problem> {
        let served = self.gate.served().ok_or(Problem::NotReady)?;
        let model = served.catalog.find(Some(model))?.clone();
        let format = negotiate_scores(request.headers())?;
        let raw = read(request, model.info(), self.limits.rows).await?;
        let request = ScoreRequest::new(&raw, model.clone(), self.limits)?;
        drop(raw);
        let deadline = request.deadline().into();
        let (ticket, room) = served.score(asker, request, if format == Whole::Npy { NUMBER } else { TEXT })?;
        let scores = collected(ticket, deadline).await?;
        let sha256 = model.info().sha256.clone();
        let bytes = encoded(numbers(&scores.samples), move || encode(&id, model.info(), &scores, format)).await?;
        let told = [(CONTENT_TYPE.as_str(), format.media_type()), ("x-smld-model-sha256", &sha256)];
        Ok((told, room.hold(bytes)).into_response())
    }
}

/// The body: JSON, or an array of the points whose noise level and class are in the query.
async fn read(request: Request, info: &ModelInfo, rows: usize) -> Result<RawScoreRequest, Problem> {
    let most = most_bytes(info, rows, JSON_NUMBER);
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let is_array = body::media_type(&headers) == Whole::Npy.media_type();
    if !is_array && !body::is_json(&headers) {
        return Err(Problem::NotJsonType);
    }
    let bytes = body::read(request.into_body(), most, "--max-score-rows").await?;
    let shape = info.shape.clone();
    // A body of this size takes a while to read.
    let parse = move || {
        if is_array {
            return array::parse(&bytes, &uri, &shape);
        }
        if uri.query().is_some() {
            return Err(InvalidRequest::new(
                "query",
                "sigma, label and deadline_ms belong into the body where that is JSON",
            )
            .into());
        }
        if body::elements(&bytes) > most / JSON_NUMBER {
            return Err(InvalidRequest::new("x", "has more elements than rows may have; see --max-score-rows").into());
        }
        body::parse(&bytes, r#"{"x": [[0.5, 1.0]], "sigma": 0.1}"#)
    };
    blocking(parse).await
}

/// The most bytes of a number in JSON, with what stands between two.
pub(super) const JSON_NUMBER: usize = 32;

/// What a body of `rows` points of `info` takes at most, whose numbers take `number` bytes at most.
pub(super) fn most_bytes(info: &ModelInfo, rows: usize, number: usize) -> usize {
    /// Of what else there is to a row, and to a request.
    const ROOM: usize = 4096;
    rows.saturating_mul(info.dim() * number + ROOM)
}

/// The answer as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Scores)]
struct Document<'a> {
    /// The request's id.
    id: &'a str,
    /// The model's name.
    model: &'a str,
    /// s(x, σ) of each row, in the order of the rows.
    score: Vec<&'a [f32]>,
    /// Rows evaluated.
    evaluations: u64,
    /// From being taken to the first evaluation.
    queue_seconds: f64,
    /// From the first evaluation to the last.
    sampling_seconds: f64,
}

/// Scores in `format`: float32 [rows, …shape], or rows of numbers.
fn encode(id: &RequestId, info: &ModelInfo, scores: &Samples, format: Whole) -> Result<Vec<u8>, Unwritable> {
    let Samples { samples: rows, summary, .. } = scores;
    if format == Whole::Npy {
        let shape = [&[rows.len()], info.shape.as_slice()].concat();
        return npy(&shape, rows.iter().flat_map(|(_, score)| score.iter().copied()));
    }
    Ok(serde_json::to_vec(&Document {
        id: id.as_str(),
        model: &info.name,
        score: rows.iter().map(|(_, score)| score.as_slice()).collect(),
        evaluations: summary.evaluations,
        queue_seconds: summary.queued.as_secs_f64(),
        sampling_seconds: summary.sampling.as_secs_f64(),
    })?)
}
