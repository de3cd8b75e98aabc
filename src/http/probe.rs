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
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(Unhealthy::NotReady { address, answer }) }
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
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    Ok(answer)
}
