//! Resident memory against open connections.

use crate::client::Client;
use crate::figure::{Figure, Section};
use crate::server::Server;
use crate::{Bench, Result, process};
use std::thread::sleep;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many connections are open, step by step.
const CONNECTIONS: [u64; 3] = [1, 100, 10_000];
/// Files that either side has open beside its connections.
const OTHER_FILES: u64 = 200;

/// Every connection has had one answer and is kept. The server's own limit on connections is raised for that by its flag, and
/// so is the time after which it closes an idle one; where the system allows too few open files (`ulimit -n`), fewer are
/// opened, and the figures' names say how many.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let most = process::open_files()?.saturating_sub(OTHER_FILES);
    let server = Server::start(bench, &["--max-connections", "20000", "--header-seconds", "3600"])?;
    let mebibytes = || -> Result<f64> {
        sleep(Duration::from_secs(1));
        Ok(server.resident()? as f64 / f64::from(1 << 20))
    };
    let idle = mebibytes()?;
    let mut figures = vec![Figure::new("idle, two models", idle, "MiB")];
    let mut open: Vec<TcpStream> = Vec::new();
    for count in CONNECTIONS.map(|count| count.min(most)) {
        while (open.len() as u64) < count {
            open.push(bench.wait(connect(&server.client))?);
        }
        let resident = mebibytes()?;
        figures.push(Figure::new(format!("{count} connections"), resident, "MiB"));
        if count > 100 {
            let each = 1024.0 * (resident - idle) / count as f64;
            figures.push(Figure::new(format!("{count} connections, each of them"), each, "KiB"));
        }
    }
    drop(open);
    figures.push(Figure::new("after all were closed", mebibytes()?, "MiB"));
    Ok(Section { title: "Memory: resident, against open connections", figures })
}

/// A connection that has had an answer.
async fn connect(client: &Client) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(client.address()).await?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: bench\r\n\r\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"alive\n") {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the server closed a connection".into());
        }
    }
    Ok(stream)
}
