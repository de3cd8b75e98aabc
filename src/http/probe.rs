//! The other end of `/readyz`: what a container's health check runs, as images have no curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the server may take, to connect and to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server that is not ready.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// Nobody answers.
    #[error("no server answers at {address}: {source}")]
    Silent {
        /// Where it was sought.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Something that does not speak plain HTTP, as a server with TLS.
    #[error("what answers at {address} does not speak plain HTTP: a server with TLS is asked by its --metrics-listen")]
    Foreign {
        /// Where it is.
        address: SocketAddr,
    },
    /// The server's own words.
    #[error("the server at {address} is not ready: {answer}")]
    NotReady {
        /// Where it is.
        address: SocketAddr,
        /// What it answered.
        answer: String,
    },
}

/// Asks the server that listens on `listen` whether it is ready. One that listens on every address is asked by loopback.
///
/// # Errors
/// [`Unhealthy`].
pub fn probe(listen: SocketAddr) -> Result<(), Unhealthy> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let answer = ask(address).map_err(|source| Unhealthy::Silent { address, source })?;
    match answer {
        ready if ready.starts_with("HTTP/1.1 200 ") => Ok(()),
        answer if answer.starts_with("HTTP/1.1 ") => Err(Unhealthy::NotReady { address, answer }),
        _ => Err(Unhealthy::Foreign { address }),
    }
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        one => one,
    }
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let read = stream.take(4096).read_to_end(&mut answer);
    // Who does not understand the request may answer something and break off.
    if answer.is_empty() {
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
