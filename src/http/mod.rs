//! The server: requests in, answers out.
//!
//! ```text
//! socket → tls → listen → identify → keys → samples, jobs: body → asked → engine → source → encode → answer
//!                                         → openai: its body, the same way, its answer
//!                                         → inference: tensors → oip → engine → tensors, over gRPC too
//!                                         → score, models
//!                                  → health, metrics, page
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | flags over environment over file, and what each layer is given of them |
//! | `listen` | connections: how many, how slow, how they end |
//! | `tls`, `reload` | encrypted connections; files that are read again when they change |
//! | `access`, `keys` | who may ask, and what each may have |
//! | `headers` | what every answer has; which other origins may read it |
//! | `identify` | a request's id, its span, its line in the log |
//! | `logging` | where the log's lines go |
//! | `samples`, `jobs` | samples, answered when they are drawn or fetched later |
//! | `openai` | images as clients of OpenAI ask for them |
//! | `inference` | the Open Inference Protocol: over REST, and what it has in common with gRPC |
//! | `score`, `models`, `health`, `page` | the other endpoints |
//! | `named`, `body`, `asked`, `accept` | what was asked, in which format |
//! | `openapi` | what there is, described from the code that answers |
//! | `plan`, `encode` | what a request comes to; samples to bytes |
//! | `source`, `growing` | samples as they come; answers at their reader's pace |
//! | `room`, `answers` | the bytes of what is held; how many answers may have |
//! | `archive`, `events` | samples to bytes while they are drawn |
//! | [`probe`] | asks another process's `/readyz`: a container's health check |
//! | `metrics` | what is counted, and the exposition |
//! | `problem` | the one place that maps errors to answers |
//! | `served`, `lifecycle`, `supervisor` | what is served once it is warm; draining; what systemd is told |

mod accept;
mod access;
mod answers;
mod archive;
mod asked;
mod body;
pub mod config;
mod encode;
mod events;
mod growing;
mod headers;
mod health;
mod identify;
mod inference;
mod jobs;
mod keys;
mod lifecycle;
mod listen;
pub mod logging;
mod metrics;
mod models;
mod named;
mod openai;
mod openapi;
mod page;
mod plan;
pub mod probe;
mod problem;
mod reload;
mod room;
mod samples;
mod score;
mod served;
mod source;
mod supervisor;
mod tls;

pub use access::{Access, InvalidAccess};
pub use answers::Answers;
pub(crate) use body::{PATIENCE, read as read_body};
pub use growing::Readers;
pub use headers::Origin;
pub(crate) use identify::{RequestId, X_REQUEST_ID, trace};
pub(crate) use inference::Answer;
pub use inference::Inference;
pub use jobs::JobLimits;
pub use keys::{Asker, Denied, Keys, MakeKey, Share};
pub(crate) use keys::{Guard, guard};
pub use lifecycle::{Drained, Working, drain, send_last};
pub use listen::{Connections, Front, Protocol, raise_open_files, serve};
pub use metrics::Metrics;
pub use page::invitation;
pub(crate) use problem::{Problem, from_panic};
pub use reload::Unusable;
pub(crate) use room::{NUMBER, Room, held};
pub use served::{Catalog, Gate, InvalidCatalog, Served};
pub use supervisor::Supervisor;
pub use tls::Tls;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::engine::{RequestLimits, ScoreLimits};

/// What the endpoints allow.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What one request for samples may ask.
    pub requests: RequestLimits,
    /// What it may ask that is answered by an archive. The deadline is that of the last byte.
    pub archives: RequestLimits,
    /// What one request for scores may ask.
    pub scores: ScoreLimits,
    /// What those are granted who read an answer while it is made.
    pub readers: Readers,
    /// How much work may be done for later.
    pub jobs: JobLimits,
    /// The most bytes of answers that are being drawn or were not read yet.
    pub answers: u64,
    /// The most bytes of a request's body.
    pub body: usize,
    /// How long the engine may have work and end no step before `/livez` calls the server dead.
    pub stall: Duration,
}

/// Every endpoint. Until `gate` is opened, those that need models answer 503.
pub fn router(gate: &Gate, metrics: &Arc<Metrics>, bounds: Bounds, access: &Access) -> Router {
    let inference = Inference::new(gate, metrics, bounds);
    let mut guarded = OpenApiRouter::with_openapi(openapi::document())
        .merge(samples::router(gate.clone(), metrics, bounds))
        .merge(score::router(gate.clone(), bounds.scores, Arc::clone(metrics)))
        .merge(inference::router(inference.clone()))
        .merge(models::router(gate.clone()));
    if !access.metrics_apart {
        guarded = guarded.merge(metrics::router(gate.clone(), Arc::clone(metrics)));
    }
    let described = guarded
        .route_layer(from_fn_with_state(Guard::new(access, metrics), guard))
        // What needs no key: it tells nothing of anyone's work and costs nothing.
        .merge(inference::health(inference))
        .merge(health::router(gate.clone(), bounds.stall));
    let (endpoints, description) = described.split_for_parts();
    answering(endpoints.merge(page::router(gate.clone(), access)).merge(openapi::router(&description)), &access.origins)
}

/// What supervisors ask, for an address of their own: `/metrics`, `/livez`, `/readyz`. No key is wanted there.
pub fn supervision(gate: &Gate, metrics: &Arc<Metrics>, bounds: Bounds) -> Router {
    let endpoints = health::router(gate.clone(), bounds.stall);
    answering(endpoints.merge(metrics::router(gate.clone(), Arc::clone(metrics))).into(), &[])
}

/// `endpoints`, with an answer to everything: what is not there, what panics; each with an id, a line in the log and the headers
/// of all answers. Scripts from `origins` may ask.
fn answering(endpoints: Router, origins: &[Origin]) -> Router {
    let mut answering = endpoints
        .fallback(async |uri: Uri| Problem::NoSuchPath { path: uri.path().to_owned() })
        .method_not_allowed_fallback(async |method: Method| Problem::MethodNotAllowed { method })
        .layer(CatchPanicLayer::custom(from_panic));
    if let Some(cors) = headers::cors(origins) {
        answering = answering.layer(cors);
    }
    // From the outside in: a panic's answer has its id and its line too.
    answering.layer(ServiceBuilder::new().layer(from_fn(headers::secure)).layer(from_fn(identify::identify)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_panic_is_answered_as_a_problem_and_the_server_goes_on() {
        let router = answering(Router::new().route("/", get(async || -> &str { panic!("a secret") })), &[]);
        for _ in 0..2 {
            let request = Request::get("/").header("x-request-id", "a-test").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), &answer.headers()["x-request-id"]),
                (500, &"a-test".parse().unwrap())
            );
            let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["type"], "urn:smld:problem:internal");
            assert!(!problem["detail"].as_str().unwrap().contains("secret"));
        }
    }
}
