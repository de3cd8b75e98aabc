//! The server and its models, described.

use super::service::Entry;
use crate::oip::{EXTENSIONS, Port, SERVER, Signature, VERSION};
use serde::Serialize;

/// The server.
#[derive(Serialize)]
pub(super) struct ServerDocument {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; 2],
}

/// A model.
#[derive(Serialize)]
pub(super) struct SignatureDocument<'a> {
    name: &'a str,
    versions: &'a [&'static str],
    platform: &'a str,
    inputs: Vec<PortDocument<'a>>,
    outputs: Vec<PortDocument<'a>>,
}

#[derive(Serialize)]
struct PortDocument<'a> {
    name: &'a str,
    datatype: &'a str,
    shape: &'a [i64],
}

/// A model in the list of all.
#[derive(Serialize)]
pub(super) struct Indexed<'a> {
    name: &'a str,
    version: &'static str,
    state: &'static str,
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
