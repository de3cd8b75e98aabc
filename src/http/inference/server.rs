//! The endpoints of the server: itself, its health, the list of its models.

use super::described::{Live, Ready, ServerDocument};
use super::{Entry, Inference, body};
use crate::http::body::{parse, read};
use crate::http::openapi::{Asking, Body, Entering, Leaving, Standing, Starting, ToldToInference};
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Inference> {
    OpenApiRouter::new().routes(routes!(server)).routes(routes!(index))
}

/// What those ask who look whether the server is there; it wants no key.
pub(in crate::http) fn health(inference: Inference) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).with_state(inference)
}

type AboutProblems = ToldToInference<Entering>;
type LiveProblems = ToldToInference<Standing>;
type ReadyProblems = ToldToInference<(Starting, Leaving)>;
type IndexProblems = ToldToInference<(Entering, Body, Asking, Starting)>;

/// The server
#[utoipa::path(get, path = "/v2", tag = "inference", operation_id = "inference_server", responses((status = 200, description = "It.", body = ServerDocument), AboutProblems))]
async fn server() -> Json<ServerDocument> {
    Json(ServerDocument::new())
}

/// Whether the server lives
#[utoipa::path(get, path = "/v2/health/live", tag = "inference", operation_id = "inference_live", responses((status = 200, description = "It does.", body = Live), LiveProblems))]
async fn live(State(inference): State<Inference>) -> Result<Json<Live>, Problem> {
    inference.live().map(|()| Json(Live { live: true }))
}

/// Whether calls should come here
#[utoipa::path(get, path = "/v2/health/ready", tag = "inference", operation_id = "inference_ready", responses((status = 200, description = "They should.", body = Ready), ReadyProblems))]
async fn ready(State(inference): State<Inference>) -> Result<Json<Ready>, Problem> {
    inference.ready().map(|()| Json(Ready { ready: true }))
}

/// Which models are wanted in the list of all.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = InferenceFilter)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Those only that take calls.
    #[serde(default)]
    ready: bool,
}

/// Every model, as its sampler and as its score network
#[utoipa::path(
    post,
    path = "/v2/repository/index",
    tag = "inference",
    operation_id = "inference_index",
    request_body(content = Option<Filter>, description = "Nothing, or which are wanted."),
    responses((status = 200, description = "All that are wanted.", body = Vec<Entry>), IndexProblems),
)]
async fn index(State(inference): State<Inference>, request: Request) -> Result<Json<Vec<Entry>>, Problem> {
    if !body::is_taken(request.headers()) {
        return Err(Problem::NotJsonType);
    }
    let bytes = read(request.into_body(), inference.bounds.body, "--body-limit").await?;
    let Filter { ready } = if bytes.is_empty() { Filter::default() } else { parse(&bytes, r#"{"ready": true}"#)? };
    inference.index(ready).map(Json)
}
