//! Event streams: what is told while samples are drawn.

use super::support::{
    ENDLESS, LONG, ROOMY, accepting, bounded_site, bounds, events, listening, post, send, site, site_at_rest, told,
    until,
};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use smld::engine::RequestLimits;
use smld::http::{Bounds, Readers};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tokio::time::timeout;
use tower::ServiceExt;

/// The shortest chains.
const STEPS: &str = r#""sampler":{"method":"langevin","sigma":1.0,"steps":2}"#;

fn streaming(body: impl Into<Body>) -> Request<Body> {
    accepting(post(body), "text/event-stream")
}

/// The data of the events called `name`.
fn of<'a>(events: &'a [(String, Value)], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|(other, _)| other == name).map(|(_, data)| data).collect()
}

/// Reads `body` until it has `wanted`; the whole of what was read.
async fn read_until(body: &mut Body, wanted: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.contains(wanted) {
            let frame =
                std::future::poll_fn(|context| hyper::body::Body::poll_frame(std::pin::Pin::new(&mut *body), context));
            let frame = frame.await.expect("the stream ended").unwrap();
            text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    };
    assert!(timeout(LONG, read).await.is_ok(), "{wanted} never came");
    text
}

#[tokio::test]
async fn a_stream_tells_what_was_accepted_each_image_as_the_file_it_is_alone_and_what_it_took() {
    let site = site(ROOMY);
    let body = r#"{"seed":5,"n":3,"first_index":8,"label":"striped","sampler":{"method":"langevin","steps":20}}"#;
    let answer = send(&site.router, streaming(body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    assert_eq!((answer.header("cache-control"), answer.header("x-smld-seed")), ("no-store", "5"));
    let mut events = events(answer.text());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], &names[names.len() - 2..]), ("accepted", &["progress", "done"][..]));

    let images = of(&events, "image");
    assert_eq!(images.len(), 3);
    for (index, image) in (8..).zip(images) {
        assert_eq!(image["index"], index);
        let alone = body.replace(r#""n":3,"first_index":8"#, &format!(r#""first_index":{index}"#));
        let alone = send(&site.router, post(alone)).await.body;
        assert!(STANDARD.decode(image["b64_png"].as_str().unwrap()).unwrap() == alone, "image {index} differs");
    }
    let made: Vec<u64> =
        of(&events, "progress").iter().map(|data| data["evaluations_made"].as_u64().unwrap()).collect();
    assert!(made.is_sorted() && made.last() == Some(&60), "{made:?}");
    let last = events.len() - 1;
    for seconds in ["queue_seconds", "sampling_seconds"] {
        assert!(events[last].1[seconds].take().as_f64().unwrap() >= 0.0);
    }
    insta::assert_json_snapshot!([&events[0], &events[last - 1], &events[last]]);
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 4"#).await;
}

