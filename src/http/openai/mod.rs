//! `POST /v1/images/generations`: images as clients of OpenAI ask for them, drawn as all others are.
//!
//! | module | what it is |
//! |---|---|
//! | `generation` | the body, and the request for samples that it is |
//! | `answer` | the images when they are all there |
//! | `told` | the images as an event stream, with partial ones before |
//! | `picture` | what is said of every image |
//! | `fault` | problems in OpenAI's shape |
//! | `listed` | what its list of models says of one |

mod answer;
mod fault;
mod generation;
mod listed;
mod picture;
mod told;

pub(super) use fault::{Document as FaultDocument, body, put, speaks, status};
pub(super) use listed::Listed;
pub(super) use told::Image as Event;

use super::accept::{Format, Whole};
use super::encode::{encoded, numbers};
use super::events::Stream;
use super::identify::RequestId;
use super::keys::Asker;
use super::metrics::Outcome;
use super::openapi::{Asking, Body, Chains, Entering, Naming, Spending, ToldToOpenAi, Working};
use super::problem::Problem;
use super::samples::Service;
use super::served::Served;
use super::source::Source;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use generation::{Generation, Understood, understood};
use told::Told;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(generate))
}

type GenerateProblems = ToldToOpenAi<(Entering, Spending, Body, Asking, Naming, Working, Chains)>;

/// Draws images as clients of OpenAI ask for them
///
/// The prompt is a class's name or number, or empty. With `stream` the answer is an event stream:
/// `image_generation.partial_image`, `image_generation.completed`, or `error`, each with a line of JSON: the schema OpenAiEvent, or OpenAiProblem.
#[utoipa::path(
    post,
    path = "/v1/images/generations",
    tag = "openai",
    request_body(content = Generation, example = json!({"model": "fashion-mnist", "prompt": "sneaker", "n": 2, "seed": 7})),
    responses(
        (
            status = 200,
            description = "The images.",
            content((answer::Document = "application/json"), ("text/event-stream")),
            headers(
                ("X-Smld-Seed" = String, description = "The seed."),
                ("X-Smld-Model-Sha256" = String, description = "The SHA-256 of the model's file."),
            ),
        ),
        GenerateProblems,
    ),
)]
async fn generate(
    State(service): State<Service>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let mut outcome = service.metrics.request();
    let mut provenance = HeaderMap::new();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let answer = match understood(served, &service.bounds, request, &mut outcome, &mut provenance).await {
        Ok(understood) => service.generated(served, &asker, id, understood, outcome).await,
        Err(problem) => outcome.fail(problem),
    };
    (provenance, answer).into_response()
}

impl Service {
    /// The images that `understood` asks for. As in [`send`](Self::send) nothing is spawned before the answer begins.
    async fn generated(
        &self,
        served: &Served,
        asker: &Asker,
        id: RequestId,
        understood: Understood,
        outcome: Outcome,
    ) -> Response {
        let Understood { request, partial_images, format } = understood;
        let kind = partial_images.map_or(Format::Whole(Whole::Json), |_| Format::Events);
        let (source, room) = match served.submit(asker, &request, kind) {
            Ok((ticket, room)) => (Source::Engine(ticket), room),
            Err(problem) => return outcome.fail(problem),
        };
        let deadline = request.deadline().into();
        if let Some(partial_images) = partial_images {
            return Stream::new(Told::new(request, partial_images, format), source, deadline).go_on(
                self.bounds.readers,
                outcome,
                room,
            );
        }
        let answer = async {
            let drawn = source.drawn(id, request, None, deadline).await?;
            encoded(numbers(&drawn.samples.samples), move || answer::json(&drawn, format)).await
        };
        match answer.await {
            Ok(json) => {
                outcome.end(Ok(()));
                ([(CONTENT_TYPE, "application/json")], room.hold(json)).into_response()
            }
            Err(problem) => outcome.fail(problem),
        }
    }
}
