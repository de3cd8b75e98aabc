//! A call's id, its span and its line in the log; and its problem, where it came to one before a procedure was called.

use super::status::status;
use crate::http::{Problem, RequestId, X_REQUEST_ID, trace};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tonic::{Code, Status};
use tracing::Instrument;
use tracing::field::Empty;

/// Gives the call an id, runs it in a span, puts the id on the answer, writes a line.
pub(super) async fn attend(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    let (trace, path) = (trace(request.headers()), request.uri().path());
    let span = tracing::info_span!("request", id = id.as_str(), trace, method = "gRPC", path, key = Empty);
    let is_work = request.uri().path().ends_with("/ModelInfer");
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = status(&problem, HeaderMap::new()).into_http();
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    span.in_scope(|| {
        let latency_ms = began.elapsed().as_millis() as u64;
        // An answer's status comes after its message; what has one before it has no message.
        match response.extensions().get::<Status>().filter(|status| status.code() != Code::Ok) {
            Some(status) => {
                tracing::info!(code = ?status.code(), latency_ms, problem = status.message(), "answered");
            }
            None if is_work => tracing::info!(code = ?Code::Ok, latency_ms, "answered"),
            // Probes come every few seconds.
            None => tracing::debug!(latency_ms, "answered"),
        }
    });
    response
}
