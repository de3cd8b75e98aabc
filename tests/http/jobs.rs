//! Work that is fetched later.

use super::problems::line;
use super::support::{
    Answer, ENDLESS, LONG, ROOMY, accepting, bounded_site, bounds, events, get, post, request, send, site,
    site_at_rest, told, untarred, until,
};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use smld::engine::{EngineConfig, RequestLimits};
use smld::http::{Bounds, JobLimits};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

const BODY: &str = r#"{"seed":5,"n":3,"first_index":2,"label":"striped","sampler":{"method":"langevin","steps":20}}"#;
const ID: &str = "/v1/samples/0123456789abcdef";

fn later(body: impl Into<Body>) -> Request<Body> {
    let mut request = post(body);
    request.headers_mut().insert("prefer", "respond-async, wait=1".parse().unwrap());
    request
}

fn put(path: &str, body: impl Into<Body>) -> Request<Body> {
    request("PUT", path, body)
}

/// The place where what `answer` accepted will be.
fn place(answer: &Answer) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (202, "application/json"), "{}", answer.text());
    answer.header("location").to_owned()
}

/// What is fetched at `path` once it is there.
async fn fetched(router: &Router, path: &str, accept: &'static str) -> Answer {
    let fetch = async {
        loop {
            let answer = send(router, accepting(get(path), accept)).await;
            if answer.status != 202 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, fetch).await.expect("it was never done")
}

async fn status(router: &Router, path: &str) -> u16 {
    send(router, get(path)).await.status.as_u16()
}

/// Sites whose jobs have `limits`, and time enough on any machine.
fn holding(limits: JobLimits) -> super::support::Site {
    let requests = RequestLimits { deadline: Duration::from_secs(86_400), ..bounds().requests };
    bounded_site(ROOMY, Bounds { requests, jobs: limits, ..bounds() })
}

#[tokio::test]
async fn what_is_fetched_later_is_what_would_have_been_answered_at_once_in_every_format() {
    let site = site(ROOMY);
    let accepted = send(&site.router, later(BODY)).await;
    let path = place(&accepted);
    assert_eq!((accepted.header("preference-applied"), accepted.header("x-smld-seed")), ("respond-async", "5"));
    let id = path.strip_prefix("/v1/samples/").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && accepted.json()["id"] == id);

    for accept in ["image/png", "application/x-npy"] {
        let (now, then) =
            (send(&site.router, accepting(post(BODY), accept)).await, fetched(&site.router, &path, accept).await);
        assert!(now == then, "{accept} differs");
    }
    let (now, then) = (
        send(&site.router, accepting(post(BODY), "application/json")).await.json(),
        fetched(&site.router, &path, "application/json").await.json(),
    );
    assert_eq!((&now["images"], &now["sampler"]), (&then["images"], &then["sampler"]));
    let (now, then) = (
        send(&site.router, accepting(post(BODY), "application/x-tar")).await,
        fetched(&site.router, &path, "application/x-tar").await,
    );
    assert_eq!(untarred(&now.body)[..3], untarred(&then.body)[..3]);
    let images = |stream: &Answer| {
        let events = events(stream.text());
        assert!(events[0].0 == "accepted" && events.last().unwrap().0 == "done");
        events.into_iter().filter(|(name, _)| name == "image").collect::<Vec<_>>()
    };
    let (now, then) = (
        send(&site.router, accepting(post(BODY), "text/event-stream")).await,
        fetched(&site.router, &path, "text/event-stream").await,
    );
    assert!(images(&now).len() == 3 && images(&now) == images(&then));
    assert_eq!(send(&site.router, accepting(get(&path), "image/gif")).await.status, 406);
    // Five answered at once, one job; fetching is no request for samples.
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 6"#).await;
}

#[tokio::test]
async fn until_it_is_done_it_says_how_it_stands() {
    let (router, _served, mut workers) = site_at_rest(ROOMY, bounds());
    let path = place(&send(&router, later(BODY)).await);
    let mut queued = send(&router, get(&path)).await;
    assert_eq!((queued.status.as_u16(), queued.header("retry-after")), (202, "1"));
    let mut state = queued.json();
    assert_eq!(state["id"].take(), path.strip_prefix("/v1/samples/").unwrap());
    insta::assert_json_snapshot!(state);
    assert!(workers[0].step());
    queued = send(&router, get(&path)).await;
    let state = queued.json();
    assert_eq!(
        (&state["status"], &state["evaluations_made"], &state["images_drawn"]),
        (&"running".into(), &2.into(), &0.into())
    );
    while workers.iter_mut().any(smld::engine::Worker::step) {}
    assert_eq!(fetched(&router, &path, "image/png").await.status, 200);
}

