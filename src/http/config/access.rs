//! Settings of who may ask, and by which way.

use crate::http::headers::Origin;
use clap::{Args, Command};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Who may ask, and by which way; see [`Access`](crate::http::Access).
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Who may ask")]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AccessSettings {
    /// A file of keys, of which every request must bring one; `smld key` makes keys. Without it, and without --open-to-all, only this machine may ask
    #[arg(long, env = "SMLD_KEYS", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// Let everyone ask who reaches the address, without a key
    #[arg(long, env = "SMLD_OPEN_TO_ALL")]
    pub open_to_all: bool,
    /// The server's certificates as PEM, its own first: connections are then TLS only
    #[arg(long, env = "SMLD_TLS_CERT", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the first certificate, as PEM
    #[arg(long, env = "SMLD_TLS_KEY", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// Where pages are from whose scripts may ask, each a scheme, a name and where needed a port, separated by commas; * is anywhere
    #[arg(long, env = "SMLD_CORS_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,
    /// An address of their own for /metrics, /livez and /readyz, by plain HTTP and without keys; /metrics is then there only
    #[arg(long, env = "SMLD_METRICS_LISTEN", value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
}

impl AccessSettings {
    /// Whether `key` of a configuration file is one of these.
    pub(super) fn has(key: &str) -> bool {
        let all = Self::augment_args(Command::new("smld"));
        all.get_arguments().any(|argument| argument.get_long() == Some(key))
    }
}
