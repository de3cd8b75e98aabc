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
use super::inference;
use super::keys::X_API_KEY;
use super::named::Named;
use super::openai;
use super::problem::{self, Problem};
use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::{Modify, OpenApi};
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
        (name = "inference", description = "The Open Inference Protocol, version 2. A model is its sampler; its score network is `{name}.score`."),
        (name = "server", description = "How the server is."),
    ),
    modifiers(&Ways),
    components(schemas(
        Accepted<'_>, Progress, Previewed<'_>, problem::Document<'_>, openai::Event<'_>, openai::FaultDocument<'_>,
        inference::FaultDocument
    )),
)]
struct Document;

/// The ways in which a key is brought, where one is wanted.
struct Ways;

impl Modify for Ways {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key, as clients of OpenAI bring it."));
        let own = ApiKeyValue::with_description(X_API_KEY.as_str(), "A key, in a header of its own.");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("header", SecurityScheme::ApiKey(ApiKey::Header(own)));
        let by = |scheme: &str| SecurityRequirement::new(scheme, [""; 0]);
        // Or none, where none is wanted.
        document.security = Some(vec![SecurityRequirement::default(), by("bearer"), by("header")]);
    }
}

/// The description of what has none yet.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The endpoints that tell what `described` says.
pub(super) fn router(described: &utoipa::openapi::OpenApi) -> Router {
    let json = Bytes::from(serde_json::to_vec(described).unwrap_or_default());
    let tell = async move || ([(CONTENT_TYPE, "application/json")], json.clone());
    Router::new()
        .route("/openapi.json", get(tell))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || page("index.html")))
        .route("/docs/{file}", get(async |Named(file): Named<String>| page(&file)))
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
