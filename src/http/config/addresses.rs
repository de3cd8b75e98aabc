//! Where a server listens, for those who only want to ask it.

use super::{InvalidConfig, read};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The addresses that a configuration file names.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Addresses {
    /// As [`Settings::listen`](super::Settings::listen).
    pub listen: Option<SocketAddr>,
    /// As [`AccessSettings::metrics_listen`](super::AccessSettings::metrics_listen).
    pub metrics_listen: Option<SocketAddr>,
}

impl Addresses {
    /// What the TOML file `path` says.
    ///
    /// # Errors
    /// [`InvalidConfig`], but what else is in the file is not looked at.
    pub fn read(path: &PathBuf) -> Result<Self, InvalidConfig> {
        let fault = |source| InvalidConfig::File { path: path.clone(), source: Box::new(source) };
        toml::from_str(&read(path)?).map_err(fault)
    }
}
