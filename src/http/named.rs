//! What a path names.

use super::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The names in a path, as axum's `Path`; of one that is no text there is nothing.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::from_request_parts(parts, state).await;
        let nowhere = |_| Problem::NoSuchPath { path: parts.uri.path().to_owned() };
        named.map(|Path(names)| Self(names)).map_err(nowhere)
    }
}
