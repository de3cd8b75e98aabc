//! A request's id, its span and its line in the log.

use super::problem::Problem;
use super::{inference, openai};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is called: in the answer's header and body, and in the log.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The client's own id where it can stand in a log and a URI as it is, else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sane = |id: &&str| {
            (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane);
        // Without randomness the request is still served; its id is then zero.
        let made = || format!("{:016x}", getrandom::u64().unwrap_or_default());
        Self(given.map_or_else(|| made().into(), Into::into))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The trace that the request is a part of, by its header `traceparent`: version, trace, parent and flags, in hexadecimal digits (W3C Trace
/// Context, section 3.2). Later versions may say more behind these four; a trace of zeros is none.
pub(crate) fn trace(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.splitn(5, '-');
    let mut part = |digits: usize| {
        let is_hex = |part: &&str| part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        parts.next().filter(is_hex)
    };
    let (version, trace, parent, _flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let is_some = |part: &str| part.bytes().any(|b| b != b'0');
    let is_as_long = version != "00" || parts.next().is_none();
    (version != "ff" && is_some(trace) && is_some(parent) && is_as_long).then_some(trace)
}

/// Gives the request an id, runs it in a span, puts the id on the answer (and into the body of a problem), writes a line.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    let path = logged(request.uri().path());
    let trace = trace(request.headers());
    let span = tracing::info_span!("request", id = id.as_str(), trace, method = %request.method(), path, key = Empty);
    let shape = shape(request.uri().path());
    let is_api = ["/v1/", "/v2/models/"].iter().any(|api| request.uri().path().starts_with(api));
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    let problem = response.extensions_mut().remove::<Problem>();
    match (&problem, shape) {
        (Some(problem), Some(put)) => put(problem, &mut response),
        (Some(problem), None) => *response.body_mut() = Body::from(problem.body(id.as_str())),
        (None, _) => {}
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    span.in_scope(|| {
        let (status, latency_ms) = (response.status().as_u16(), began.elapsed().as_millis() as u64);
        // As a string, which the log escapes: some of it is the client's.
        let problem = problem.as_ref().map(Problem::told);
        let problem = problem.as_deref();
        // Probes and scrapes come every few seconds; they are news only when they fail.
        if problem.is_some() || is_api {
            tracing::info!(status, latency_ms, problem, "answered");
        } else {
            tracing::debug!(status, latency_ms, "answered");
        }
    });
    response
}

/// How problems at `path` are put into an answer, where another interface than the native one has its own shape.
fn shape(path: &str) -> Option<fn(&Problem, &mut Response)> {
    if openai::speaks(path) {
        Some(openai::put)
    } else if inference::speaks(path) {
        Some(inference::put)
    } else {
        None
    }
}

/// `path` as it stands in the log. Whoever knows the id of samples has them, so it is not told there.
fn logged(path: &str) -> &str {
    if path.starts_with("/v1/samples/") { "/v1/samples/{id}" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_told_of_headers_that_are_as_the_standard_has_them() {
        let found = |header: &'static str| {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static("traceparent"), HeaderValue::from_static(header))]);
            trace(&headers).map(str::to_owned)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(found("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(id));
        assert_eq!(found("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").as_deref(), Some(id));
        for unsound in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(found(unsound), None, "{unsound}");
        }
        assert_eq!(trace(&HeaderMap::new()), None);
    }
}
