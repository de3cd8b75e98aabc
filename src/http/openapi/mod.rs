//! `/openapi.json`: the interface, described from the code that answers; `/docs`: the same as a page, without any other host.
//!
//! Handlers carry their description, and the route has the path that is described, so neither goes without the other.
//!
//! | module | what it is |
//! |---|---|
//! | `problems` | what can go wrong, told by the problems themselves |
//! | `sampler` | the schema of a sampler |
//! | `samples` | the schema of what a request for samples is answered |

mod problems;
mod sampler;
mod samples;

pub(super) use problems::*;
pub(super) use samples::SamplesOrPlan;

use super::events::{Accepted, Previewed, Progress};
use super::openai;
use super::problem::{self, Problem};
use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_swagger_ui::Config;

const ABOUT: &str = "Samples of score-based generative models, drawn by Langevin dynamics. The same seed gives the same bytes, whatever \
                     else runs. Every answer has an `X-Request-Id`; errors are `application/problem+json` (RFC 9457) with a stable \
                     `type`, and an unknown field is an error.";

/// What is not said at an endpoint.
#[derive(OpenApi)]
#[openapi(
    info(title = "smld", description = ABOUT, license(name = "MIT OR Apache-2.0")),
    tags(
        (name = "samples", description = "Samples, at once, as they are drawn, or later."),
        (name = "models", description = "What is served, and the score function itself."),
        (name = "openai", description = "Images as clients of OpenAI ask for them."),
        (name = "server", description = "How the server is."),
    ),
    components(schemas(
        Accepted<'_>, Progress, Previewed<'_>, problem::Document<'_>, openai::Event<'_>, openai::FaultDocument<'_>
    )),
)]
struct Document;

/// The description of what has none yet.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The endpoints that tell what `described` says.
pub(super) fn router(described: &utoipa::openapi::OpenApi) -> Router {
    let json: Arc<str> = serde_json::to_string(described).unwrap_or_default().into();
    let tell = async move || ([(CONTENT_TYPE, "application/json")], json.to_string());
    Router::new()
        .route("/openapi.json", get(tell))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || page("index.html")))
        .route("/docs/{file}", get(async |Path(file): Path<String>| page(&file)))
}

/// Swagger UI sets styles on its elements and has pictures in its style sheet; all else is this server's.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
fn page(file: &str) -> Response {
    let config = Config::from("/openapi.json").display_request_duration(true).default_models_expand_depth(0);
    match utoipa_swagger_ui::serve(file, Arc::new(config)) {
        Ok(Some(found)) => {
            let headers = [(CONTENT_TYPE, found.content_type.as_str()), (CONTENT_SECURITY_POLICY, POLICY)];
            (headers, found.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::NoSuchPath { path: format!("/docs/{file}") }.into_response(),
        Err(error) => Problem::Internal { reason: error.to_string() }.into_response(),
    }
}
