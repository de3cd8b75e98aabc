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
use super::access::Access;
use super::served::{Gate, Served};
use crate::score::ModelInfo;
use axum::Router;
use axum::extract::State;
use axum::http::header::{HOST, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Of `access` the way in, as the text tells it.
pub(super) fn router(gate: Gate, access: &Access) -> Router {
    let scheme = if access.tls.is_some() { "https" } else { "http" };
    let front = Front { gate, scheme, metrics_apart: access.metrics_apart };
    Router::new().route("/", get(self::front)).with_state(front).merge(files::router())
}

/// What the text is made of.
#[derive(Clone)]
struct Front {
    gate: Gate,
    scheme: &'static str,
    metrics_apart: bool,
}

/// The page or the text, whichever the client likes better.
async fn front(State(front): State<Front>, headers: HeaderMap) -> Response {
    let mut answer = if prefers_html(&headers) { files::index(&headers) } else { front.text(&headers).into_response() };
    answer.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    answer
}

impl Front {
    fn text(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
        let url = format!("{}://{host}", self.scheme);
        let metrics = Some(url.as_str()).filter(|_| !self.metrics_apart);
        let what = match self.gate.served() {
            None => "The models are still being loaded and warmed up.".to_owned(),
            Some(Served { catalog, .. }) => {
                let names: Vec<&str> = catalog.models().iter().map(|model| model.info().name.as_str()).collect();
                format!("{}\n\nserved: {}", invitation(&url, metrics, catalog.default_model().info()), names.join(", "))
            }
        };
        format!(
            "smld {}: samples of score-based generative models, drawn by Langevin dynamics.\n\n{what}\n\n\
             POST /v1/samples  GET, PUT, DELETE /v1/samples/{{id}}  POST /v1/images/generations\n\
             GET /v1/models  GET /v1/models/{{name}}  POST /v1/models/{{name}}/score  /livez  /readyz{}\n\
             All of it: /docs/\n",
            env!("CARGO_PKG_VERSION"),
            if self.metrics_apart { "" } else { "  /metrics" },
        )
    }
}

/// The two lines by which a person gets first samples of `model` from the server at `url`, with its metrics at `metrics`, where
/// they are told.
#[must_use]
pub fn invitation(url: &str, metrics: Option<&str>, model: &ModelInfo) -> String {
    let (accept, file) = if model.is_image() { ("image/png", "grid.png") } else { ("application/json", "points.json") };
    format!(
        "curl -s {}/v1/samples -H 'accept: {accept}' -H 'content-type: application/json' -d '{{\"n\":64,\"seed\":1}}' \
         -o {file}\nmodels: {url}/v1/models{}",
        url.trim_start_matches("http://"),
        metrics.map(|metrics| format!("   metrics: {metrics}/metrics")).unwrap_or_default()
    )
}
