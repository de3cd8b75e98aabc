//! What is served and how it goes.

use super::support::{FAULTY_SIGMA, ROOMY, bounded_site, bounds, get, metrics, post, send, site, site_at_rest};
use smld::http::Bounds;
use std::time::Duration;

#[tokio::test]
async fn the_models_are_described_by_their_fields() {
    let site = site(ROOMY);
    let all = send(&site.router, get("/v1/models")).await.json();
    insta::assert_json_snapshot!(all);
    for model in all["models"].as_array().unwrap() {
        let path = format!("/v1/models/{}", model["name"].as_str().unwrap());
        let mut one = send(&site.router, get(&path)).await.json();
        for also_in_data in ["id", "object", "created", "owned_by"] {
            assert!(one.as_object_mut().unwrap().remove(also_in_data).is_some());
        }
        assert_eq!(one, *model);
    }
}

#[tokio::test]
async fn the_metrics_have_the_names_that_dashboards_rely_on() {
    let site = site(ROOMY);
    assert_eq!(send(&site.router, post(r#"{"n":3,"seed":1}"#)).await.status, 200);
    assert_eq!(send(&site.router, post(r#"{"n":0}"#)).await.status, 422);
    assert_eq!(
        send(&site.router, post(r#"{"model":"mixture","sampler":{"method":"langevin","tau":1e4}}"#)).await.status,
        422
    );
    let answer = send(&site.router, get("/metrics")).await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
    let text = answer.text();
    let kinds: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    insta::assert_snapshot!(kinds.join("\n"));
    for sample in [
        r#"smld_requests_total{model="tiles",outcome="ok"} 1"#,
        r#"smld_requests_total{model="tiles",outcome="invalid-field"} 1"#,
        r#"smld_requests_total{model="mixture",outcome="diverged"} 1"#,
        r#"smld_images_total{model="tiles"} 3"#,
        r#"smld_nonfinite_total{model="mixture"} 1"#,
        r#"smld_execution_provider_info{model="tiles",provider="exact"} 1"#,
        "smld_request_duration_seconds_count 3",
        "smld_slots_used 0",
        "smld_slots_capacity 32",
    ] {
        assert!(text.lines().any(|line| line == sample), "{sample} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_warm_server_is_alive_and_ready_and_says_how_to_use_it() {
    let site = site(ROOMY);
    assert_eq!(send(&site.router, get("/livez")).await.text(), "alive\n");
    assert_eq!(send(&site.router, get("/readyz")).await.text(), "ready\n");
    let page = send(&site.router, get("/")).await;
    assert!(
        page.text().contains("curl -s 127.0.0.1:8080/v1/samples") && page.text().contains("served: mixture, tiles")
    );
}

#[tokio::test]
async fn a_server_whose_model_fails_at_every_run_is_not_alive_until_one_succeeds() {
    let site = bounded_site(ROOMY, Bounds { stall: Duration::ZERO, ..bounds() });
    let at = |sigma: f32| post(format!(r#"{{"sampler":{{"method":"langevin","sigma":{sigma},"steps":1}}}}"#));
    let status = async |request| send(&site.router, request).await.status.as_u16();
    for livez in [200, 200, 503, 503] {
        assert_eq!(status(at(FAULTY_SIGMA)).await, 500);
        assert_eq!(status(get("/livez")).await, livez);
    }
    let line = r#"smld_failed_runs_total{model="tiles"} 4"#;
    assert!(metrics(&site.router).await.iter().any(|sample| sample == line));
    assert_eq!([status(at(0.5)).await, status(get("/livez")).await], [200, 200]);
}

#[tokio::test]
async fn a_server_whose_work_stands_still_is_not_alive() {
    let (router, served, mut workers) = site_at_rest(ROOMY, Bounds { stall: Duration::ZERO, ..bounds() });
    assert_eq!(send(&router, get("/livez")).await.status, 200, "without work nothing stands still");
    let waiting = {
        let router = router.clone();
        tokio::spawn(async move { send(&router, post("{}")).await.status })
    };
    while served.engine.snapshot().stalled.is_zero() {
        tokio::task::yield_now().await;
    }
    let answer = send(&router, get("/livez")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["type"].clone()), (503, "urn:smld:problem:stalled".into()));
    while workers.iter_mut().any(smld::engine::Worker::step) {}
    assert_eq!(waiting.await.unwrap(), 200);
    assert_eq!(send(&router, get("/livez")).await.status, 200, "the work is done");
}
