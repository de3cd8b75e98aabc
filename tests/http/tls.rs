//! Encrypted connections, with certificates made here and rustls on the client's side.

use super::support::{LONG, shut};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use smld::http::{Connections, Tls, serve};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The files of a certificate and its key, and what TLS makes of them.
struct Site {
    cert: PathBuf,
    key: PathBuf,
    tls: Tls,
    address: SocketAddr,
    trusted: CertificateDer<'static>,
    _folder: TempDir,
}

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

impl Site {
    async fn new(header_timeout: Duration) -> Self {
        let (folder, made) = (tempfile::tempdir().unwrap(), made());
        let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let tls = Tls::read(&cert, &key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections { header_timeout, tls: Some(tls.clone()), ..Connections::default() };
        tokio::spawn(serve(listener, shut(), connections, std::future::pending()));
        Self { cert, key, tls, address, trusted: made.cert.der().clone(), _folder: folder }
    }

    /// A connection of a client that trusts `root`.
    fn connect(&self, root: &CertificateDer<'static>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config =
            config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        StreamOwned::new(session, stream)
    }
}

/// The status of the answer to `GET /livez`, on a connection that goes on.
fn status(client: &mut (impl Read + Write)) -> io::Result<String> {
    write!(client, "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    while !answer.ends_with("alive\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        answer.push(byte[0].into());
    }
    Ok(answer[..12].to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_trusts_the_certificate_is_answered_and_others_are_not() {
    let site = Site::new(LONG).await;
    let mut client = site.connect(&site.trusted);
    assert_eq!([status(&mut client).unwrap(), status(&mut client).unwrap()], ["HTTP/1.1 200", "HTTP/1.1 200"]);
    assert_eq!(client.conn.alpn_protocol(), None, "none was offered");
    let stranger = made().cert.der().clone();
    assert!(status(&mut site.connect(&stranger)).unwrap_err().to_string().contains("certificate"));
    // In plain text nothing is answered.
    let mut plain = TcpStream::connect(site.address).unwrap();
    plain.set_read_timeout(Some(LONG)).unwrap();
    write!(plain, "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_certificates_are_shown_to_new_connections_and_broken_ones_to_none() {
    let site = Site::new(LONG).await;
    let mut open = site.connect(&site.trusted);
    assert_eq!(status(&mut open).unwrap(), "HTTP/1.1 200");
    let new = made();
    let old = site.trusted.clone();
    let answered = |root: &CertificateDer<'static>| status(&mut site.connect(root)).is_ok();

    std::fs::write(&site.cert, new.cert.pem()).unwrap();
    assert!(!site.tls.look());
    assert!(answered(&old), "the key is still the old one's: the two do not fit");
    std::fs::write(&site.key, "no key").unwrap();
    assert!(!site.tls.look());
    assert!(answered(&old));
    std::fs::write(&site.key, new.signing_key.serialize_pem()).unwrap();
    assert!(site.tls.look());
    assert!(answered(new.cert.der()) && !answered(&old));
    assert_eq!(status(&mut open).unwrap(), "HTTP/1.1 200", "what was open goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_ends_its_handshake_is_cut_off_and_holds_nobody_up() {
    let site = Site::new(Duration::from_secs(1)).await;
    let mut silent = TcpStream::connect(site.address).unwrap();
    silent.set_read_timeout(Some(LONG)).unwrap();
    silent.write_all(&[22, 3, 1, 2, 0]).unwrap();
    assert_eq!(status(&mut site.connect(&site.trusted)).unwrap(), "HTTP/1.1 200");
    assert_eq!(silent.read_to_end(&mut Vec::new()).expect("the server closes the connection"), 0);
}

#[test]
fn files_that_are_no_certificate_and_its_key_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (made(), made());
    let place = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (cert, key) = (place("tls.crt", one.cert.pem()), place("tls.key", one.signing_key.serialize_pem()));
    let (foreign, empty) = (place("other.key", other.signing_key.serialize_pem()), place("empty", String::new()));
    assert!(Tls::read(&cert, &key).is_ok());
    let refused = |cert, key| Tls::read(cert, key).map(|_| ()).unwrap_err().to_string();
    assert!(refused(&empty, &key).contains("there is no certificate in it"));
    assert!(refused(&cert, &empty).contains("the private key: "));
    assert!(refused(&cert, &cert).contains("the private key: "));
    assert!(refused(&cert, &foreign).contains("tls.crt"));
    assert!(refused(&folder.path().join("none"), &key).contains("none: No such file"));
}
