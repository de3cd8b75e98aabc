//! Problems in the protocol's shape, at its paths.

use crate::http::problem::Problem;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether problems at `path` have the protocol's shape.
pub(in crate::http) fn speaks(path: &str) -> bool {
    path == "/v2" || path.starts_with("/v2/")
}

/// Makes `response` the answer that `problem` has there; its status stays.
pub(in crate::http) fn put(problem: &Problem, response: &mut Response) {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body(problem));
}

/// A problem in the protocol's shape.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceProblem)]
pub(in crate::http) struct Document {
    /// What is wrong and what to do.
    error: String,
}

/// What is wrong, as a body.
pub(in crate::http) fn body(problem: &Problem) -> String {
    serde_json::to_string(&Document { error: problem.told() }).unwrap_or_default()
}
