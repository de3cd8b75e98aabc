//! The page's files, as they are in the program.

use crate::http::named::Named;
use crate::http::problem::Problem;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

/// A file, its type and its text.
struct File {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// `files![(name, type), …]`: the files of this folder.
macro_rules! files {
    ($(($name:literal, $media_type:expr)),* $(,)?) => {
        [$(File { name: $name, media_type: $media_type, text: include_str!($name) }),*]
    };
}

const INDEX: File = File { name: "", media_type: HTML, text: include_str!("index.html") };

const FILES: [File; 19] = files![
    ("page.css", CSS),
    ("icon.svg", SVG),
    ("main.js", JS),
    ("dom.js", JS),
    ("api.js", JS),
    ("events.js", JS),
    ("form.js", JS),
    ("samplers.js", JS),
    ("sampling.js", JS),
    ("gallery.js", JS),
    ("scatter.js", JS),
    ("png.js", JS),
    ("code.js", JS),
    ("plane.js", JS),
    ("field.js", JS),
    ("potential.js", JS),
    ("landscape.js", JS),
    ("particles.js", JS),
    ("charts.js", JS),
];

/// Nothing but this server's own files and answers, nothing inline, no frame around it. Pictures come in answers too.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router {
    Router::new().route("/page/{file}", get(file))
}

/// `/` in a browser.
pub(super) fn index(headers: &HeaderMap) -> Response {
    INDEX.answer(headers)
}

async fn file(Named(name): Named<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = FILES.iter().find(|file| file.name == name);
    Ok(file.ok_or_else(|| Problem::NoSuchPath { path: format!("/page/{name}") })?.answer(&headers))
}

impl File {
    /// The file; to a browser that has it already, only that it is still the same. Names stay while versions change, so browsers are to
    /// ask each time.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let digest: String = Sha256::digest(self.text).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("\"{digest}\"");
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let is_known =
            known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag);
        let about = [(CONTENT_TYPE, self.media_type), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
        let tag = [(ETAG, tag)];
        if is_known {
            (StatusCode::NOT_MODIFIED, about, tag).into_response()
        } else {
            (about, tag, self.text).into_response()
        }
    }
}
