//! `GET /v1/models` and `GET /v1/models/{name}`: what is served.

use super::problem::Problem;
use super::served::Gate;
use crate::score::ReadyModel;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

pub(super) fn router(gate: Gate) -> Router {
    Router::new().route("/v1/models", get(all)).route("/v1/models/{name}", get(one)).with_state(gate)
}

async fn all(State(gate): State<Gate>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Models<'a> {
        models: &'a [ReadyModel],
    }
    let served = gate.served().ok_or(Problem::NotReady)?;
    Ok(Json(Models { models: served.catalog.models() }).into_response())
}

async fn one(State(gate): State<Gate>, Path(name): Path<String>) -> Result<Response, Problem> {
    let served = gate.served().ok_or(Problem::NotReady)?;
    Ok(Json(served.catalog.find(Some(&name))?).into_response())
}
