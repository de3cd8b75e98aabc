//! Connections: how many, how slow, and how they end.

use axum::Router;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What a client may do with connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// The most at once; more wait in the listener's backlog.
    pub most: usize,
    /// How long a request's headers may take to arrive, and how long a connection may idle.
    pub header_timeout: Duration,
    /// What is spoken.
    pub protocol: Protocol,
}

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

/// How long to wait when the system has no connection to give, as when files run out.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `closing` ends; then accepts nothing more, and ends when the connections have: each
/// after the answer it is in.
///
/// A connection that its client closes drops the request it was in.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections, closing: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(connections.most));
    let open = GracefulShutdown::new();
    let http = builder(connections);
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
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Without it, small answers wait for the client's acknowledgement. A connection that refuses is served all the same.
        let _ = stream.set_nodelay(true);
        let asked = Arc::new(AtomicBool::new(false));
        let (endpoints, first) = (TowerToHyperService::new(router.clone()), Arc::clone(&asked));
        let service = service_fn(move |request| {
            first.store(true, Ordering::Relaxed);
            endpoints.call(request)
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // HTTP/2 has no bound of its own on how long the first request may take.
            let ended = match timeout(connections.header_timeout, &mut connection).await {
                Ok(ended) => ended,
                Err(_) if asked.load(Ordering::Relaxed) => connection.await,
                Err(_) => Err("it asked for nothing".into()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// A listener that is served until it is closed.
pub struct Front {
    close: oneshot::Sender<()>,
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
        Self { close, served: tokio::spawn(serve(listener, router, connections, closed)) }
    }

    /// Accepts nothing more, and waits for the last answers.
    pub async fn close(self) {
        drop(self.close);
        // A panic in it is in the log.
        let _ = self.served.await;
    }
}

/// How connections are served. One of HTTP/2 whose client is gone without a word is found out by asking it.
fn builder(Connections { header_timeout, protocol, .. }: Connections) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(header_timeout)
        .keep_alive_timeout(header_timeout)
        .max_concurrent_streams(STREAMS);
    match protocol {
        Protocol::Http1 => http.http1_only(),
        Protocol::Http2 => http.http2_only(),
    }
}
