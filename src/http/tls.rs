//! TLS by rustls: TLS 1.2 and 1.3, with certificates that are read again when they change.

use super::listen::Protocol;
use super::reload::{Fresh, Unusable};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, ServerConfig};

/// What encrypts connections. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    certificates: Arc<Certificates>,
    http1: TlsAcceptor,
    http2: TlsAcceptor,
}

/// The certificates in force, and their key.
struct Certificates(Fresh<CertifiedKey>);

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

/// Every handshake shows the certificates of its moment.
impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.get())
    }
}

impl Tls {
    /// TLS with the certificates in the file `cert`, the server's own first, and the private key in the file `key`.
    ///
    /// # Errors
    /// Where a file cannot be read, is no PEM of that kind, or the key is another certificate's.
    pub fn read(cert: &Path, key: &Path) -> Result<Self, Unusable> {
        let certificates = Arc::new(Certificates(Fresh::new(vec![cert.to_owned(), key.to_owned()], certified)?));
        let fault = |error: Error| Unusable { path: cert.to_owned(), reason: error.to_string() };
        let resolver = Arc::clone(&certificates);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        let mut speaking = |protocol: &[u8]| {
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsAcceptor::from(Arc::new(config.clone()))
        };
        let (http1, http2) = (speaking(b"http/1.1"), speaking(b"h2"));
        Ok(Self { certificates, http1, http2 })
    }

    /// What makes an encrypted stream of a plain one, on which `protocol` is spoken.
    pub(super) fn acceptor(&self, protocol: Protocol) -> &TlsAcceptor {
        match protocol {
            Protocol::Http1 => &self.http1,
            Protocol::Http2 => &self.http2,
        }
    }

    /// Reads the files again if they have changed. One of them may have been written and the other not yet: the two do not fit
    /// then, what was read before stays, and the next look finds both. Whether what they have now is in force.
    pub fn look(&self) -> bool {
        self.certificates.0.look()
    }
}

/// The certificates in the first of `contents` with the key in the second.
fn certified(contents: &[Vec<u8>], _before: Option<&CertifiedKey>) -> Result<CertifiedKey, String> {
    let [cert, key] = contents else { return Err("two files are wanted".to_owned()) };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert).collect();
    let chain = chain.map_err(|error| format!("the certificates: {error}"))?;
    if chain.is_empty() {
        return Err("there is no certificate in it: PEM is wanted, -----BEGIN CERTIFICATE-----".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("the private key: {error}"))?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| error.to_string())
}
