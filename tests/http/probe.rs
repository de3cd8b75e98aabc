//! What a container's health check sees.

use super::support::{ROOMY, shut, site};
use axum::Router;
use smld::http::probe::{Unhealthy, probe};
use smld::http::{Connections, Protocol, serve};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};

/// A listener on every address, and what serves `router` there.
async fn listening(router: Router) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Connections { most: 8, header_timeout: Duration::from_secs(60), protocol: Protocol::Http1 };
    (address, tokio::spawn(serve(listener, router, connections, std::future::pending())))
}

#[tokio::test]
async fn a_warm_server_is_healthy() {
    let site = site(ROOMY);
    let (address, server) = listening(site.router.clone()).await;
    spawn_blocking(move || probe(address)).await.unwrap().unwrap();
    server.abort();
}

#[tokio::test]
async fn a_server_that_loads_or_drains_is_unhealthy_and_says_why() {
    let site = site(ROOMY);
    site.served.engine.drain();
    for (router, reason) in [(shut(), "not-ready"), (site.router.clone(), "draining")] {
        let (address, server) = listening(router).await;
        let fault = spawn_blocking(move || probe(address)).await.unwrap().unwrap_err();
        assert!(matches!(&fault, Unhealthy::NotReady { answer, .. } if answer.contains(reason)), "{fault}");
        server.abort();
    }
}

#[tokio::test]
async fn no_server_is_unhealthy() {
    // Bound and closed again: nobody listens there now.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let fault = spawn_blocking(move || probe(address)).await.unwrap().unwrap_err();
    assert!(matches!(fault, Unhealthy::Silent { .. }), "{fault}");
}
