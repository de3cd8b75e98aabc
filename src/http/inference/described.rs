//! The server and its models, described, and how they stand.

use super::service::Entry;
use crate::oip::{EXTENSIONS, Port, SERVER, Signature, VERSION};
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

/// A model: what it takes and gives.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceModel)]
pub(super) struct SignatureDocument<'a> {
    /// The name by which it is asked for.
    name: &'a str,
    /// One only: another file is another model.
    versions: &'a [&'static str],
    /// What runs it.
    platform: &'a str,
    /// What a call may bring.
    inputs: Vec<PortDocument<'a>>,
    /// What it is answered.
    outputs: Vec<PortDocument<'a>>,
}

/// A tensor that a model takes or gives.
#[derive(Serialize, ToSchema)]
#[schema(as = InferencePort)]
struct PortDocument<'a> {
    /// Its name.
    name: &'a str,
    /// The type of its elements.
    datatype: &'a str,
    /// Its sizes; −1 where a call decides.
    shape: &'a [i64],
}

/// A model in the list of all.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceIndexed)]
pub(super) struct Indexed<'a> {
    /// The name by which it is asked for.
    name: &'a str,
    /// Its one version.
    version: &'static str,
    /// `READY` or `UNAVAILABLE`.
    state: &'static str,
    /// Why it takes no calls; empty where it does.
    reason: String,
}

impl ServerDocument {
    pub(super) fn new() -> Self {
        Self { name: SERVER, version: env!("CARGO_PKG_VERSION"), extensions: EXTENSIONS }
    }
}

impl<'a> SignatureDocument<'a> {
    pub(super) fn new(signature: &'a Signature) -> Self {
        let port =
            |port: &'a Port| PortDocument { name: port.name, datatype: port.datatype.name(), shape: &port.shape };
        Self {
            name: &signature.name,
            versions: &signature.versions,
            platform: signature.platform,
            inputs: signature.inputs.iter().map(port).collect(),
            outputs: signature.outputs.iter().map(port).collect(),
        }
    }
}

impl<'a> Indexed<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        Self { name: &entry.name, version: VERSION, state: entry.state(), reason: entry.reason() }
    }
}
