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

pub(super) use fault::{put, speaks};
pub(super) use listed::Listed;

use super::encode::blocking;
use super::events::Stream;
use super::identify::RequestId;
use super::keys::Asker;
use super::metrics::Outcome;
use super::problem::Problem;
use super::samples::Service;
use super::served::Served;
use super::source::Source;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use generation::{Understood, understood};
use told::Told;

pub(super) fn router() -> Router<Service> {
    Router::new().route("/v1/images/generations", post(generate))
}

async fn generate(
    State(service): State<Service>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let mut outcome = service.metrics.request();
    let mut provenance = HeaderMap::new();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let answer = match understood(served, service.limits, request, &mut outcome, &mut provenance).await {
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
        let Understood { request, partial_images } = understood;
        let source = match asker.submit(&served.engine, &request) {
            Ok(ticket) => Source::Engine(ticket),
            Err(problem) => return outcome.fail(problem),
        };
        let deadline = request.deadline().into();
        if let Some(partial_images) = partial_images {
            return Stream::new(Told::new(request, partial_images), source, deadline).go_on(self.readers, outcome);
        }
        let answer = async {
            let drawn = source.drawn(id, request, deadline).await?;
            blocking(move || answer::json(&drawn)).await
        };
        match answer.await {
            Ok(json) => {
                outcome.end(Ok(()));
                ([(CONTENT_TYPE, "application/json")], json).into_response()
            }
            Err(problem) => outcome.fail(problem),
        }
    }
}
