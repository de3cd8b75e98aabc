//! Lets those in who may ask.

use super::ring::Keys;
use crate::http::access::Access;
use crate::http::metrics::Metrics;
use crate::http::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tracing::Span;
use tracing::field::display;

/// What the guard knows.
#[derive(Clone)]
pub(crate) struct Guard {
    keys: Keys,
    metrics: Arc<Metrics>,
}

impl Guard {
    /// Of the keys of `access`; who is refused is counted in `metrics`.
    pub(crate) fn new(access: &Access, metrics: &Arc<Metrics>) -> Self {
        Self { keys: access.keys.clone(), metrics: Arc::clone(metrics) }
    }
}

/// Hands a request on with who asks, its [`Asker`](super::Asker), among its extensions; or refuses it. The request's span gets
/// the key's name.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    match guard.keys.check(request.headers()) {
        Ok(asker) => {
            if let Some(name) = asker.name() {
                Span::current().record("key", display(name));
                guard.metrics.asked(name);
            }
            request.extensions_mut().insert(asker);
            next.run(request).await
        }
        Err(denied) => {
            if let Some(name) = denied.key() {
                Span::current().record("key", display(name));
            }
            let problem = Problem::from(denied);
            guard.metrics.rejected(problem.slug());
            problem.into_response()
        }
    }
}
