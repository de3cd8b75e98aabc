//! The one place that maps errors to answers: RFC 9457, `application/problem+json`.

use super::body::MEBIBYTES;
use super::encode::Unwritable;
use super::keys::Denied;
use super::served::UnknownModel;
use crate::engine::{Bound, Failure, InvalidRequest, Refused};
use crate::pixels::EncodeError;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::any::Any;
use std::time::Duration;
use utoipa::ToSchema;

/// Every way in which a request can end without what it asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("the body is not JSON: {reason}")]
    NotJson { reason: String },
    #[error("the body ended early: {reason}")]
    Truncated { reason: String },
    #[error("there is nothing at {path}; / says what there is")]
    NoSuchPath { path: String },
    #[error(transparent)]
    UnknownModel(#[from] UnknownModel),
    #[error("the model '{model}' has no version '{version}'; it has 1 only")]
    UnknownVersion { model: String, version: String },
    // Ids are not told: what is told stands in the log.
    #[error(
        "there are no such samples: they were deleted, or not asked for here, or not kept any longer; see --job-seconds"
    )]
    NoSuchSamples,
    #[error("another request has this id already: send another id, or delete that one first")]
    Conflict,
    #[error("{method} is not for this path; the header Allow says what is")]
    MethodNotAllowed { method: Method },
    #[error("{reason}")]
    NotAcceptable { reason: String },
    #[error("the body did not arrive within {} s", within.as_secs())]
    SlowBody { within: Duration },
    #[error("the body is larger than this server takes; see {setting}")]
    BodyTooLarge { setting: &'static str },
    #[error("the bodies of other requests take all of the {MEBIBYTES} MiB that there are for them; try again later")]
    NoRoomForBody,
    #[error(
        "the answers to other requests leave too little of the {most} bytes that there are for them; try again later; see \
         --max-answer-bytes"
    )]
    NoRoomForAnswer { most: u64 },
    #[error("the body must be JSON: send the header 'content-type: application/json'")]
    NotJsonType,
    #[error("{reason}")]
    Invalid { field: Option<String>, reason: String },
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("{refused}{setting}", refused = .0, setting = setting(.0))]
    Refused(#[from] Refused),
    #[error("{reason}; see --max-jobs, --max-job-bytes")]
    TooManyJobs { reason: String },
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("the client took more than {} s to read 64 KiB; see --reader-seconds", within.as_secs())]
    SlowReader { within: Duration },
    #[error("the models are still being loaded and warmed up")]
    NotReady,
    #[error("there was work, and no step of it has ended well for {} s; see --stall-seconds", since.as_secs())]
    Stalled { since: Duration },
    #[error("the server failed: {reason}")]
    Internal { reason: String },
}

/// A problem as it is told (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    /// `urn:smld:problem:` and a word that never changes.
    r#type: String,
    /// The kind of problem in words.
    title: &'a str,
    /// The answer's status.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
    /// The field that cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The request's id.
    instance: &'a str,
    /// Of a chain that left the finite range: the sample's index.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    /// The noise level where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    sigma: Option<f32>,
    /// The step size with which it did, of Langevin dynamics.
    #[serde(skip_serializing_if = "Option::is_none")]
    tau: Option<f64>,
    /// How many evaluations it had had.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<u32>,
}

/// What a problem's kind decides of its answer.
struct Kind {
    status: StatusCode,
    /// The end of `type`, and the outcome in the metrics. Clients rely on it: it never changes.
    slug: &'static str,
    title: &'static str,
    retry_after: Option<Duration>,
}

/// How long to wait for models that load or for another replica.
const SOON: Duration = Duration::from_secs(5);

