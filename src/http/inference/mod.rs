//! `/v2`: the Open Inference Protocol, version 2, over REST, with tensors in JSON or as bytes behind it.
//!
//! | module | what it is |
//! |---|---|
//! | `server` | the endpoints of the server: itself, its health, the list of its models |
//! | `model` | the endpoints of a model |
//! | `service` | what answers a call, whichever wire it came over |
//! | `body` | a call's JSON, and the bytes behind it |
//! | `flat` | a tensor's elements in JSON, nested or not |
//! | `answer` | what is answered, in the same form |
//! | `described` | the server and the models, described, and how they stand |
//! | `fault` | problems in the protocol's shape |

mod answer;
mod body;
mod described;
mod fault;
mod flat;
mod model;
mod server;
mod service;

pub(super) use fault::{Document as FaultDocument, body, put, speaks};
pub(super) use server::health;
pub use service::Inference;
pub(crate) use service::{Answer, Entry, Model};

use axum::http::HeaderName;
use utoipa_axum::router::OpenApiRouter;

/// How many bytes of a body are JSON, where tensors stand behind it as bytes.
pub(super) const HEADER_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

pub(super) fn router(inference: Inference) -> OpenApiRouter {
    server::router().merge(model::router()).with_state(inference)
}
