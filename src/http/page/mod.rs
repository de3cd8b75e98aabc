//! `/`: what this is. For a person with a browser a page that shows the chains at work; for one with a terminal a few lines.
//!
//! | file | what it is |
//! |---|---|
//! | `index.html`, `page.css` | the page, and what it looks like |
//! | `main.js`, `dom.js` | the beginning; helpers |
//! | `api.js`, `events.js` | requests, keys and problems; event streams |
//! | `form.js`, `samplers.js` | what to draw; what the parameters mean |
//! | `sampling.js`, `gallery.js`, `scatter.js`, `png.js` | a run; images, points; what stands in a PNG |
//! | `code.js` | a request as a command |
//! | `plane.js`, `field.js`, `potential.js`, `landscape.js`, `particles.js` | Langevin dynamics in the plane |
//! | `charts.js` | the server's state |
//!
//! They are in the program as they are here: no build step, nothing from another host.

mod files;

use super::accept::prefers_html;
use super::served::{Gate, Served};
use crate::score::ModelInfo;
use axum::Router;
use axum::extract::State;
use axum::http::header::{HOST, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(super) fn router(gate: Gate) -> Router {
    Router::new().route("/", get(front)).with_state(gate).merge(files::router())
}

/// The page or the text, whichever the client likes better.
async fn front(State(gate): State<Gate>, headers: HeaderMap) -> Response {
    let mut answer =
        if prefers_html(&headers) { files::index(&headers) } else { text(&gate, &headers).into_response() };
    answer.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    answer
}

fn text(gate: &Gate, headers: &HeaderMap) -> String {
    let url = format!("http://{}", headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080"));
    let what = match gate.served() {
        None => "The models are still being loaded and warmed up.".to_owned(),
        Some(Served { catalog, .. }) => {
            let names: Vec<&str> = catalog.models().iter().map(|model| model.info().name.as_str()).collect();
            format!("{}\n\nserved: {}", invitation(&url, &url, catalog.default_model().info()), names.join(", "))
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

/// The two lines by which a person gets first samples of `model` from the server at `url`, with its metrics at `metrics`.
#[must_use]
pub fn invitation(url: &str, metrics: &str, model: &ModelInfo) -> String {
    let (accept, file) = if model.is_image() { ("image/png", "grid.png") } else { ("application/json", "points.json") };
    format!(
        "curl -s {}/v1/samples -H 'accept: {accept}' -H 'content-type: application/json' -d '{{\"n\":64,\"seed\":1}}' \
         -o {file}\nmodels: {url}/v1/models   metrics: {metrics}/metrics",
        url.trim_start_matches("http://")
    )
}