impl Problem {
    fn kind(&self) -> Kind {
        use StatusCode as S;
        let kind = |status, slug, title| Kind { status, slug, title, retry_after: None };
        match self {
            Self::NotJson { .. } => kind(S::BAD_REQUEST, "not-json", "The body is not JSON"),
            Self::Truncated { .. } => kind(S::BAD_REQUEST, "truncated", "The body ended early"),
            Self::NoSuchPath { .. } => kind(S::NOT_FOUND, "no-such-path", "Nothing here"),
            Self::UnknownModel(_) => kind(S::NOT_FOUND, "unknown-model", "No such model"),
            Self::UnknownVersion { .. } => kind(S::NOT_FOUND, "unknown-version", "No such version"),
            Self::NoSuchSamples => kind(S::NOT_FOUND, "no-such-samples", "No such samples"),
            Self::Conflict => kind(S::CONFLICT, "conflict", "Another request has this id"),
            Self::MethodNotAllowed { .. } => kind(S::METHOD_NOT_ALLOWED, "method-not-allowed", "Not this method"),
            Self::NotAcceptable { .. } => kind(S::NOT_ACCEPTABLE, "not-acceptable", "No such format"),
            Self::SlowBody { .. } => kind(S::REQUEST_TIMEOUT, "slow-body", "The body came too slowly"),
            Self::BodyTooLarge { .. } => kind(S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::NoRoomForBody | Self::NoRoomForAnswer { .. } => Kind {
                retry_after: Some(SOON),
                ..kind(S::TOO_MANY_REQUESTS, "no-room", "The server holds too much of other requests")
            },
            Self::NotJsonType => kind(S::UNSUPPORTED_MEDIA_TYPE, "not-json-type", "The body's type is not JSON"),
            Self::Invalid { .. } | Self::Refused(Refused::Invalid(_)) => {
                kind(S::UNPROCESSABLE_ENTITY, "invalid-field", "A field cannot be")
            }
            Self::Denied(Denied::NoKey | Denied::UnknownKey) => {
                kind(S::UNAUTHORIZED, "unauthorized", "A key is wanted")
            }
            Self::Denied(Denied::TooOften { retry_after, .. }) => Kind {
                // Whole seconds are told: the next one, by which there is a token.
                retry_after: Some(Duration::from_secs(retry_after.as_secs().saturating_add(1))),
                ..kind(S::TOO_MANY_REQUESTS, "key-rate", "The key is used too often")
            },
            Self::Denied(Denied::Busy { .. }) => Kind {
                retry_after: Some(SOON),
                ..kind(S::TOO_MANY_REQUESTS, "key-evaluations", "The key has too much under way")
            },
            Self::Denied(Denied::TooMuch { .. }) => {
                kind(S::UNPROCESSABLE_ENTITY, "beyond-key", "More than the key may have")
            }
            Self::Refused(Refused::AtCapacity { retry_after, .. }) => Kind {
                retry_after: Some(*retry_after),
                ..kind(S::TOO_MANY_REQUESTS, "at-capacity", "The server has too much to do")
            },
            Self::Refused(Refused::Draining) => {
                Kind { retry_after: Some(SOON), ..kind(S::SERVICE_UNAVAILABLE, "draining", "The server is going down") }
            }
            Self::TooManyJobs { .. } => Kind {
                retry_after: Some(SOON),
                ..kind(S::TOO_MANY_REQUESTS, "too-many-jobs", "The server holds too many jobs")
            },
            // The request chose the steps. What a model does by its own is watched in `smld_nonfinite_total`.
            Self::Failed(Failure::Diverged { .. }) => {
                kind(S::UNPROCESSABLE_ENTITY, "diverged", "A chain left the finite range")
            }
            Self::Failed(Failure::NotFinite { .. }) => {
                kind(S::UNPROCESSABLE_ENTITY, "not-finite", "A score is not finite")
            }
            Self::Failed(Failure::Model { .. }) => {
                kind(S::INTERNAL_SERVER_ERROR, "model-failed", "The score model failed")
            }
            Self::Failed(Failure::Deadline) => kind(S::GATEWAY_TIMEOUT, "deadline", "The deadline passed"),
            Self::Failed(Failure::Stopped) => {
                Kind { retry_after: Some(SOON), ..kind(S::SERVICE_UNAVAILABLE, "stopped", "The server went down") }
            }
            // Never sent: its answer had begun.
            Self::SlowReader { .. } => kind(S::REQUEST_TIMEOUT, "slow-reader", "The answer was read too slowly"),
            Self::NotReady => {
                Kind { retry_after: Some(SOON), ..kind(S::SERVICE_UNAVAILABLE, "not-ready", "The server is starting") }
            }
            Self::Stalled { .. } => kind(S::SERVICE_UNAVAILABLE, "stalled", "Nothing goes on"),
            Self::Internal { .. } => kind(S::INTERNAL_SERVER_ERROR, "internal", "The server failed"),
        }
    }

    /// What is wrong and what to do, as answers and the log tell it.
    pub(crate) fn told(&self) -> String {
        cut(self.to_string())
    }

    /// A panic: its text is for the log, not for strangers.
    pub(super) fn unforeseen() -> Self {
        Self::Internal { reason: "an unforeseen fault, which is in its log".to_owned() }
    }

    /// The end of the problem's `type`, which is also its name in the metrics.
    pub(super) fn slug(&self) -> &'static str {
        self.kind().slug
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// How a key is brought, told to those who brought none that is known (RFC 6750, section 3).
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Denied(Denied::NoKey) => Some("Bearer realm=\"smld\""),
            Self::Denied(Denied::UnknownKey) => Some("Bearer realm=\"smld\", error=\"invalid_token\""),
            _ => None,
        }
    }

    /// When the same may be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.kind().retry_after
    }

    /// The kind of problem in words.
    pub(super) fn title(&self) -> &'static str {
        self.kind().title
    }

    /// The field that cannot be.
    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => field.as_deref(),
            Self::Refused(Refused::Invalid(invalid)) => Some(&invalid.field),
            _ => None,
        }
    }

    /// The answer to request `id`.
    pub(super) fn document<'a>(&'a self, id: &'a str) -> Document<'a> {
        let Kind { status, slug, title, .. } = self.kind();
        let mut document = Document {
            r#type: format!("urn:smld:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail: self.told(),
            field: self.field(),
            instance: id,
            index: None,
            sigma: None,
            tau: None,
            evaluation: None,
        };
        if let Self::Failed(Failure::Diverged { index, sigma, tau, evaluation }) = *self {
            (document.index, document.sigma, document.tau) = (Some(index), Some(sigma), tau);
            document.evaluation = Some(evaluation);
        }
        document
    }

    /// The same as a body.
    pub(super) fn body(&self, id: &str) -> String {
        serde_json::to_string(&self.document(id)).unwrap_or_default()
    }
}

