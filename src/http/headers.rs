//! Headers that every answer has, and which other origins may read answers.

use super::inference::HEADER_LENGTH;
use super::keys::X_API_KEY;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};

/// What an answer has that does not say otherwise: a browser takes it for what its type says, keeps no copy, runs and loads nothing from
/// it, shows it in no frame, lets no other site embed it and tells nobody where a link stood.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Gives an answer those of [`HEADERS`] that it does not have.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Where a page is from whose scripts may ask: `https://host` or `https://host:port`; or `*`, wherever it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b);
        if text == "*" || !host.is_empty() && host.bytes().all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "'{text}' is no origin: wanted is https://host or https://host:port, in small letters and without a path, or *"
        ))
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

/// What lets scripts of `origins` ask, with a key of their own: a browser sends no cookies or passwords along. None where there
/// are no origins.
pub(super) fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    /// How long a browser need not ask again.
    const REMEMBERED: Duration = Duration::from_secs(3600);
    let names = |names: &[&'static str]| names.iter().map(|name| HeaderName::from_static(name)).collect::<Vec<_>>();
    let sent = [
        vec![ACCEPT, AUTHORIZATION, CONTENT_TYPE, HEADER_LENGTH, X_API_KEY],
        names(&["prefer", "traceparent", "x-request-id"]),
    ]
    .concat();
    let told = names(&["preference-applied", "x-request-id", "x-smld-model-sha256", "x-smld-seed", "x-smld-warning"]);
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(sent)
        .expose_headers([vec![HEADER_LENGTH, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE], told].concat())
        .max_age(REMEMBERED);
    match origins {
        [] => None,
        some if some.iter().any(|origin| origin.0 == "*") => Some(layer.allow_origin(Any)),
        some => {
            let values = some.iter().filter_map(|origin| HeaderValue::from_str(&origin.0).ok());
            Some(layer.allow_origin(values.collect::<Vec<_>>()))
        }
    }
}
