//! Archives: sent while they are drawn, whole or recognisably not.

use super::support::{
    LONG, ROOMY, Site, accepting, bounded_site, bounds, listening, post, send, site, site_at_rest, told, untarred,
    until,
};
use axum::Router;
use axum::body::to_bytes;
use axum::response::Response;
use npyz::NpyFile;
use rawzip::ZipArchive;
use serde_json::Value;
use smld::engine::Snapshot;
use smld::http::{Bounds, Connections, Readers, serve};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tower::ServiceExt;

const ZIP: &str = "application/zip";
const TAR: &str = "application/x-tar";

/// The shortest chains.
const STEPS: &str = r#""sampler":{"method":"langevin","sigma":1.0,"steps":2}"#;

fn unzipped(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let archive = ZipArchive::from_slice(bytes).unwrap();
    let unzip = |entry: rawzip::ZipFileHeaderRecord<'_>| {
        let stored = archive.get_entry(entry.wayfinder()).unwrap();
        let mut contents = Vec::new();
        stored.verifying_reader(stored.data()).read_to_end(&mut contents).unwrap();
        (String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap(), contents)
    };
    archive.entries().map(|entry| unzip(entry.unwrap())).collect()
}

/// The head of the answer to `body`; the rest is not read yet.
async fn begin(router: &Router, body: &str, accept: &'static str) -> Response {
    router.clone().oneshot(accepting(post(body.to_owned()), accept)).await.unwrap()
}

/// Waits for a moment in which there is nothing to do: how things stand in it.
async fn at_rest(site: &Site) -> Snapshot {
    until(&site.served, |engine| !engine.busy).await
}

#[tokio::test]
async fn an_archive_holds_every_image_as_the_file_it_is_alone_by_rising_index_and_an_account_last() {
    let site = site(ROOMY);
    let body = r#"{"seed":5,"n":3,"first_index":8,"label":"striped","sampler":{"method":"langevin","steps":20}}"#;
    for (accept, unpack) in [(ZIP, unzipped as fn(&[u8]) -> _), (TAR, untarred)] {
        let answer = send(&site.router, accepting(post(body), accept)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, accept));
        assert_eq!((answer.header("x-smld-seed"), answer.header("x-request-id")), ("5", "a-test"));
        let mut files = unpack(&answer.body);
        let (name, account) = files.pop().unwrap();
        assert_eq!(name, "samples.json");
        let mut account: Value = serde_json::from_slice(&account).unwrap();
        for seconds in ["queue_seconds", "sampling_seconds"] {
            assert!(account[seconds].take().as_f64().unwrap() >= 0.0);
        }
        insta::assert_json_snapshot!("account", account);
        assert_eq!(files.len(), 3);
        for (index, (name, image)) in (8..).zip(files) {
            assert_eq!(name, format!("{index:010}.png"));
            let alone = body.replace(r#""n":3,"first_index":8"#, &format!(r#""first_index":{index}"#));
            assert!(send(&site.router, post(alone)).await.body == image, "image {index} differs from itself alone");
        }
    }
}

#[tokio::test]
async fn an_archive_of_drawn_classes_tells_the_class_of_each_image() {
    let site = site(ROOMY);
    let body = r#"{"seed":5,"n":6,"first_index":8,"sampler":{"method":"langevin","steps":2}}"#;
    let files = untarred(&send(&site.router, accepting(post(body), TAR)).await.body);
    let account: Value = serde_json::from_slice(&files[6].1).unwrap();
    let alone = send(&site.router, accepting(post(body), "application/json")).await.json();
    let labels: Vec<_> = alone["images"].as_array().unwrap().iter().map(|image| &image["label"]).collect();
    assert!(labels.iter().any(|label| *label != labels[0]), "all are {}", labels[0]);
    assert_eq!(account["labels"].as_array().unwrap().iter().collect::<Vec<_>>(), labels);
}

