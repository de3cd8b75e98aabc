//! Every bad request has its answer.

use super::support::{
    Answer, ENDLESS, FAULTY_SIGMA, ROOMY, accepting, full_site, get, post, problem, request, send, shut, site,
};
use smld::engine::EngineConfig;

pub(crate) fn line(what: &str, answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("x-request-id"), "a-test");
    assert_eq!(answer.json()["status"], answer.status.as_u16());
    problem(what, answer)
}

#[tokio::test]
async fn a_request_that_cannot_be_is_told_why() {
    let site = site(ROOMY);
    let mut report = String::new();
    for body in [
        "",
        "{",
        "[1]",
        r#"{"model":"nothing"}"#,
        r#"{"n":0}"#,
        r#"{"n":101}"#,
        r#"{"n":100001}"#,
        r#"{"number":1}"#,
        r#"{"n":2,"first_index":4294967295}"#,
        r#"{"seed":-1}"#,
        r#"{"label":"spotted"}"#,
        r#"{"model":"mixture","label":0}"#,
        r#"{"deadline_ms":0}"#,
        r#"{"deadline_ms":600001}"#,
        r#"{"sampler":{"method":"magic"}}"#,
        r#"{"sampler":{"method":"langevin","tua":0.1}}"#,
        r#"{"sampler":{"method":"langevin","tau":-0.1}}"#,
        r#"{"sampler":{"method":"langevin","sigma":50.0}}"#,
        r#"{"sampler":{"method":"ancestral","rho":0.0001}}"#,
        r#"{"sampler":{"method":"ancestral","steps":1000000}}"#,
        r#"{"n":100,"sampler":{"method":"annealed_langevin","levels":1000,"steps_per_level":1000}}"#,
        r#"{"preview":{"fps":5}}"#,
    ] {
        report += &line(body, &send(&site.router, post(body)).await);
    }
    let typed = |content_type: &'static str| {
        let mut request = post("{}");
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        request
    };
    for (what, request) in [
        ("accept: image/gif", accepting(post("{}"), "image/gif")),
        (
            "accept: text/event-stream, previews too often",
            accepting(post(r#"{"preview":{"every_ms":1}}"#), "text/event-stream"),
        ),
        ("accept: image/png, with previews", accepting(post(r#"{"preview":{}}"#), "image/png")),
        ("accept: image/png, with diagnostics", accepting(post(r#"{"diagnostics":true}"#), "image/png")),
        ("accept: application/zip, 100001", accepting(post(r#"{"n":100001}"#), "application/zip")),
        (
            "accept: application/x-tar, 100000 long chains",
            accepting(post(r#"{"n":100000,"sampler":{"method":"langevin","steps":701}}"#), "application/x-tar"),
        ),
        ("accept: application/zip, with diagnostics", accepting(post(r#"{"diagnostics":true}"#), "application/zip")),
        ("content-type: application/x-www-form-urlencoded", typed("application/x-www-form-urlencoded")),
        ("5000 bytes", post(" ".repeat(5000))),
        ("GET /v1/samples", get("/v1/samples")),
        ("DELETE /v1/models", request("DELETE", "/v1/models", "")),
        ("GET /v1/models/nothing", get("/v1/models/nothing")),
        ("GET /v1/models/%FF", get("/v1/models/%FF")),
        ("GET /v1/samples/%FF", get("/v1/samples/%FF")),
        ("GET /v3/samples", get("/v3/samples")),
    ] {
        report += &line(what, &send(&site.router, request).await);
    }
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn a_chain_that_diverges_is_the_requests_doing_and_a_model_that_fails_the_servers() {
    let site = site(ROOMY);
    let diverging = r#"{"seed":1,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    let failing = format!(r#"{{"seed":1,"sampler":{{"method":"langevin","sigma":{FAULTY_SIGMA}}}}}"#);
    let diverged = send(&site.router, post(diverging)).await;
    assert_eq!(diverged.header("x-smld-seed"), "1", "what makes it diverge again");
    let failed = send(&site.router, post(failing)).await;
    insta::assert_snapshot!(line("tau too large", &diverged) + &line("a device that is gone", &failed));
}

#[tokio::test]
async fn a_deadline_that_passes_is_told() {
    let site = site(ROOMY);
    let body = ENDLESS.replace('{', r#"{"deadline_ms":1,"#).replace(r#"{"deadline_ms":1,"method""#, r#"{"method""#);
    insta::assert_snapshot!(line("a millisecond", &send(&site.router, post(body)).await));
}

#[tokio::test]
async fn at_capacity_a_request_is_refused_at_once_and_told_when_to_come_back() {
    let (router, served, _workers) = full_site().await;
    let answer = send(&router, post("{}")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["type"].clone()), (429, "urn:smld:problem:at-capacity".into()));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    served.engine.drain();
    assert_eq!(send(&router, post("{}")).await.status, 503);
    let metrics = send(&router, get("/metrics")).await;
    for (reason, count) in [("requests", 0), ("queue", 1), ("deadline", 0), ("draining", 1), ("not-ready", 0)] {
        let line = format!("smld_rejected_total{{reason=\"{reason}\"}} {count}");
        assert!(metrics.text().lines().any(|sample| sample == line), "{line} is not in\n{}", metrics.text());
    }
}

#[tokio::test]
async fn what_the_queue_would_not_hold_if_it_were_empty_is_a_fault_of_the_request() {
    let site = site(EngineConfig { max_queued_evaluations: 5_000, ..ROOMY });
    let answer = send(&site.router, post(ENDLESS)).await;
    let told = answer.json();
    assert_eq!((answer.status.as_u16(), &told["type"]), (422, &"urn:smld:problem:invalid-field".into()));
    assert_eq!(told["field"], "n");
    assert!(answer.text().contains("--max-queued-evaluations") && answer.header("retry-after").is_empty());
    assert_eq!(send(&site.router, post("{}")).await.status, 200, "what fits is served");
}

#[tokio::test]
async fn before_the_models_are_warm_the_server_lives_and_is_not_ready() {
    let router = shut();
    let mut report = String::new();
    for (what, request) in [("samples", post("{}")), ("models", get("/v1/models")), ("readyz", get("/readyz"))] {
        report += &line(what, &send(&router, request).await);
    }
    insta::assert_snapshot!(report);
    for path in ["/livez", "/metrics", "/"] {
        assert_eq!(send(&router, get(path)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_draining_server_takes_nothing_new_and_lives() {
    let site = site(ROOMY);
    site.served.engine.drain();
    let samples = send(&site.router, post("{}")).await;
    let ready = send(&site.router, get("/readyz")).await;
    insta::assert_snapshot!(line("samples", &samples) + &line("readyz", &ready));
    assert_eq!(send(&site.router, get("/livez")).await.status, 200);
}
