//! Connections: how many, how slow, how large their headers, and how they end.

mod calls;
mod clients;
mod descriptors;

use super::tls::Tls;
use axum::Router;
use axum::extract::Request;
use calls::Calls;
use clients::Clients;
pub use descriptors::raise_open_files;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

/// What a client may do with connections.
#[derive(Clone)]
pub struct Connections {
    /// The most at once; more wait in the listener's backlog.
    pub most: usize,
    /// The most at once from one address; more are closed.
    pub most_from_one: Option<NonZero<usize>>,
    /// How long a request's headers may take to arrive, how long a connection may idle, and how long a TLS handshake may take.
    pub header_timeout: Duration,
    /// The most bytes of a request's headers; larger ones are answered 431.
    pub header_bytes: usize,
    /// How long a client may take nothing of what is written to it.
    pub reader_timeout: Duration,
    /// What is spoken.
    pub protocol: Protocol,
    /// What encrypts them.
    pub tls: Option<Tls>,
}

impl Default for Connections {
    fn default() -> Self {
        let header_timeout = Duration::from_secs(30);
        Self {
            most: 1024,
            most_from_one: None,
            header_timeout,
            header_bytes: 32 << 10,
            reader_timeout: Duration::from_secs(300),
            protocol: Protocol::Http1,
            tls: None,
        }
    }
}

/// The most headers of a request; more are answered 431.
const MAX_HEADERS: usize = 100;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1: one request at a time.
    #[default]
    Http1,
    /// HTTP/2, from the first byte: many requests at once, as of gRPC.
    Http2,
}

/// The most requests at once on one connection of HTTP/2; the next wait with their client.
const STREAMS: u32 = 100;

/// How long a connection that is left may have no call before it is closed; and how long one may be had that was made after others were left.
const LEAVING: Duration = Duration::from_secs(1);

/// How long to wait when the system has no connection to give, as when files run out.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `closing` ends; then accepts nothing more, and ends when the connections have: each
/// after the answer it is in.
///
/// A connection that its client closes drops the request it was in.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections, closing: impl Future<Output = ()>) {
    attend(listener, router, connections, closing, &watch::Sender::new(())).await;
}

