//! What OpenAI's list of models says of one.

use serde::Serialize;

/// A model as its clients know one.
#[derive(Serialize)]
pub(in crate::http) struct Listed<'a> {
    id: &'a str,
    object: &'static str,
    /// Files do not tell when they were trained.
    created: u64,
    owned_by: &'static str,
}

impl<'a> Listed<'a> {
    /// The model called `name`.
    pub(in crate::http) fn new(name: &'a str) -> Self {
        Self { id: name, object: "model", created: 0, owned_by: "smld" }
    }
}
