//! `/`: what this is, for a person who opens it.

use super::served::Gate;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::routing::get;
use std::fmt::Write;

pub(super) fn router(gate: Gate) -> Router {
    Router::new().route("/", get(page)).with_state(gate)
}

async fn page(State(gate): State<Gate>, headers: HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let mut page = format!(
        "smld {}: samples of score-based generative models, drawn by Langevin dynamics.\n\n{}\n\n",
        env!("CARGO_PKG_VERSION"),
        invitation(host),
    );
    match gate.served() {
        None => page.push_str("The models are still being loaded and warmed up.\n"),
        Some(served) => {
            for model in served.catalog.models() {
                let info = model.info();
                // Writing to a string does not fail.
                let _ = writeln!(page, "model {}, samples of shape {:?}", info.name, info.shape);
            }
        }
    }
    page.push_str("\nPOST /v1/samples  GET /v1/models  GET /v1/models/{name}  /livez  /readyz  /metrics\n");
    page
}

/// The two lines by which a person gets a first picture from the server at `host`.
#[must_use]
pub fn invitation(host: &str) -> String {
    format!(
        "curl -s {host}/v1/samples -H 'accept: image/png' -H 'content-type: application/json' -d '{{\"n\":64,\"seed\":1}}' \
         -o grid.png\nmodels: http://{host}/v1/models   metrics: http://{host}/metrics"
    )
}
