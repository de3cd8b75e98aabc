//! Connections: how many, how slow, how large their headers, and how they end.

mod clients;

use super::tls::Tls;
use axum::Router;
use clients::Clients;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

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
    /// What encrypts them.
    pub tls: Option<Tls>,
}

impl Default for Connections {
    fn default() -> Self {
        let header_timeout = Duration::from_secs(30);
        Self { most: 1024, most_from_one: None, header_timeout, header_bytes: 32 << 10, tls: None }
    }
}

/// The most headers of a request; more are answered 431.
const MAX_HEADERS: usize = 100;

/// How long to wait when the system has no connection to give, as when files run out.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `closing` ends; then accepts nothing more, and ends when the connections have: each
/// after the answer it is in.
///
/// A connection that its client closes drops the request it was in.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections, closing: impl Future<Output = ()>) {
    let Connections { most, most_from_one, header_timeout, header_bytes, tls } = connections;
    let (room, clients) = (Arc::new(Semaphore::new(most)), Arc::new(Clients::default()));
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    http.max_header_size(header_bytes).max_headers(MAX_HEADERS);
    let accept = async || {
        // The semaphore is never closed.
        let place = Arc::clone(&room).acquire_owned().await;
        (listener.accept().await, place)
    };
    let mut closing = std::pin::pin!(closing);
    loop {
        let (accepted, place) = tokio::select! {
            accepted = accept() => accepted,
            () = &mut closing => break,
        };
        let (stream, from) = match accepted {
            Ok((stream, address)) => (stream, address.ip().to_canonical()),
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Some(visit) = clients.enter(from, most_from_one) else {
            tracing::debug!(%from, "a connection too many from one address was closed");
            continue;
        };
        // Without it, small answers wait for the client's acknowledgement. A connection that refuses is served all the same.
        let _ = stream.set_nodelay(true);
        let (http, watcher, router, tls) = (http.clone(), open.watcher(), router.clone(), tls.clone());
        tokio::spawn(async move {
            let ended = match tls {
                None => attend(&http, watcher, stream, router).await,
                Some(tls) => match timeout(header_timeout, tls.acceptor().accept(stream)).await {
                    Ok(Ok(stream)) => attend(&http, watcher, stream, router).await,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                },
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((visit, place));
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// Serves `router` on one connection, until it ends or the server closes.
async fn attend<S>(http: &http1::Builder, watcher: Watcher, stream: S, router: Router) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    watcher.watch(connection).await.map_err(io::Error::other)
}
