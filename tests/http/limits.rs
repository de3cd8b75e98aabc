//! What a client may do with a connection.

use super::support::{LONG, ROOMY, calls, post, request, send, shut, site};
use axum::body::{Body, Bytes};
use hyper::body::Frame;
use smld::http::{Connections, Front, Protocol, serve};
use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZero;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

async fn listening(connections: Connections) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(serve(listener, shut(), connections, std::future::pending())))
}

fn patient() -> Connections {
    Connections { header_timeout: LONG, ..Connections::default() }
}

fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client
}

/// The status of the answer to `GET /livez`, with `headers`.
fn status(client: &mut TcpStream, headers: &str) -> String {
    // The server may answer and close before everything was sent.
    let _ = write!(client, "GET /livez HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
    let mut status = [0; 12];
    client.read_exact(&mut status).unwrap();
    String::from_utf8(status.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_larger_or_more_than_allowed_are_refused() {
    let (address, server) = listening(Connections { header_bytes: 1000, ..patient() }).await;
    let sized = |bytes: usize| format!("x: {}\r\n", "a".repeat(bytes));
    assert_eq!(status(&mut connect(address), &sized(800)), "HTTP/1.1 200");
    assert_eq!(status(&mut connect(address), &sized(1000)), "HTTP/1.1 431");
    server.abort();
    let (address, server) = listening(patient()).await;
    assert_eq!(status(&mut connect(address), &"a: b\r\n".repeat(99)), "HTTP/1.1 200");
    assert_eq!(status(&mut connect(address), &"a: b\r\n".repeat(100)), "HTTP/1.1 431");
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_idles_is_closed() {
    let connections = Connections { header_timeout: Duration::from_secs(1), ..Connections::default() };
    let (address, server) = listening(connections).await;
    let mut client = connect(address);
    write!(client, "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let mut all = String::new();
    client.read_to_string(&mut all).expect("the server closes the connection");
    assert!(all.starts_with("HTTP/1.1 200") && all.ends_with("alive\n"), "{all}");
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_client_reads_nothing_is_closed() {
    let (address, server) = listening(Connections { reader_timeout: Duration::from_secs(1), ..patient() }).await;
    let mut client = connect(address);
    client.set_write_timeout(Some(LONG)).unwrap();
    // Until the buffers between the two are full of answers, and of requests.
    let fault = std::iter::repeat_with(|| client.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: test\r\n\r\n"));
    let kind = fault.take(1_000_000).find_map(Result::err).expect("the server closes the connection").kind();
    assert!(matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{kind}");
    assert_eq!(status(&mut connect(address), ""), "HTTP/1.1 200", "others are served");
    server.abort();
}

/// The kind of frame that says that no more is asked here.
const GOAWAY: u8 = 7;

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_of_http2_that_idles_is_closed_whether_it_asked_before_or_not() {
    let header_timeout = Duration::from_secs(1);
    let connections = Connections { header_timeout, protocol: Protocol::Http2, ..Connections::default() };
    let (address, server) = listening(connections).await;
    let settings = frame(4, 0, 0, &[]);
    // GET, http, /livez, test: by the static table of HPACK (RFC 7541, appendix A).
    let get = frame(1, 5, 1, b"\x82\x86\x04\x06/livez\x01\x04test");
    for (asked, answered) in [(vec![], false), (get, true)] {
        let mut client = connect(address);
        client.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], &asked].concat()).unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).expect("the server closes the connection");
        assert_eq!(all.windows(6).any(|bytes| bytes == b"alive\n"), answered);
        let kinds = std::iter::successors(Some(&all[..]), |rest| {
            let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
            Some(&rest[9 + length..]).filter(|rest| !rest.is_empty())
        });
        assert!(kinds.map(|frame| frame[3]).any(|kind| kind == GOAWAY), "it is told before");
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_are_connected_are_told_to_look_elsewhere_and_are_left_whatever_they_say() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let front = Front::open(listener, shut(), Connections { protocol: Protocol::Http2, ..patient() });
    let connect = move || {
        let mut client = connect(address);
        client.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..]].concat()).unwrap();
        client
    };
    // The kind of the next frame.
    let next = move |client: &mut TcpStream| {
        let mut head = [0; 9];
        client.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        client.read_exact(&mut vec![0; length]).unwrap();
        head[3]
    };
    const SETTINGS: u8 = 4;
    let mut old = connect();
    assert_eq!(next(&mut old), SETTINGS);
    let gone = async {
        tokio::task::spawn_blocking(move || {
            while next(&mut old) != GOAWAY {}
            // One that was made after is left too, when it was had for a second.
            let mut new = connect();
            assert_eq!(next(&mut new), SETTINGS);
            while next(&mut new) != GOAWAY {}
            // The server closes both, though neither client says another word.
            for mut client in [old, new] {
                client.read_to_end(&mut Vec::new()).unwrap();
            }
        })
        .await
        .unwrap();
    };
    tokio::select! {
        () = gone => {}
        never = front.leave() => match never {},
    }
    front.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_say_nothing_do_not_hold_up_a_server_that_goes_down() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = Front::open(listener, shut(), Connections { protocol, ..patient() });
        let mut silent = connect(address);
        // Who came later is answered, so this one was accepted.
        let mut later = connect(address);
        match protocol {
            Protocol::Http1 => assert_eq!(status(&mut later, ""), "HTTP/1.1 200"),
            Protocol::Http2 => {
                later.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(4, 0, 0, &[])[..]].concat()).unwrap();
                later.read_exact(&mut [0; 9]).unwrap();
            }
        }
        tokio::time::timeout(LONG / 2, front.close()).await.expect("it waits for who says nothing");
        silent.read_to_end(&mut Vec::new()).expect("it is closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_from_one_address_are_bounded_where_that_is_wanted() {
    let (address, server) = listening(Connections { most_from_one: NonZero::new(2), ..patient() }).await;
    let mut first = [connect(address), connect(address)];
    assert!(first.iter_mut().all(|client| status(client, "") == "HTTP/1.1 200"));
    let mut third = connect(address);
    // It is closed, whether before the request was sent or after.
    let _ = write!(third, "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n");
    assert_eq!(third.read_to_end(&mut Vec::new()).unwrap_or(0), 0);
    drop(first);
    // The server learns of the closed ones in its own time.
    let mut answer = Vec::new();
    while !answer.starts_with(b"HTTP/1.1 200") {
        answer.clear();
        let mut client = connect(address);
        let _ = write!(client, "GET /livez HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let _ = client.read_to_end(&mut answer);
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_most_wait_for_their_turn() {
    let (address, server) = listening(Connections { most: 1, ..patient() }).await;
    let mut first = connect(address);
    assert_eq!(status(&mut first, ""), "HTTP/1.1 200");
    let mut second = connect(address);
    write!(second, "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    second.set_nonblocking(true).unwrap();
    assert!(second.read(&mut [0; 1]).is_err(), "it waits");
    second.set_nonblocking(false).unwrap();
    drop(first);
    let mut status = [0; 12];
    second.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    server.abort();
}

/// A body of which nothing ever comes.
struct Never;

impl hyper::body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let site = site(ROOMY);
    let answer = send(&site.router, post(Body::new(Never))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["type"].clone()), (408, "urn:smld:problem:slow-body".into()));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_ends_is_given_up_by_every_service() {
    let calls = calls().await;
    for procedure in [
        "inference.GRPCInferenceService/ServerLive",
        "grpc.health.v1.Health/Check",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        let mut call = request("POST", &format!("/{procedure}"), Body::new(Never));
        call.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        let answer = tokio::time::timeout(LONG, send(&calls, call)).await;
        assert!(answer.is_ok(), "{procedure} waits");
    }
}
