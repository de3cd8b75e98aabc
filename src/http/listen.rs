//! Connections: how many, how slow, and how they end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What a client may do with connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// The most at once; more wait in the listener's backlog.
    pub most: usize,
    /// How long a request's headers may take to arrive, and how long a connection may idle.
    pub header_timeout: Duration,
}

/// How long to wait when the system has no connection to give, as when files run out.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `closing` ends; then accepts nothing more, and ends when the connections have: each
/// after the answer it is in.
///
/// A connection that its client closes drops the request it was in.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections, closing: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(connections.most));
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(connections.header_timeout);
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
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}
