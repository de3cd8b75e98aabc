//! `/`: what this is, for a person who opens it.

use super::served::{Gate, Served};
use crate::score::ModelInfo;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::routing::get;

pub(super) fn router(gate: Gate) -> Router {
    Router::new().route("/", get(page)).with_state(gate)
}

async fn page(State(gate): State<Gate>, headers: HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let what = match gate.served() {
        None => "The models are still being loaded and warmed up.".to_owned(),
        Some(Served { catalog, .. }) => {
            let names: Vec<&str> = catalog.models().iter().map(|model| model.info().name.as_str()).collect();
            format!("{}\n\nserved: {}", invitation(host, catalog.default_model().info()), names.join(", "))
        }
    };
    format!(
        "smld {}: samples of score-based generative models, drawn by Langevin dynamics.\n\n{what}\n\n\
         POST /v1/samples  GET, PUT, DELETE /v1/samples/{{id}}  POST /v1/images/generations\n\
         GET /v1/models  GET /v1/models/{{name}}  POST /v1/models/{{name}}/score  /livez  /readyz  /metrics\n\
         All of it: /docs/\n",
        env!("CARGO_PKG_VERSION"),
    )
}

/// The two lines by which a person gets first samples of `model` from the server at `host`.
#[must_use]
pub fn invitation(host: &str, model: &ModelInfo) -> String {
    let (accept, file) = if model.is_image() { ("image/png", "grid.png") } else { ("application/json", "points.json") };
    format!(
        "curl -s {host}/v1/samples -H 'accept: {accept}' -H 'content-type: application/json' -d '{{\"n\":64,\"seed\":1}}' \
         -o {file}\nmodels: http://{host}/v1/models   metrics: http://{host}/metrics"
    )
}
