//! `/v2`: the Open Inference Protocol, version 2, over REST, with tensors in JSON or as bytes behind it.
//!
//! | module | what it is |
//! |---|---|
//! | `service` | what answers a call, whichever wire it came over |
//! | `body` | a call's JSON, and the bytes behind it |
//! | `flat` | a tensor's elements in JSON, nested or not |
//! | `answer` | what is answered, in the same form |
//! | `described` | the server and the models, described |
//! | `fault` | problems in the protocol's shape |

mod answer;
mod body;
mod described;
mod fault;
mod flat;
mod service;

pub(super) use fault::{put, speaks};
pub use service::Inference;
pub(crate) use service::{Answer, Model};

use super::body::{bytes, parse};
use super::encode::blocking;
use super::keys::Asker;
use super::problem::Problem;
use answer::Form;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router};
use described::{Indexed, ServerDocument, SignatureDocument};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many bytes of a body are JSON, where tensors stand behind it as bytes.
const HEADER_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

pub(super) fn router(inference: Inference) -> Router {
    let versioned = |router: Router<Inference>, end: &str, route: MethodRouter<Inference>| {
        let model = "/v2/models/{model}";
        router
            .route(&format!("{model}{end}"), route.clone())
            .route(&format!("{model}/versions/{{version}}{end}"), route)
    };
    let router = Router::new()
        .route("/v2", get(async || Json(ServerDocument::new())))
        .route("/v2/repository/index", post(index));
    let router = versioned(router, "", get(described));
    let router = versioned(router, "/ready", get(model_ready));
    versioned(router, "/infer", post(infer)).with_state(inference)
}

/// What those ask who look whether the server is there; it wants no key.
pub(super) fn health(inference: Inference) -> Router {
    let router = Router::new().route("/v2/health/live", get(live)).route("/v2/health/ready", get(ready));
    router.with_state(inference)
}

/// Which model a path names.
#[derive(Deserialize)]
struct Named {
    model: String,
    #[serde(default)]
    version: String,
}

async fn live(State(inference): State<Inference>) -> Result<Json<Value>, Problem> {
    inference.live().map(|()| Json(json!({"live": true})))
}

async fn ready(State(inference): State<Inference>) -> Result<Json<Value>, Problem> {
    inference.ready().map(|()| Json(json!({"ready": true})))
}

async fn described(
    State(inference): State<Inference>,
    Path(Named { model, version }): Path<Named>,
) -> Result<Response, Problem> {
    let signature = inference.model(&model, &version)?.signature();
    Ok(Json(SignatureDocument::new(&signature)).into_response())
}

async fn model_ready(
    State(inference): State<Inference>,
    Path(Named { model, version }): Path<Named>,
) -> Result<Json<Value>, Problem> {
    inference.model(&model, &version)?;
    inference.ready().map(|()| Json(json!({"name": model, "ready": true})))
}

async fn index(State(inference): State<Inference>, request: Request) -> Result<Response, Problem> {
    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        #[serde(default)]
        ready: bool,
    }
    let bytes = bytes(request, "--body-limit").await?;
    let Filter { ready } = if bytes.is_empty() { Filter::default() } else { parse(&bytes, r#"{"ready": true}"#)? };
    let models = inference.index()?;
    let models = models.iter().filter(|model| model.ready.is_ok() || !ready);
    Ok(Json(models.map(Indexed::new).collect::<Vec<_>>()).into_response())
}

async fn infer(
    State(inference): State<Inference>,
    Path(Named { model, version }): Path<Named>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let (mut provenance, mut form) = (HeaderMap::new(), Form::default());
    let read = async |model: Model| {
        let (call, wanted) = body::read(request, inference.most_bytes(Some(&model))).await?;
        form = wanted;
        Ok(call)
    };
    let answer = inference.infer(&asker, [&model, &version], &mut provenance, read).await;
    let written = match answer {
        Ok(answer) => blocking(move || form.write(&answer)).await,
        Err(problem) => Err(problem),
    };
    (provenance, written).into_response()
}
