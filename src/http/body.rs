//! A request's body: bytes to what they say.

mod read;

pub(super) use read::MEBIBYTES;
pub(crate) use read::read;

use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// How long a body may take to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a body of JSON, of `most` bytes at most: the `--body-limit`.
pub(super) async fn json(request: Request, most: usize) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::NotJsonType);
    }
    read(request.into_body(), most, "--body-limit").await
}

/// What the body is said to be, in small letters and without parameters; empty where nothing is said.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let said = media_type(headers);
    said == "application/json" || (said.starts_with("application/") && said.ends_with("+json"))
}

/// The elements of a text of JSON, or more. One takes two bytes there and dozens once it is read, so they are counted before.
pub(super) fn elements(json: &[u8]) -> usize {
    json.iter().filter(|&&byte| byte == b',').count()
}

/// What a body of JSON says: an object, as `example`.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], example: &str) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| (Some(error.path().to_string()).filter(|path| path != "."), error.into_inner()))
        .and_then(|raw| json.end().map_err(|error| (None, error)).map(|()| raw));
    // An array would do for serde, its elements being the fields in their order. It does not for a person.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    match parsed {
        Err((_, error)) if error.classify() != Category::Data => Err(Problem::NotJson { reason: error.to_string() }),
        _ if !is_object => {
            Err(Problem::Invalid { field: None, reason: format!("the body must be a JSON object, as {example}") })
        }
        Err((field, error)) => Err(Problem::Invalid { field, reason: error.to_string() }),
        Ok(raw) => Ok(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RawSampleRequest;

    fn parse(body: &[u8]) -> Result<RawSampleRequest, Problem> {
        super::parse(body, r#"{"n": 4}"#)
    }

    fn refused(body: &str) -> String {
        match parse(body.as_bytes()).unwrap_err() {
            Problem::Invalid { field, reason } => format!("{} | {reason}", field.unwrap_or_default()),
            problem => format!("{} | {problem}", problem.slug()),
        }
    }

    #[test]
    fn a_body_is_not_json_or_has_a_field_that_cannot_be_and_says_which() {
        insta::assert_snapshot!(
            [
                "",
                "{",
                "hello",
                "{} {}",
                "[]",
                "[\"m\", 3]",
                "3",
                "{\"m\":1}",
                "{\"n\":-1}",
                "{\"n\":1,\"n\":2}",
                "{\"seed\":1.5}",
                "{\"seed\":\"x\"}",
                "{\"label\":{}}",
                "{\"priority\":\"high\"}",
                "{\"sampler\":{\"method\":\"magic\"}}",
                "{\"sampler\":{\"method\":\"langevin\",\"tua\":1}}",
                "{\"sampler\":{}}"
            ]
            .map(|body| format!("{body} → {}", refused(body)))
            .join("\n")
        );
    }

    #[test]
    fn seeds_above_two_to_the_fifty_three_survive_as_numbers_and_as_text() {
        for body in ["{\"seed\":18446744073709551615}", "{\"seed\":\"18446744073709551615\"}"] {
            assert_eq!(parse(body.as_bytes()).unwrap().seed, Some(u64::MAX));
        }
    }
}
