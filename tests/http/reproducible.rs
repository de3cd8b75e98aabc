//! A seed defines its images, whatever else the server does.

use super::support::{ROOMY, post, send, site};
use tokio::task::JoinSet;

const REQUEST: &str = r#"{"n":6,"seed":1,"label":"plain"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_alone_again_and_beside_fifty_others_gives_the_same_bytes() {
    let site = site(ROOMY);
    let alone = send(&site.router, post(REQUEST)).await;
    assert_eq!(alone.status, 200);
    assert_eq!(send(&site.router, post(REQUEST)).await.body, alone.body);

    let mut others = JoinSet::new();
    for i in 0..50_u32 {
        let router = site.router.clone();
        let (n, model) = (1 + i % 4, ["tiles", "mixture"][i as usize % 2]);
        let body = format!(
            r#"{{"model":"{model}","n":{n},"seed":{i},"sampler":{{"method":"langevin","steps":{}}}}}"#,
            50 * i + 1
        );
        others.spawn(async move { send(&router, post(body)).await.status });
    }
    let beside = send(&site.router, post(REQUEST)).await;
    assert_eq!(beside.body, alone.body);
    assert!(others.join_all().await.iter().all(|status| *status == 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_fail_leave_others_unharmed() {
    let site = site(ROOMY);
    let alone = send(&site.router, post(REQUEST)).await;
    let diverging = r#"{"n":8,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    let mut bad = JoinSet::new();
    for body in [diverging, "{", r#"{"n":0}"#, diverging] {
        let router = site.router.clone();
        bad.spawn(async move { send(&router, post(body)).await.status.as_u16() });
    }
    assert_eq!(send(&site.router, post(REQUEST)).await, alone);
    let mut answers = bad.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, [400, 422, 422, 422]);
}