/// The beginning of `text` where it is long, as what a client sent and had wrong may be: a header of gRPC has no room for it, and the log
/// better things to hold.
fn cut(mut text: String) -> String {
    const MOST: usize = 2048;
    if text.len() > MOST {
        text.truncate(text.floor_char_boundary(MOST));
        text.push('…');
    }
    text
}

/// The setting that a bound comes from.
fn setting(refused: &Refused) -> &'static str {
    match refused {
        Refused::AtCapacity { bound: Bound::Requests, .. } => "; see --max-requests",
        Refused::AtCapacity { bound: Bound::Queue, .. } => "; see --max-queued-evaluations",
        Refused::AtCapacity { bound: Bound::Deadline, .. } => "; see --deadline-seconds, --archive-deadline-seconds",
        Refused::Invalid(_) | Refused::Draining => "",
    }
}

impl From<InvalidRequest> for Problem {
    fn from(invalid: InvalidRequest) -> Self {
        Self::Invalid { reason: invalid.to_string(), field: Some(cut(invalid.field)) }
    }
}

impl From<Unwritable> for Problem {
    fn from(fault: Unwritable) -> Self {
        let reason = fault.to_string();
        match fault {
            Unwritable::Picture(EncodeError::TooLarge { .. }) => Self::NotAcceptable { reason },
            _ => Self::Internal { reason },
        }
    }
}

/// The status and the headers. The body has the request's id in it, so it is written where the id is known: by `identify`,
/// which finds the problem among the answer's extensions.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Kind { status, retry_after, .. } = self.kind();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
        }
        // What was not read of the body stands before any other request on the connection; and of a server that goes down the client
        // would ask again on it, and not the replica that a new one leads to.
        if matches!(
            self,
            Self::BodyTooLarge { .. }
                | Self::SlowBody { .. }
                | Self::NoRoomForBody
                | Self::Refused(Refused::Draining)
                | Self::Failed(Failure::Stopped)
        ) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A panic in an endpoint: a fault of this program, not of the request.
#[expect(clippy::needless_pass_by_value, reason = "the signature that the layer calls")]
pub(crate) fn from_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("without a message"), "a request panicked");
    Problem::unforeseen().into_response()
}
