//! `/livez`: does the engine get on with its work? `/readyz`: should requests come here?

use super::problem::Problem;
use super::served::Gate;
use crate::engine::Refused;
use axum::Router;
use axum::routing::get;
use std::time::Duration;

pub(super) fn router(gate: Gate, stall: Duration) -> Router {
    let alive = gate.clone();
    Router::new()
        .route("/livez", get(async move || live(&alive, stall)))
        .route("/readyz", get(async move || ready(&gate)))
}

/// A server that loads its models is alive. One that has work and ends no step is not, whatever its process does.
pub(super) fn live(gate: &Gate, limit: Duration) -> Result<&'static str, Problem> {
    let stalled = gate.served().map(|served| served.engine.snapshot().stalled);
    match stalled.filter(|&since| since > limit) {
        Some(since) => Err(Problem::Stalled { since }),
        None => Ok("alive\n"),
    }
}

/// Only after every model is warm, and no longer once the server is going down.
pub(super) fn ready(gate: &Gate) -> Result<&'static str, Problem> {
    let served = gate.served().ok_or(Problem::NotReady)?;
    if served.engine.snapshot().draining {
        return Err(Refused::Draining.into());
    }
    Ok("ready\n")
}
