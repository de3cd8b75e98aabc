//! `/livez`: does the engine get on with its work? `/readyz`: should requests come here?

use super::openapi::{Leaving, Standing, Starting, Told};
use super::problem::Problem;
use super::served::Gate;
use crate::engine::Refused;
use axum::extract::State;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What is looked at, and how long work may stand still.
#[derive(Clone)]
struct Health {
    gate: Gate,
    stall: Duration,
}

pub(super) fn router(gate: Gate, stall: Duration) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).with_state(Health { gate, stall })
}

type LiveProblems = Told<Standing>;
type ReadyProblems = Told<(Starting, Leaving)>;

/// Whether the server lives
///
/// A server that loads its models is alive. One that has work and ends no step is not, whatever its process does.
#[utoipa::path(get, path = "/livez", tag = "server", responses((status = 200, description = "It does.", body = String), LiveProblems))]
async fn live(State(Health { gate, stall }): State<Health>) -> Result<&'static str, Problem> {
    alive(&gate, stall).map(|()| "alive\n")
}

/// Whether requests should come here
///
/// Only after every model is warm, and no longer once the server is going down.
#[utoipa::path(get, path = "/readyz", tag = "server", responses((status = 200, description = "They should.", body = String), ReadyProblems))]
async fn ready(State(Health { gate, .. }): State<Health>) -> Result<&'static str, Problem> {
    takes_requests(&gate).map(|()| "ready\n")
}

/// Whether the engine gets on with its work: no work has stood still, and no model failed at every run, for longer than `stall`.
pub(super) fn alive(gate: &Gate, stall: Duration) -> Result<(), Problem> {
    let stalled = gate.served().map(|served| served.engine.snapshot().stalled);
    match stalled.filter(|&since| since > stall) {
        Some(since) => Err(Problem::Stalled { since }),
        None => Ok(()),
    }
}

/// Whether the models are warm and the server is not going down.
pub(super) fn takes_requests(gate: &Gate) -> Result<(), Problem> {
    let served = gate.served().ok_or(Problem::NotReady)?;
    if served.engine.snapshot().draining {
        return Err(Refused::Draining.into());
    }
    Ok(())
}
