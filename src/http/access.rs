//! Who may ask, and by which way: keys, TLS, other origins, and where the metrics are.

use super::config::AccessSettings;
use super::headers::Origin;
use super::keys::Keys;
use super::metrics::Metrics;
use super::reload::Unusable;
use super::tls::Tls;
use std::net::{IpAddr, SocketAddr};

/// Who may ask, and by which way. By default everyone, by plain HTTP.
#[derive(Clone, Default)]
pub struct Access {
    /// The keys of which a request must bring one.
    pub keys: Keys,
    /// Where connections are encrypted, by what.
    pub tls: Option<Tls>,
    /// Where pages are from whose scripts may ask.
    pub origins: Vec<Origin>,
    /// Whether the metrics have an address of their own, and are not beside the other endpoints.
    pub metrics_apart: bool,
}

/// A way in that is not opened.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAccess {
    /// Other machines reach the address, and nobody decides who may ask.
    #[error(
        "other machines reach {0}, and it is not said who may ask: name a file of keys with --keys FILE (`smld key NAME` makes a \
         key), or let everyone ask with --open-to-all, where something else decides who comes that far"
    )]
    Open(SocketAddr),
    /// Both are said.
    #[error("--keys and --open-to-all contradict each other: leave one of them out")]
    Both,
    /// One of the two that belong together.
    #[error("--tls-cert and --tls-key belong together: the certificates, and the key of the first of them")]
    HalfTls,
    /// The file of keys.
    #[error("--keys: {0}")]
    Keys(Unusable),
    /// The certificates.
    #[error("--tls-cert, --tls-key: {0}")]
    Tls(Unusable),
}

impl Access {
    /// The ways that `settings` open to what listens on `addresses`.
    ///
    /// # Errors
    /// [`InvalidAccess`].
    pub fn new(settings: &AccessSettings, addresses: &[SocketAddr]) -> Result<Self, InvalidAccess> {
        let keys = match &settings.keys {
            Some(_) if settings.open_to_all => return Err(InvalidAccess::Both),
            Some(path) => Keys::read(path).map_err(InvalidAccess::Keys)?,
            None => Keys::default(),
        };
        let open = addresses.iter().find(|address| !is_own(address.ip()));
        if let Some(&address) = open.filter(|_| !settings.open_to_all && !keys.are_wanted()) {
            return Err(InvalidAccess::Open(address));
        }
        let tls = match (&settings.tls_cert, &settings.tls_key) {
            (Some(cert), Some(key)) => Some(Tls::read(cert, key).map_err(InvalidAccess::Tls)?),
            (None, None) => None,
            _ => return Err(InvalidAccess::HalfTls),
        };
        let metrics_apart = settings.metrics_listen.is_some();
        Ok(Self { keys, tls, origins: settings.cors_origins.clone(), metrics_apart })
    }

    /// Reads the keys and the certificates again where they have changed, and has `metrics` tell what cannot be used.
    pub fn look(&self, metrics: &Metrics) {
        for (files, is_in_force) in [("keys", self.keys.look()), ("tls", self.tls.as_ref().map(Tls::look))] {
            if let Some(is_in_force) = is_in_force {
                metrics.files(files, is_in_force);
            }
        }
    }
}

/// Whether only this machine reaches the address.
fn is_own(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(settings: &AccessSettings, address: &str) -> Result<Access, InvalidAccess> {
        Access::new(settings, &["127.0.0.1:80".parse().unwrap(), address.parse().unwrap()])
    }

    #[test]
    fn everyone_may_ask_by_loopback_and_elsewhere_only_where_that_is_said() {
        let closed = AccessSettings::default();
        for own in ["127.0.0.1:80", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(access(&closed, own).is_ok(), "{own}");
        }
        for open in ["0.0.0.0:80", "[::]:80", "192.168.0.1:80", "[::ffff:10.0.0.1]:80", "[fe80::1]:80"] {
            let refused = access(&closed, open).map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains(open) && refused.contains("--keys FILE") && refused.contains("--open-to-all"));
            assert!(access(&AccessSettings { open_to_all: true, ..closed.clone() }, open).is_ok());
        }
    }

    #[test]
    fn settings_that_contradict_each_other_or_need_another_are_refused() {
        let refused = |settings| access(&settings, "127.0.0.1:80").map(|_| ()).unwrap_err();
        let (keys, open_to_all) = (Some("keys.toml".into()), true);
        assert!(matches!(
            refused(AccessSettings { keys, open_to_all, ..AccessSettings::default() }),
            InvalidAccess::Both
        ));
        let tls_cert = Some("cert.pem".into());
        assert!(matches!(refused(AccessSettings { tls_cert, ..AccessSettings::default() }), InvalidAccess::HalfTls));
    }
}