/// As [`serve`]. Each time that `leaving` is told, the connections that there are end after the answers they are in.
async fn attend(
    listener: TcpListener,
    router: Router,
    connections: Connections,
    closing: impl Future<Output = ()>,
    leaving: &watch::Sender<()>,
) {
    let speaker = Arc::new(Speaker::new(&connections));
    let Connections { most, most_from_one, header_timeout, reader_timeout, protocol, tls, .. } = connections;
    let (room, clients) = (Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))), Arc::new(Clients::default()));
    let accept = async || {
        // The semaphore is never closed.
        let place = Arc::clone(&room).acquire_owned().await;
        (listener.accept().await, place)
    };
    let mut closing = pin!(closing);
    loop {
        let (accepted, place) = tokio::select! {
            accepted = accept() => accepted,
            () = &mut closing => break,
        };
        let (stream, from) = match accepted {
            Ok((stream, address)) => (stream, address.ip().to_canonical()),
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                sleep(BREATH).await;
                continue;
            }
        };
        let Some(visit) = clients.enter(from, most_from_one) else {
            tracing::debug!(%from, "a connection too many from one address was closed");
            continue;
        };
        // Without it, small answers wait for the client's acknowledgement. A connection that refuses is served all the same.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(reader_timeout));
        let stream = Box::pin(stream);
        let (speaker, mut leave, router, tls) =
            (Arc::clone(&speaker), leaving.subscribe(), router.clone(), tls.clone());
        tokio::spawn(async move {
            let ended = match tls {
                None => speaker.attend(leave, stream, router).await,
                Some(tls) => {
                    let accepted = tokio::select! {
                        accepted = timeout(header_timeout, tls.acceptor(protocol).accept(stream)) => accepted,
                        // Nothing was asked yet.
                        _ = leave.changed() => Ok(Err(io::ErrorKind::ConnectionAborted.into())),
                    };
                    match accepted {
                        Ok(Ok(stream)) => speaker.attend(leave, stream, router).await,
                        Ok(Err(error)) => Err(error),
                        Err(_) => Err(io::ErrorKind::TimedOut.into()),
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((visit, place));
        });
    }
    drop(listener);
    leaving.send_replace(());
    leaving.closed().await;
}

/// A listener that is served until it is closed.
pub struct Front {
    close: oneshot::Sender<()>,
    leaving: Arc<watch::Sender<()>>,
    served: JoinHandle<()>,
}

impl Front {
    /// Begins to serve `router` on `listener`.
    #[must_use]
    pub fn open(listener: TcpListener, router: Router, connections: Connections) -> Self {
        let (close, closing) = oneshot::channel::<()>();
        let closed = async move {
            // Dropping the other end closes too.
            let _ = closing.await;
        };
        let leaving = Arc::new(watch::Sender::new(()));
        let told = Arc::clone(&leaving);
        let served = async move { attend(listener, router, connections, closed, &told).await };
        Self { close, leaving, served: tokio::spawn(served) }
    }

    /// Has the clients that are connected look elsewhere: their connections end after the answers they are in. New ones are accepted, and
    /// left a second later.
    pub async fn leave(&self) -> Infallible {
        loop {
            self.leaving.send_replace(());
            sleep(LEAVING).await;
        }
    }

    /// Accepts nothing more, and waits for the last answers.
    pub async fn close(self) {
        drop(self.close);
        // A panic in it is in the log.
        let _ = self.served.await;
    }
}

/// How what is said on connections is understood.
struct Speaker {
    protocol: Protocol,
    patience: Duration,
    reader_timeout: Duration,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Speaker {
    fn new(connections: &Connections) -> Self {
        let Connections { header_timeout: patience, header_bytes, reader_timeout, protocol, .. } = *connections;
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(patience);
        http1.max_header_size(header_bytes).max_headers(MAX_HEADERS);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX));
        // One whose client is gone without a word is found out by asking it.
        http2.keep_alive_interval(patience).keep_alive_timeout(patience).max_concurrent_streams(STREAMS);
        Self { protocol, patience, reader_timeout, http1, http2 }
    }

    /// Serves `router` on one connection, until it ends or the server is to `leave` it.
    async fn attend<S>(&self, leave: watch::Receiver<()>, stream: S, router: Router) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (stream, endpoints) = (TokioIo::new(stream), TowerToHyperService::new(router));
        let calls = Calls::new();
        let service = service_fn(|request: Request<Incoming>| {
            let (call, answer) = (calls.begin(), endpoints.call(request));
            async move { answer.await.map(|answer| call.until_sent(answer)) }
        });
        // Without calls, or with a client that lets nothing be sent.
        let over = async |patience| {
            tokio::select! {
                () = calls.idle(patience) => {}
                () = calls.stuck(self.reader_timeout) => {}
            }
        };
        match self.protocol {
            Protocol::Http1 => {
                let connection = self.http1.serve_connection(stream, service);
                until_left(connection, leave, pending(), over(LEAVING), self.patience).await
            }
            Protocol::Http2 => {
                let connection = self.http2.serve_connection(stream, service);
                // HTTP/2 has no bounds of its own.
                until_left(connection, leave, over(self.patience), over(LEAVING), self.patience).await
            }
        }
        .map_err(io::Error::other)
    }
}

/// Serves `connection` to its end, which comes after the answers it is in where the server is to `leave` it, when it has been `left` at the
/// latest, and within `patience` where it is `over`.
async fn until_left<C: GracefulConnection>(
    connection: C,
    mut leave: watch::Receiver<()>,
    over: impl Future<Output = ()>,
    left: impl Future<Output = ()>,
    patience: Duration,
) -> Result<(), C::Error> {
    let mut connection = pin!(connection);
    let is_over = tokio::select! {
        ended = &mut connection => return ended,
        // One who is gone without a word leaves too.
        _ = leave.changed() => false,
        () = over => true,
    };
    // The client is told first, so that it asks nothing more here.
    connection.as_mut().graceful_shutdown();
    let last = async { if is_over { sleep(patience).await } else { left.await } };
    tokio::select! {
        ended = &mut connection => ended,
        () = last => Ok(()),
    }
}
