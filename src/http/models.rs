//! `GET /v1/models` and `GET /v1/models/{name}`: what is served, for clients of OpenAI too.

use super::named::Named;
use super::openai::Listed;
use super::openapi::{Entering, Naming, Starting, Told};
use super::problem::Problem;
use super::served::Gate;
use crate::score::ReadyModel;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router(gate: Gate) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(all)).routes(routes!(one)).with_state(gate)
}

/// What is served.
#[derive(Serialize, ToSchema)]
struct Models<'a> {
    /// `list`.
    object: &'static str,
    /// For clients of OpenAI.
    data: Vec<Listed<'a>>,
    /// By name.
    models: &'a [ReadyModel],
}

/// One model.
#[derive(Serialize, ToSchema)]
struct Model<'a> {
    #[serde(flatten)]
    listed: Listed<'a>,
    #[serde(flatten)]
    model: &'a ReadyModel,
}

type AllProblems = Told<(Entering, Starting)>;
type OneProblems = Told<(Entering, Naming, Starting)>;

/// The models that are served
#[utoipa::path(get, path = "/v1/models", tag = "models", responses((status = 200, description = "All of them.", body = Models<'_>), AllProblems))]
async fn all(State(gate): State<Gate>) -> Result<Response, Problem> {
    let models = gate.served().ok_or(Problem::NotReady)?.catalog.models();
    let data = models.iter().map(|model| Listed::new(&model.info().name)).collect();
    Ok(Json(Models { object: "list", data, models }).into_response())
}

/// One of the models
#[utoipa::path(
    get,
    path = "/v1/models/{name}",
    tag = "models",
    params(("name" = String, Path, description = "Its name.", example = json!("mnist"))),
    responses((status = 200, description = "It.", body = Model<'_>), OneProblems),
)]
async fn one(State(gate): State<Gate>, Named(name): Named<String>) -> Result<Response, Problem> {
    let model = gate.served().ok_or(Problem::NotReady)?.catalog.find(Some(&name))?;
    Ok(Json(Model { listed: Listed::new(&model.info().name), model }).into_response())
}
