//! The server and its models, described, and how they stand.

use crate::oip::{EXTENSIONS, SERVER};
use serde::Serialize;
use utoipa::ToSchema;

/// That the server lives.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceLive)]
pub(super) struct Live {
    /// `true`.
    pub(super) live: bool,
}

/// That calls should come here.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceReady)]
pub(super) struct Ready {
    /// `true`.
    pub(super) ready: bool,
}

/// That calls of a model should come here.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceModelReady)]
pub(super) struct ModelReady {
    /// The model.
    pub(super) name: String,
    /// `true`.
    pub(super) ready: bool,
}

/// The server.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceServer)]
pub(super) struct ServerDocument {
    /// `smld`.
    name: &'static str,
    /// This program's.
    version: &'static str,
    /// What it has beyond the protocol.
    extensions: [&'static str; 2],
}

impl ServerDocument {
    pub(super) fn new() -> Self {
        Self { name: SERVER, version: env!("CARGO_PKG_VERSION"), extensions: EXTENSIONS }
    }
}