#[tokio::test]
async fn points_are_told_as_numbers() {
    let site = site(ROOMY);
    let body = format!(r#"{{"model":"mixture","seed":1,"n":5,{STEPS}}}"#);
    let events = events(send(&site.router, streaming(body.clone())).await.text());
    let listed = send(&site.router, post(body)).await.json();
    assert_eq!(of(&events, "image"), listed["points"].as_array().unwrap().iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn chains_under_way_are_shown_to_those_who_ask() {
    let site = site(ROOMY);
    for (model, looks) in [("tiles", "b64_png"), ("mixture", "x")] {
        let body = format!(
            r#"{{"model":"{model}","n":5,"preview":{{"every_ms":20,"images":3}},
                "sampler":{{"method":"langevin","sigma":1.0,"steps":1000000}}}}"#
        );
        let mut stream = site.router.clone().oneshot(streaming(body)).await.unwrap().into_body();
        let text = read_until(&mut stream, "event: preview").await;
        let text = if text.ends_with("\n\n") { text } else { text + &read_until(&mut stream, "\n\n").await };
        let events = events(&text);
        let chains = of(&events, "preview")[0]["chains"].as_array().unwrap().clone();
        assert!((1..=3).contains(&chains.len()), "{chains:?}");
        for chain in &chains {
            assert!(chain["index"].as_u64().unwrap() < 5 && chain["evaluation"].as_u64().unwrap() >= 1);
            assert_eq!(chain["sigma"], 1.0);
            if looks == "b64_png" {
                let png = STANDARD.decode(chain[looks].as_str().unwrap()).unwrap();
                let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
                assert_eq!((reader.info().width, reader.info().height), (4, 3));
            } else {
                assert_eq!(chain[looks].as_array().unwrap().len(), 2);
            }
        }
    }
}

#[tokio::test]
async fn without_being_asked_for_nothing_is_shown() {
    let site = site(ROOMY);
    let body = r#"{"model":"mixture","n":5,"sampler":{"method":"langevin","steps":20000}}"#;
    let events = events(send(&site.router, streaming(body)).await.text());
    assert_eq!((of(&events, "preview").len(), of(&events, "image").len()), (0, 5));
}

#[tokio::test]
async fn what_fails_under_way_is_the_last_event_of_a_stream_that_ends() {
    let site = site(ROOMY);
    let diverging = r#"{"seed":1,"n":3,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    let events = events(send(&site.router, streaming(diverging)).await.text());
    let (name, problem) = events.last().unwrap();
    assert_eq!((name.as_str(), &problem["type"]), ("error", &"urn:smld:problem:diverged".into()));
    assert_eq!((&problem["status"], &problem["instance"]), (&422.into(), &"a-test".into()));
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="diverged"} 1"#).await;
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives() {
    let readers = Readers { patience: LONG, heartbeat: Duration::from_millis(1) };
    let (router, _served, mut workers) = site_at_rest(ROOMY, Bounds { readers, ..bounds() });
    let body = format!(r#"{{"model":"mixture","n":2,{STEPS}}}"#);
    let mut stream = router.clone().oneshot(streaming(body)).await.unwrap().into_body();
    let text = read_until(&mut stream, ":\n\n:\n\n").await;
    assert!(text.starts_with("event: accepted\n") && !text.contains("event: image"));
    while workers.iter_mut().any(smld::engine::Worker::step) {}
    read_until(&mut stream, "event: done").await;
}

/// Limits under which a stream is longer than what anybody keeps for it.
fn long_streams() -> Bounds {
    Bounds { requests: RequestLimits { max_n: 100_000, ..bounds().requests }, ..bounds() }
}

#[tokio::test]
async fn a_reader_that_stops_holds_back_only_its_own_stream() {
    let site = bounded_site(ROOMY, long_streams());
    let n = 5_000;
    let body = format!(r#"{{"model":"mixture","seed":1,"n":{n},"preview":{{}},{STEPS}}}"#);
    let unread = site.router.clone().oneshot(streaming(body)).await.unwrap();
    let held = until(&site.served, |engine| !engine.busy && engine.requests_running == 1).await;
    assert_eq!(held.slots_used, 0);

    let other = send(&site.router, post(format!(r#"{{"model":"mixture","n":100,{STEPS}}}"#))).await;
    assert_eq!(other.json()["points"].as_array().unwrap().len(), 100);
    let waiting = until(&site.served, |engine| !engine.busy).await.chains_waiting;
    assert!(waiting > 3_000, "{} samples were drawn for nobody", n - waiting as usize);

    let bytes = to_bytes(unread.into_body(), usize::MAX).await.unwrap();
    let events = events(std::str::from_utf8(&bytes).unwrap());
    let indices: Vec<u64> = of(&events, "image").iter().map(|image| image["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, (0..n as u64).collect::<Vec<_>>());
    assert_eq!(events.last().unwrap().0, "done");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_for_too_long_is_given_up() {
    let readers = Readers { patience: Duration::from_millis(1), heartbeat: LONG };
    let site = bounded_site(ROOMY, Bounds { readers, ..long_streams() });
    let body = format!(r#"{{"model":"mixture","n":50000,{STEPS}}}"#);
    let unread = site.router.clone().oneshot(streaming(body)).await.unwrap();
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="slow-reader"} 1"#).await;
    assert!(to_bytes(unread.into_body(), usize::MAX).await.is_err(), "it is broken off");
    until(&site.served, |engine| engine.requests_running == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_closes_its_connection_in_the_middle_cancels_what_is_left() {
    let site = site(ROOMY);
    let address = listening(site.router.clone()).await;
    let mut client = TcpStream::connect(address).unwrap();
    let head = "POST /v1/samples HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    let length = ENDLESS.len();
    write!(client, "{head}accept: text/event-stream\r\ncontent-length: {length}\r\n\r\n{ENDLESS}").unwrap();
    let mut first = [0; 1024];
    let read = client.read(&mut first).unwrap();
    assert!(first[..read].starts_with(b"HTTP/1.1 200"));
    drop(client);
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="cancelled"} 1"#).await;
    until(&site.served, |engine| engine.slots_used == 0 && engine.requests_running == 0).await;
}
