//! A client that goes away, or never says what it wants, frees what it held.

use super::support::{ENDLESS, LONG, ROOMY, get, listening, send, shut, site, until};
use smld::http::{Connections, Protocol, serve};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_client_that_closes_its_connection_gives_its_slots_back() {
    let site = site(ROOMY);
    let address = listening(site.router.clone()).await;
    let mut client = TcpStream::connect(address).unwrap();
    let head = "POST /v1/samples HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    write!(client, "{head}content-length: {}\r\n\r\n{ENDLESS}", ENDLESS.len()).unwrap();
    until(&site.served, |engine| engine.slots_used > 0).await;
    drop(client);
    until(&site.served, |engine| engine.slots_used == 0 && engine.queued_evaluations == 0).await;

    let metrics = send(&site.router, get("/metrics")).await;
    assert!(metrics.text().contains(r#"smld_requests_total{model="mixture",outcome="cancelled"} 1"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_ends_its_headers_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Connections { most: 8, header_timeout: Duration::from_millis(1), protocol: Protocol::Http1 };
    let server = tokio::spawn(serve(listener, shut(), connections, std::future::pending()));
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    write!(client, "GET /livez HTTP/1.1\r\nhost: te").unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("the server closes the connection");
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    server.abort();
}
