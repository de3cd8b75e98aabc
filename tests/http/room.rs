//! Answers that are not read are held within their bound, whichever way they are asked for.

use super::support::{ROOMY, accepting, bounded_site, bounds, called, get, metrics, post, request, send};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use smld::http::Bounds;
use tower::ServiceExt;

/// Room for 40 tiles, of 12 numbers each.
const MOST: u64 = 40 * (96 + 12 * 4);

fn bound(answers: u64) -> Bounds {
    Bounds { answers, ..bounds() }
}

/// The answer to `request`, of which nothing is read.
async fn unread(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

async fn held(router: &Router) -> u64 {
    let metrics = metrics(router).await;
    metrics.iter().find_map(|line| line.strip_prefix("smld_answer_bytes ")).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_answer_has_its_room_until_it_was_read_or_its_client_is_gone() {
    let site = bounded_site(ROOMY, bound(MOST));
    let router = &site.router;
    let tiles = |n: u32, accept| accepting(post(format!(r#"{{"n":{n},"seed":1}}"#)), accept);
    let scores = r#"{"x":[[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]],"sigma":0.5}"#;
    for ask in [
        tiles(30, "image/png"),
        tiles(4, "application/json"),
        tiles(30, "application/x-npy"),
        tiles(20, "application/zip"),
        tiles(20, "text/event-stream"),
        request("POST", "/v1/images/generations", r#"{"model":"tiles","n":4}"#),
        request("POST", "/v2/models/tiles/infer", r#"{"parameters":{"n":10}}"#),
        request("POST", "/v1/models/tiles/score", scores),
    ] {
        let what = format!("{} {:?}", ask.uri(), ask.headers().get("accept"));
        let answer = unread(router, ask).await;
        assert_eq!(answer.status(), 200, "{what}");
        let bytes = held(router).await;
        assert!(bytes > 0 && bytes <= MOST, "{what}: {bytes}");
        // What is left is less than all.
        let refused = send(router, tiles(40, "image/png")).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "5"), "{what}");
        assert!(refused.text().contains("no-room") && refused.text().contains("--max-answer-bytes"), "{what}");
        // An event stream and an archive are made by a task of their own, which ends after their last part was taken.
        to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        while held(router).await > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(send(router, tiles(40, "image/png")).await.status, 200, "{what}");
        drop(unread(router, tiles(40, "image/png")).await);
        assert_eq!(held(router).await, 0, "{what}");
    }
    let refusals = metrics(router).await;
    assert!(refusals.iter().any(|line| line == r#"smld_rejected_total{reason="no-room"} 8"#));
}

/// Those who send bytes take them long before they are sent: hyper, h2.
#[tokio::test]
async fn an_answer_that_is_sent_has_its_room_until_the_last_byte_of_it_is_dropped() {
    let (site, calls) = called(bound(MOST)).await;
    // A message that names the model (field 1), behind its length.
    let message = [&[0, 0, 0, 0, 7, 0x0a, 5][..], b"tiles"].concat();
    let mut call = request("POST", "/inference.GRPCInferenceService/ModelInfer", message);
    call.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    let zip = accepting(post(r#"{"n":2}"#), "application/zip");
    for (router, ask) in [(&calls, call), (&site.router, zip)] {
        let mut body = unread(router, ask).await.into_body();
        let mut taken = Vec::new();
        while let Some(part) = body.frame().await {
            taken.extend(part.unwrap().into_data().ok());
        }
        drop(body);
        let bytes = taken.iter().map(Bytes::len).sum::<usize>();
        assert!(bytes > 48 && held(&site.router).await > 0, "an image of 12 numbers, and what it is");
        drop(taken);
        while held(&site.router).await > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn every_fetch_of_samples_that_are_kept_has_room_of_its_own() {
    let site = bounded_site(ROOMY, bound(MOST));
    let router = &site.router;
    const ID: &str = "/v1/samples/forty-tiles-to-keep";
    assert_eq!(send(router, request("PUT", ID, r#"{"n":40}"#)).await.status, 202);
    while send(router, request("PUT", ID, r#"{"n":40}"#)).await.status == 202 {
        tokio::task::yield_now().await;
    }
    assert_eq!(held(router).await, 0, "they have the room of jobs");
    let first = unread(router, get(ID)).await;
    let bytes = held(router).await;
    assert!(first.status() == 200 && bytes > 0 && bytes < MOST, "a picture of them is smaller: {bytes}");
    assert_eq!(send(router, get(ID)).await.status, 429);
    drop(first);
    assert_eq!(held(router).await, 0);
    assert_eq!(send(router, get(ID)).await.status, 200);
}

#[tokio::test]
async fn what_never_has_room_is_refused_for_good_with_what_to_do() {
    let site = bounded_site(ROOMY, bound(MOST - 1));
    let refused = send(&site.router, post(r#"{"n":40}"#)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some("n")));
    assert!(refused.text().contains("--max-answer-bytes"), "{}", refused.text());
    assert_eq!(send(&site.router, post(r#"{"n":39}"#)).await.status, 200);
}
