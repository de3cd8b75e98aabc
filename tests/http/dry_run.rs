//! What a request comes to, told without drawing anything.

use super::problems::line;
use super::support::{ENDLESS, ROOMY, accepting, metrics, post, send, site};

#[tokio::test]
async fn a_dry_run_tells_the_cost_and_the_sampler_in_force_and_draws_nothing() {
    let site = site(ROOMY);
    let body = r#"{"dry_run":true,"n":3,"seed":7,"label":"striped","sampler":{"method":"langevin","steps":20}}"#;
    let answer = send(&site.router, post(body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("x-smld-seed"), "7");
    insta::assert_json_snapshot!(answer.json());
    let metrics = metrics(&site.router).await;
    for counted in ["smld_score_evaluations_total{", "smld_requests_total{"] {
        assert!(!metrics.iter().any(|line| line.starts_with(counted) && !line.ends_with(" 0")), "{counted}");
    }
}

#[tokio::test]
async fn once_steps_were_measured_the_time_is_foretold_and_what_of_it_is_due_to_others() {
    let site = site(ROOMY);
    let body = r#"{"model":"mixture","sampler":{"method":"langevin","steps":1000}}"#;
    assert_eq!(send(&site.router, post(body)).await.status, 200);
    let plan = send(&site.router, post(body.replacen('{', r#"{"dry_run":true,"#, 1))).await.json();
    assert!(plan["predicted_seconds"].as_f64().unwrap() > 0.0, "{plan}");
    assert_eq!(plan["predicted_wait_seconds"], 0.0);
}

#[tokio::test]
async fn what_would_be_refused_is_refused_and_an_archive_has_its_own_limits() {
    let site = site(ROOMY);
    let many = r#"{"dry_run":true,"n":1000}"#;
    assert_eq!(send(&site.router, accepting(post(many), "application/json")).await.status, 422);
    assert_eq!(send(&site.router, accepting(post(many), "application/zip")).await.status, 200);
    site.served.engine.drain();
    let refused = send(&site.router, post(ENDLESS.replacen('{', r#"{"dry_run":true,"#, 1))).await;
    assert!(line("draining", &refused).contains("urn:smld:problem:draining"));
}
