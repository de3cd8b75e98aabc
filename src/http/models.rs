//! `GET /v1/models` and `GET /v1/models/{name}`: what is served, for clients of OpenAI too.

use super::openai::Listed;
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
        object: &'static str,
        data: Vec<Listed<'a>>,
        models: &'a [ReadyModel],
    }
    let models = gate.served().ok_or(Problem::NotReady)?.catalog.models();
    let data = models.iter().map(|model| Listed::new(&model.info().name)).collect();
    Ok(Json(Models { object: "list", data, models }).into_response())
}

async fn one(State(gate): State<Gate>, Path(name): Path<String>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Model<'a> {
        #[serde(flatten)]
        listed: Listed<'a>,
        #[serde(flatten)]
        model: &'a ReadyModel,
    }
    let model = gate.served().ok_or(Problem::NotReady)?.catalog.find(Some(&name))?;
    Ok(Json(Model { listed: Listed::new(&model.info().name), model }).into_response())
}
