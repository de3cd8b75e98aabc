//! What OpenAI's list of models says of one.

use serde::Serialize;
use utoipa::ToSchema;

/// A model as its clients know one.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiModel)]
pub(in crate::http) struct Listed<'a> {
    /// Its name.
    id: &'a str,
    /// `model`.
    object: &'static str,
    /// Files do not tell when they were trained.
    created: u64,
    /// `smld`.
    owned_by: &'static str,
}

impl<'a> Listed<'a> {
    /// The model called `name`.
    pub(in crate::http) fn new(name: &'a str) -> Self {
        Self { id: name, object: "model", created: 0, owned_by: "smld" }
    }
}
