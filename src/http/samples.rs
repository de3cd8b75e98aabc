//! `POST /v1/samples`: from a body to samples.

use super::Bounds;
use super::accept::{Format, Whole};
use super::archive;
use super::asked::{Asked, Wish, asked};
use super::encode::{Drawn, encoded};
use super::events::{Lines, Stream};
use super::identify::RequestId;
use super::jobs::{self, Jobs};
use super::keys::Asker;
use super::metrics::{Metrics, Outcome};
use super::openai;
use super::openapi::{
    Accepting, Asking, Body, Chains, Entering, Keeping, Naming, SamplesOrPlan, Spending, Told, Working,
};
use super::plan::Plan;
use super::problem::Problem;
use super::room::Room;
use super::served::{Gate, Served};
use super::source::Source;
use crate::engine::{RawSampleRequest, SampleRequest};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use std::sync::Arc;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the endpoints of samples need.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) gate: Gate,
    pub(super) metrics: Arc<Metrics>,
    pub(super) bounds: Bounds,
    pub(super) jobs: Arc<Jobs>,
}

pub(super) fn router(gate: Gate, metrics: &Arc<Metrics>, bounds: Bounds) -> OpenApiRouter {
    let service = Service {
        gate,
        metrics: Arc::clone(metrics),
        bounds,
        jobs: Arc::new(Jobs::new(bounds.jobs, Arc::clone(metrics))),
    };
    OpenApiRouter::new().routes(routes!(draw)).merge(jobs::router()).merge(openai::router()).with_state(service)
}

type DrawProblems = Told<(Entering, Spending, (Body, Asking, Naming, Accepting, Working, Chains, Keeping))>;

/// Draws samples
///
/// The answer is chosen by `Accept`: `image/png`, `image/webp` (without loss) or `image/jpeg` (one image, or a grid; points of two dimensions as a scatter), `application/json`,
/// `application/x-npy` (float32 [n, …shape]); sent while they are drawn `application/zip`, `application/x-tar` (a file for each sample by its
/// index, `samples.json` last) and `text/event-stream` (events `accepted`, `progress`, `preview`, `image`, `done` or `error`, each with a
/// line of JSON: the schemas Accepted, Progress, Preview, Sample, and the JSON answer without its samples). With `Prefer: respond-async` the
/// answer is 202 and the samples are fetched later.
#[utoipa::path(
    post,
    path = "/v1/samples",
    tag = "samples",
    params(
        ("Accept" = Option<String>, Header, description = "The format of the answer.", example = json!("image/png")),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: the samples are fetched later."),
    ),
    request_body(
        content = RawSampleRequest,
        examples(
            ("sheet" = (summary = "64 images of the default model", value = json!({"n": 64, "seed": 1}))),
            ("class" = (summary = "Ten of a class", value = json!({"model": "fashion-mnist", "label": "sneaker", "n": 10}))),
            ("langevin" = (
                summary = "Langevin dynamics on a known density",
                value = json!({"model": "two-modes", "n": 500, "sampler": {"method": "langevin", "sigma": 0.5, "tau": 0.05, "steps": 200}})
            )),
            ("annealed" = (summary = "Annealed Langevin dynamics", value = json!({"n": 4, "sampler": {"method": "annealed_langevin"}}))),
        ),
    ),
    responses(
        (
            status = 200,
            description = "The samples, in the format that `Accept` names. Of a dry run: what it comes to.",
            content(
                (SamplesOrPlan<'_> = "application/json", example = json!({
                    "id": "4f1c2a9e0b7d3c58", "model": "two-modes", "seed": 1,
                    "sampler": {"method": "langevin", "sigma": 0.5, "tau": 0.05, "steps": 200, "noise": true, "denoise": false, "init": {"normal": {"deviation": 1.0}}},
                    "evaluations": 200, "queue_seconds": 0.0001, "sampling_seconds": 0.002, "warnings": [],
                    "points": [{"index": 0, "x": [4.41, 3.97]}]
                })),
                ("image/png"),
                ("image/webp"),
                ("image/jpeg"),
                ("application/x-npy"),
                ("application/zip"),
                ("application/x-tar"),
                ("text/event-stream"),
            ),
            headers(
                ("X-Smld-Seed" = String, description = "The seed."),
                ("X-Smld-Model-Sha256" = String, description = "The SHA-256 of the model's file."),
                ("X-Smld-Warning" = String, description = "What is likely not meant."),
            ),
        ),
        (status = 202, description = "Taken for later.", body = jobs::Document<'_>, headers(("Location" = String, description = "Where the samples will be."))),
        DrawProblems,
    ),
)]
async fn draw(
    State(service): State<Service>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let mut outcome = service.metrics.request();
    let mut provenance = HeaderMap::new();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let answer = match asked(served, &service.bounds, request, false, &mut outcome, &mut provenance).await {
        // In a box: it is large, and those who are refused need none of it.
        Ok(asked) => Box::pin(service.answer(served, &asker, id, asked, outcome)).await,
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
            Wish::DryRun(format) => {
                outcome.discard();
                let foretold = served.room(&request, format).and_then(|_| asker.foretell(&served.engine, &request));
                match foretold {
                    Ok(forecast) => Json(Plan::new(&request, forecast)).into_response(),
                    Err(problem) => outcome.fail(problem),
                }
            }
            Wish::Later => self.later(served, asker, id, Asked { request, ..asked }, outcome),
            Wish::Now(format) => match served.submit(asker, &request, format) {
                Ok((ticket, room)) => self.send(id, request, Source::Engine(ticket), room, format, outcome).await,
                Err(problem) => outcome.fail(problem),
            },
        }
    }

    /// The samples of `source`, those of `request`, in `format`, as an answer that has its `room`.
    ///
    /// Nothing is spawned before the answer begins: when the client goes away, this future is dropped, and the engine's ticket
    /// with it.
    pub(super) async fn send(
        &self,
        id: RequestId,
        request: SampleRequest,
        source: Source,
        room: Room,
        format: Format,
        outcome: Outcome,
    ) -> Response {
        let deadline = match source {
            Source::Engine(_) => request.deadline().into(),
            Source::Kept(..) => Instant::now() + self.bounds.archives.deadline,
        };
        let sent = match format {
            Format::Whole(format) => match source.drawn(id, request, None, deadline).await {
                Ok(drawn) => whole(drawn, format, room).await,
                Err(problem) => Err(problem),
            },
            // Of those that grow it is not known yet how they end.
            Format::Archive(container) => {
                match archive::begin(id, request, source, container, deadline, self.bounds.readers.patience).await {
                    Ok(begun) => return begun.go_on(outcome, room),
                    Err(problem) => Err(problem),
                }
            }
            Format::Events => {
                return Stream::new(Lines::new(id, request), source, deadline).go_on(
                    self.bounds.readers,
                    outcome,
                    room,
                );
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
async fn whole(drawn: Arc<Drawn>, format: Whole, room: Room) -> Result<Response, Problem> {
    let bytes = encoded(drawn.numbers(format), move || drawn.encode(format)).await?;
    Ok(([(CONTENT_TYPE, format.media_type())], room.hold(bytes)).into_response())
}
