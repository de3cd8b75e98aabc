//! Problems in OpenAI's shape, at paths that its clients ask.

use crate::http::problem::Problem;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether problems at `path` have OpenAI's shape.
pub(in crate::http) fn speaks(path: &str) -> bool {
    path.starts_with("/v1/images/")
}

/// Makes `response` the answer that `problem` has there.
pub(in crate::http) fn put(problem: &Problem, response: &mut Response) {
    *response.status_mut() = status(problem);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body(problem));
}

/// The problem's own status, but that OpenAI has no 422: its clients know what cannot be as 400, `BadRequestError`.
pub(in crate::http) fn status(problem: &Problem) -> StatusCode {
    match problem.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    }
}

/// A problem in OpenAI's shape.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiProblem)]
pub(in crate::http) struct Document<'a> {
    error: Error<'a>,
}

/// What it says.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiError)]
struct Error<'a> {
    /// What is wrong and what to do.
    message: String,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    r#type: &'a str,
    /// The field that cannot be.
    param: Option<&'a str>,
    /// The end of the problem's type.
    code: &'a str,
}

/// What is wrong, as a body and as the data of an event.
pub(in crate::http) fn body(problem: &Problem) -> String {
    let r#type = match status(problem) {
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_client_error() => "invalid_request_error",
        _ => "server_error",
    };
    let error = Error { message: problem.told(), r#type, param: problem.field(), code: problem.slug() };
    serde_json::to_string(&Document { error }).unwrap_or_default()
}