#[tokio::test]
async fn deleting_it_cancels_it_and_gives_its_slots_back() {
    let site = site(ROOMY);
    let path = place(&send(&site.router, later(ENDLESS)).await);
    until(&site.served, |engine| engine.slots_used > 0).await;
    let deleted = send(&site.router, request("DELETE", &path, "")).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    let snapshot = site.served.engine.snapshot();
    assert_eq!((snapshot.requests_running, snapshot.queued_evaluations), (0, 0), "nothing more is begun for it");
    until(&site.served, |engine| engine.slots_used == 0).await;
    assert_eq!(status(&site.router, &path).await, 404);
    assert_eq!(send(&site.router, request("DELETE", &path, "")).await.status, 404);
    for line in [
        r#"smld_requests_total{model="mixture",outcome="cancelled"} 1"#,
        "smld_slots_used 0",
        "smld_jobs 0",
        "smld_job_bytes 0",
    ] {
        told(&site.router, line).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_put_many_times_is_the_same_work_once_and_another_is_a_conflict() {
    let site = site(ROOMY);
    let mut crowd = JoinSet::new();
    for _ in 0..8 {
        let router = site.router.clone();
        crowd.spawn(async move { send(&router, put(ID, r#"{"n":3}"#)).await });
    }
    for answer in crowd.join_all().await {
        assert!([200, 202].contains(&answer.status.as_u16()) && answer.header("location") == ID, "{answer:?}");
    }
    let first = fetched(&site.router, ID, "image/png").await;
    // No seed was said: it is the same work, not the same request once more.
    let again = send(&site.router, put(ID, r#" { "n" : 3 } "#)).await;
    assert_eq!((again.status.as_u16(), &again.json()["status"]), (200, &"done".into()));
    assert_eq!(again.json()["seed"].to_string(), first.header("x-smld-seed"));
    assert_eq!(again.header("x-smld-seed"), first.header("x-smld-seed"));
    assert_eq!(fetched(&site.router, ID, "image/png").await, first);
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 1"#).await;

    let other = send(&site.router, put(ID, r#"{"n":4}"#)).await;
    assert_eq!((other.status.as_u16(), &other.json()["type"]), (409, &"urn:smld:problem:conflict".into()));
    assert_eq!(send(&site.router, request("DELETE", ID, "")).await.status, 204);
    place(&send(&site.router, put(ID, r#"{"n":4}"#)).await);
}

#[tokio::test]
async fn work_that_fails_is_fetched_as_its_failure() {
    let site = site(ROOMY);
    let diverging = r#"{"seed":1,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    place(&send(&site.router, put(ID, diverging)).await);
    let (now, then) = (send(&site.router, post(diverging)).await, fetched(&site.router, ID, "*/*").await);
    assert_eq!((now.status, now.text()), (then.status, then.text()));
    assert_eq!(["x-smld-seed", "x-smld-model-sha256"].map(|name| now.header(name) == then.header(name)), [true; 2]);
    assert_eq!(then.header("x-smld-seed"), "1");
    let state = send(&site.router, put(ID, diverging)).await.json();
    assert_eq!((&state["status"], &state["problem"]["type"]), (&"failed".into(), &"urn:smld:problem:diverged".into()));
}

#[tokio::test]
async fn what_is_done_gives_way_to_newcomers_the_oldest_first() {
    let site = holding(JobLimits { most: 2, ..bounds().jobs });
    let mut paths = Vec::new();
    for _ in 0..3 {
        let path = place(&send(&site.router, later(BODY)).await);
        assert_eq!(fetched(&site.router, &path, "image/png").await.status, 200);
        paths.push(path);
    }
    let mut statuses = Vec::new();
    for path in &paths {
        statuses.push(status(&site.router, path).await);
    }
    assert_eq!(statuses, [404, 200, 200]);
    told(&site.router, "smld_jobs 2").await;
}

#[tokio::test]
async fn what_is_under_way_does_not_give_way() {
    let site = holding(JobLimits { most: 2, ..bounds().jobs });
    let under_way =
        [place(&send(&site.router, later(ENDLESS)).await), place(&send(&site.router, later(ENDLESS)).await)];
    let refused = send(&site.router, later(BODY)).await;
    insta::assert_snapshot!(line("a third", &refused));
    told(&site.router, r#"smld_rejected_total{reason="too-many-jobs"} 1"#).await;
    for path in under_way {
        assert_eq!(status(&site.router, &path).await, 202);
    }
}

#[tokio::test]
async fn the_bytes_of_all_jobs_are_bounded_too() {
    // A tile has twelve numbers, and what is told of it.
    let site = holding(JobLimits { bytes: 10 * 144, ..bounds().jobs });
    let large = send(&site.router, later(r#"{"n":11}"#)).await;
    assert_eq!((large.status.as_u16(), &large.json()["field"]), (422, &"n".into()));
    let first = place(&send(&site.router, later(r#"{"n":6}"#)).await);
    assert_eq!(fetched(&site.router, &first, "image/png").await.status, 200);
    told(&site.router, "smld_job_bytes 864").await;
    let second = place(&send(&site.router, later(r#"{"n":5}"#)).await);
    assert_eq!(status(&site.router, &first).await, 404);
    assert_eq!(fetched(&site.router, &second, "image/png").await.status, 200);
}

#[tokio::test]
async fn samples_that_somebody_reads_take_their_room_until_then_whoever_has_forgotten_them() {
    let site = holding(JobLimits { bytes: 10 * 144, ..bounds().jobs });
    let first = place(&send(&site.router, later(r#"{"n":6}"#)).await);
    assert_eq!(fetched(&site.router, &first, "image/png").await.status, 200);
    let unread = site.router.clone().oneshot(accepting(get(&first), "application/x-tar")).await.unwrap();
    assert_eq!(send(&site.router, request("DELETE", &first, "")).await.status, 204);
    let second = async || send(&site.router, later(r#"{"n":5}"#)).await.status;
    assert_eq!(second().await, 429);
    drop(unread);
    let taken = async {
        while second().await != 202 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, taken).await.expect("the room was never given back");
}

#[tokio::test]
async fn samples_are_not_kept_for_ever() {
    let site = holding(JobLimits { retention: Duration::from_millis(1), ..bounds().jobs });
    let path = place(&send(&site.router, later(BODY)).await);
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 1"#).await;
    told(&site.router, "smld_jobs 0").await;
    let gone = send(&site.router, get(&path)).await;
    assert_eq!((gone.status.as_u16(), &gone.json()["type"]), (404, &"urn:smld:problem:no-such-samples".into()));
}

#[tokio::test]
async fn what_cannot_be_is_told_why_and_holds_nothing() {
    let site = bounded_site(EngineConfig { max_queued_evaluations: 5_000, ..ROOMY }, bounds());
    let mut report = String::new();
    for (what, request) in [
        ("PUT under a short id", put("/v1/samples/short", "{}")),
        ("PUT under an id with a space", put("/v1/samples/0123456789%20abcdef", "{}")),
        ("PUT, a dry run", put(ID, r#"{"dry_run":true}"#)),
        ("PUT, with previews", put(ID, r#"{"preview":{}}"#)),
        ("PUT, n too large", put(ID, r#"{"n":101}"#)),
        ("GET /v1/samples/0123456789abcdef", get(ID)),
        ("DELETE /v1/samples/0123456789abcdef", request("DELETE", ID, "")),
        ("POST /v1/samples/0123456789abcdef", request("POST", ID, "{}")),
    ] {
        report += &line(what, &send(&site.router, request).await);
    }
    insta::assert_snapshot!(report);
    assert_eq!(send(&site.router, put(ID, ENDLESS)).await.status, 422);
    site.served.engine.drain();
    assert_eq!(send(&site.router, put(ID, "{}")).await.status, 503);
    told(&site.router, "smld_jobs 0").await;
}

#[tokio::test]
async fn where_there_is_no_place_nothing_else_is_found_out_but_of_what_is_there() {
    let site = site(EngineConfig { max_requests: 1, ..ROOMY });
    let again = async || send(&site.router, put(ID, ENDLESS)).await.status;
    assert_eq!(again().await, 202);
    for asked in ["{}", r#"{"n":0}"#, r#"{"dry_run":true}"#] {
        assert_eq!(send(&site.router, post(asked)).await.status, 429, "{asked}");
    }
    assert_eq!(send(&site.router, post("{")).await.status, 400);
    assert_eq!(send(&site.router, post(r#"{"model":"none"}"#)).await.status, 404);
    assert_eq!(again().await, 202, "it has its place");
}

#[tokio::test]
async fn diagnostics_are_fetched_as_they_would_have_been_answered() {
    let site = site(ROOMY);
    let body = BODY.replacen('{', r#"{"diagnostics":true,"#, 1);
    let path = place(&send(&site.router, later(body.clone())).await);
    let told: Value = fetched(&site.router, &path, "application/json").await.json()["diagnostics"].clone();
    assert_eq!(told, send(&site.router, post(body)).await.json()["diagnostics"]);
    assert_eq!(status(&site.router, &path).await, 200);
    assert_eq!(send(&site.router, accepting(get(&path), "image/png")).await.status, 422);
}
