//! Requests on the wire: connections that are kept, and driven by whoever asks on them.
//!
//! The clients have the server's cores, and what they take of them is not there to evaluate. So they do as little as they can: a
//! request is written as bytes, and of the answer's head two things are read.

use crate::Result;
use httparse::{EMPTY_HEADER, Response, Status};
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More headers than the server sends.
const HEADERS: usize = 32;

/// Connections to one address.
pub(crate) struct Wires {
    address: String,
    /// Those that nobody asks on.
    idle: Mutex<Vec<Wire>>,
}

impl Wires {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), idle: Mutex::default() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The status and the body of what `GET path` is answered. Dropping the future closes the connection that it is on, as of
    /// [`post`](Self::post).
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, Vec<u8>)> {
        self.answer(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).as_bytes()).await
    }

    /// The status and the body of what a `POST` of `json` to `path` is answered.
    pub(crate) async fn post(&self, path: &str, json: &str) -> Result<(u16, Vec<u8>)> {
        let (host, length) = (&self.address, json.len());
        let message = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
        );
        self.answer(message.as_bytes()).await
    }

    async fn answer(&self, message: &[u8]) -> Result<(u16, Vec<u8>)> {
        let mut wire = match self.kept() {
            Some(wire) => wire,
            None => Wire::open(&self.address).await?,
        };
        let answer = wire.answer(message).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(wire);
        Ok(answer)
    }

    /// The one that was used last, of those that the server has not closed.
    fn kept(&self) -> Option<Wire> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(Wire::is_open)
    }
}

struct Wire(TcpStream);

impl Wire {
    async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Whether there is nothing to read, as on one that can be asked on: not even its end.
    fn is_open(&self) -> bool {
        self.0.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    async fn answer(&mut self, message: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.0.write_all(message).await?;
        let mut heard = Vec::with_capacity(2048);
        let head = loop {
            self.hear(&mut heard).await?;
            if let Some(head) = Head::of(&heard)? {
                break head;
            }
        };
        while heard.len() < head.length + head.body {
            self.hear(&mut heard).await?;
        }
        Ok((head.status, heard.split_off(head.length)))
    }

    async fn hear(&mut self, heard: &mut Vec<u8>) -> Result<()> {
        let count = self.0.read_buf(heard).await?;
        if count == 0 { Err("the server closed a connection".into()) } else { Ok(()) }
    }
}

/// What an answer begins with.
struct Head {
    status: u16,
    /// Its own bytes.
    length: usize,
    /// Bytes of the body.
    body: usize,
}

impl Head {
    /// The head at the beginning of `bytes`, if it is whole.
    fn of(bytes: &[u8]) -> Result<Option<Self>> {
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut response = Response::new(&mut headers);
        let Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
        let status = response.code.ok_or("an answer has no status")?;
        let body = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let body = body.ok_or("an answer does not say how long it is")?;
        Ok(Some(Self { status, length, body: std::str::from_utf8(body.value)?.parse()? }))
    }
}