#[tokio::test]
async fn an_archive_of_points_holds_an_array_for_each() {
    let site = site(ROOMY);
    let body = format!(r#"{{"model":"mixture","seed":1,"n":5,{STEPS}}}"#);
    let files = untarred(&send(&site.router, accepting(post(body.clone()), TAR)).await.body);
    let listed = send(&site.router, post(body)).await.json();
    for (i, (name, array)) in files[..5].iter().enumerate() {
        assert_eq!(name, &format!("{i:010}.npy"));
        let array = NpyFile::new(array.as_slice()).unwrap();
        assert_eq!(array.shape(), [2]);
        let x: Vec<f64> = array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect();
        let expected = listed["points"][i]["x"].as_array().unwrap();
        assert_eq!(x, expected.iter().map(|x| f64::from(x.as_f64().unwrap() as f32)).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zip_may_have_more_files_than_sixteen_bits_count() {
    let site = site(ROOMY);
    let n = 70_000;
    let body = format!(r#"{{"model":"mixture","seed":1,"n":{n},{STEPS}}}"#);
    let files = unzipped(&send(&site.router, accepting(post(body), ZIP)).await.body);
    assert_eq!(files.len(), n + 1);
    assert!(files[..n].iter().enumerate().all(|(i, (name, _))| *name == format!("{i:010}.npy")));
    let account: Value = serde_json::from_slice(&files[n].1).unwrap();
    assert_eq!((&account["n"], &account["evaluations"]), (&n.into(), &(2 * n).into()));
}

#[tokio::test]
async fn a_reader_that_stops_holds_back_only_its_own_archive() {
    let site = site(ROOMY);
    let n = 5_000;
    let unread = begin(&site.router, &format!(r#"{{"model":"mixture","seed":1,"n":{n},{STEPS}}}"#), TAR).await;
    let held = at_rest(&site).await;
    assert_eq!((held.slots_used, held.requests_running), (0, 1));

    let other = send(&site.router, post(format!(r#"{{"model":"mixture","n":100,{STEPS}}}"#))).await;
    assert_eq!(other.json()["points"].as_array().unwrap().len(), 100);
    // A window, what is encoded at once, and some parts of 64 files.
    let waiting = at_rest(&site).await.chains_waiting;
    assert!(waiting > 4_000, "{} samples were drawn for nobody", n - waiting as usize);

    let files = untarred(&to_bytes(unread.into_body(), usize::MAX).await.unwrap());
    assert_eq!(files.len(), n + 1);
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="ok"} 2"#).await;
}

#[tokio::test]
async fn what_fails_before_the_first_sample_is_answered_as_a_failure() {
    let site = site(ROOMY);
    let diverging = r#"{"seed":1,"n":1000,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    let answer = send(&site.router, accepting(post(diverging), ZIP)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (422, &"urn:smld:problem:diverged".into()));
}

#[tokio::test]
async fn what_fails_after_it_breaks_the_body_off() {
    for accept in [ZIP, TAR] {
        let (router, served, mut workers) = site_at_rest(ROOMY, bounds());
        let body = format!(r#"{{"model":"mixture","n":50000,{STEPS}}}"#);
        let asked = accepting(post(body), accept);
        let answer = tokio::spawn(router.clone().oneshot(asked));
        while !answer.is_finished() {
            workers.iter_mut().for_each(|worker| _ = worker.step());
            tokio::task::yield_now().await;
        }
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        served.engine.stop();
        let error = to_bytes(answer.into_body(), usize::MAX).await.unwrap_err();
        assert!(error.to_string().contains("broken off"), "{error}");
        told(&router, r#"smld_requests_total{model="mixture",outcome="stopped"} 1"#).await;
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_for_too_long_is_given_up_and_a_deadline_holds_for_the_whole() {
    let impatient = |patience, deadline_ms: u64| {
        let readers = Readers { patience, heartbeat: LONG };
        let site = bounded_site(ROOMY, Bounds { readers, ..bounds() });
        let body = format!(r#"{{"model":"mixture","n":50000,"deadline_ms":{deadline_ms},{STEPS}}}"#);
        (site, body)
    };
    for (patience, deadline, outcome) in [(1, 7_200_000, "slow-reader"), (7_200_000, 2_000, "deadline")] {
        let (site, body) = impatient(Duration::from_millis(patience), deadline);
        let unread = begin(&site.router, &body, TAR).await;
        told(&site.router, &format!(r#"smld_requests_total{{model="mixture",outcome="{outcome}"}} 1"#)).await;
        assert!(to_bytes(unread.into_body(), usize::MAX).await.is_err());
        assert_eq!(at_rest(&site).await.requests_running, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_connection_a_reader_that_takes_nothing_is_told_from_one_that_leaves() {
    let readers = Readers { patience: Duration::from_secs(1), heartbeat: LONG };
    let site = bounded_site(ROOMY, Bounds { readers, ..bounds() });
    let connections = Connections { reader_timeout: 2 * readers.patience, ..Connections::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, site.router.clone(), connections, std::future::pending()));
    let _unread = client(address, 100_000);
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="slow-reader"} 1"#).await;
    assert_eq!(at_rest(&site).await.requests_running, 0);
}

/// A connection on which a tar of `n` points was asked for, to be closed after it.
fn client(address: std::net::SocketAddr, n: usize) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    let body = format!(r#"{{"model":"mixture","n":{n},{STEPS}}}"#);
    let head = "POST /v1/samples HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n";
    write!(client, "{head}accept: {TAR}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_closes_its_connection_in_the_middle_cancels_what_is_left() {
    let site = site(ROOMY);
    let address = listening(site.router.clone()).await;
    let mut client = client(address, 100_000);
    client.read_exact(&mut [0; 4096]).unwrap();
    drop(client);
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="cancelled"} 1"#).await;
    let rest = at_rest(&site).await;
    assert_eq!((rest.requests_running, rest.slots_used), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_wire_a_broken_archive_has_no_last_chunk() {
    let site = site(ROOMY);
    let address = listening(site.router.clone()).await;
    let mut whole = Vec::new();
    client(address, 10).read_to_end(&mut whole).unwrap();
    assert!(whole.ends_with(b"\r\n0\r\n\r\n"));

    let mut stream = client(address, 100_000);
    let mut broken = vec![0; 4096];
    stream.read_exact(&mut broken).unwrap();
    site.served.engine.stop();
    // Whether the system tells of a reset or of an end is its own affair.
    let _ = stream.read_to_end(&mut broken);
    assert!(broken.starts_with(b"HTTP/1.1 200") && !broken.ends_with(b"\r\n0\r\n\r\n"));
}
