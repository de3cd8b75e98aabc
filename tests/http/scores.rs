//! The score function itself.

use super::problems::line;
use super::support::{ROOMY, accepting, full_site, mixture, post, request, send, shut, site};
use axum::body::Body;
use axum::http::Request;
use npyz::{NpyFile, WriterBuilder};
use serde_json::{Value, json};
use smld::score::{Rows, ScoreSession};
use tokio::task::JoinSet;

fn score(model: &str, body: &Value) -> Request<Body> {
    request("POST", &format!("/v1/models/{model}/score"), body.to_string())
}

/// `numbers` as an array of numpy.
fn array(shape: &[u64], numbers: &[f32]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut file).begin_nd().unwrap();
    writer.extend(numbers.iter().copied()).unwrap();
    writer.finish().unwrap();
    file
}

/// `POST` of an array to the score of tiles.
fn posted(query: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = request("POST", &format!("/v1/models/tiles/score{query}"), body);
    request.headers_mut().insert("content-type", "application/x-npy".parse().unwrap());
    request
}

/// The scores of an answer.
fn scores(answer: &Value) -> Vec<Vec<f32>> {
    serde_json::from_value(answer["score"].clone()).unwrap()
}

#[tokio::test]
async fn the_score_of_a_density_is_its_own_to_the_last_bit() {
    let site = site(ROOMY);
    let x: Vec<[f32; 2]> = (0..40).map(|i| [0.37 * i as f32 - 7.0, 3.0 - 0.11 * i as f32]).collect();
    let sigma: Vec<f32> = (0..40).map(|i| 0.05 * i as f32).collect();
    let answer = send(&site.router, score("mixture", &json!({ "x": x, "sigma": sigma }))).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let mut exact = [0.0; 80];
    mixture().evaluate(Rows { x: x.as_flattened(), sigma: &sigma, label: &[-1; 40] }, &mut exact).unwrap();
    assert_eq!(scores(&answer.json()).concat(), exact);
    let mut rest = answer.json();
    rest["score"].take();
    for seconds in ["queue_seconds", "sampling_seconds"] {
        assert!(rest[seconds].take().as_f64().unwrap() >= 0.0);
    }
    insta::assert_json_snapshot!(rest);
}

#[tokio::test]
async fn a_bound_of_the_noise_levels_is_one_of_them_as_float32_too() {
    let site = site(ROOMY);
    let status = async |sigma: f64| {
        send(&site.router, score("tiles", &json!({ "x": [vec![0.5; 12]], "sigma": sigma }))).await.status.as_u16()
    };
    // A little less than 0.01 is.
    assert_eq!([status(f64::from(0.01_f32)).await, status(0.01).await, status(0.0099).await], [200, 200, 422]);
}

#[tokio::test]
async fn arrays_go_in_and_come_out_as_the_numbers_of_json() {
    let site = site(ROOMY);
    let numbers: Vec<f32> = (0..36).map(|i| i as f32 / 36.0).collect();
    let rows: Vec<&[f32]> = numbers.chunks(12).collect();
    let body = json!({ "x": rows, "sigma": 0.5, "label": "striped" });
    let listed = scores(&send(&site.router, score("tiles", &body)).await.json()).concat();
    for shape in [&[3, 1, 3, 4][..], &[3, 12]] {
        let mut asked = posted("?sigma=0.5&label=striped", array(shape, &numbers));
        asked.headers_mut().insert("content-type", "Application/X-Npy; charset=binary".parse().unwrap());
        let answer = send(&site.router, accepting(asked, "application/x-npy")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-npy"));
        assert_eq!(answer.header("x-smld-model-sha256"), "5d".repeat(32));
        let file = NpyFile::new(answer.body.as_slice()).unwrap();
        assert_eq!(file.shape(), [3, 1, 3, 4]);
        assert_eq!(file.into_vec::<f32>().unwrap(), listed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_score_of_a_row_has_the_same_bytes_whatever_the_load() {
    let site = site(ROOMY);
    let body = json!({ "x": (0..9).map(|i| vec![0.1 * f64::from(i); 12]).collect::<Vec<_>>(), "sigma": 0.3 });
    let alone = scores(&send(&site.router, score("tiles", &body)).await.json());
    let mut others = JoinSet::new();
    for i in 0..20_u32 {
        let router = site.router.clone();
        let sampler = format!(r#"{{"method":"langevin","steps":{}}}"#, 200 * i + 1);
        let body = format!(r#"{{"model":"tiles","n":{},"sampler":{sampler}}}"#, 1 + i % 4);
        others.spawn(async move { send(&router, post(body)).await.status });
    }
    for _ in 0..10 {
        assert_eq!(scores(&send(&site.router, score("tiles", &body)).await.json()), alone);
    }
    assert!(others.join_all().await.iter().all(|status| *status == 200));
}

#[tokio::test]
async fn a_score_that_cannot_be_asked_for_is_told_why() {
    let site = site(ROOMY);
    let row = [0.5; 12];
    let mut report = String::new();
    for (body, told) in [
        (json!({}), "{}"),
        (json!({ "x": [row] }), "no sigma"),
        (json!({ "x": [], "sigma": 1 }), "no rows"),
        (json!({ "x": vec![row; 65], "sigma": 1 }), "65 rows"),
        (json!({ "x": [row, [1.0, 2.0]], "sigma": 1 }), "a short row"),
        (json!({ "x": [[[0.5]]], "sigma": 1 }), "rows of rows"),
        (json!({ "x": [row, [1e39, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]], "sigma": 1 }), "a number beyond float32"),
        (json!({ "x": [row], "sigma": 2.5 }), "sigma too large"),
        (json!({ "x": [row, row], "sigma": [1, 0.001] }), "a sigma too small"),
        (json!({ "x": [row, row], "sigma": [1, 1, 1] }), "three sigmas for two rows"),
        (json!({ "x": [row], "sigma": "low" }), "sigma in words"),
        (json!({ "x": [row, row], "sigma": 1, "label": [0, "spotted"] }), "a class that is not there"),
        (json!({ "x": [row], "sigma": 1, "deadline_ms": 0 }), "no time"),
        (json!({ "x": [row], "sigma": 1, "n": 1 }), "n"),
    ] {
        report += &line(told, &send(&site.router, score("tiles", &body)).await);
    }
    let good = json!({ "x": [row], "sigma": 1 });
    for (told, request) in [
        ("no such model", score("nothing", &good)),
        ("accept: image/png", accepting(score("tiles", &good), "image/png")),
        ("JSON with a query", request("POST", "/v1/models/tiles/score?sigma=1", good.to_string())),
        ("no array", posted("?sigma=1", b"no array".to_vec())),
        ("an array without sigma", posted("", array(&[1, 12], &row))),
        ("an array with a query that is not known", posted("?sigma=1&n=2", array(&[1, 12], &row))),
        ("an array of a wrong shape", posted("?sigma=1", array(&[3, 4], &row))),
        ("an array that ends early", posted("?sigma=1", array(&[1, 12], &row)[..150].to_vec())),
        ("an array with NaN", posted("?sigma=1", array(&[1, 12], &[f32::NAN; 12]))),
    ] {
        report += &line(told, &send(&site.router, request).await);
    }
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn scores_have_their_place_among_what_the_engine_admits() {
    let body = json!({ "x": vec![[0.5; 12]; 3], "sigma": 1 });
    assert_eq!(send(&shut(), score("tiles", &body)).await.status, 503);
    let (router, served, _workers) = full_site().await;
    let refused = send(&router, score("tiles", &body)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["type"]), (429, &"urn:smld:problem:at-capacity".into()));
    served.engine.drain();
    assert_eq!(send(&router, score("tiles", &body)).await.status, 503);
}

#[tokio::test]
async fn a_body_larger_than_the_rows_that_are_taken_is_refused_unread() {
    let site = site(ROOMY);
    let large = request("POST", "/v1/models/mixture/score", vec![b' '; 2 << 20]);
    let answer = send(&site.router, large).await;
    assert_eq!((answer.status.as_u16(), answer.header("connection")), (413, "close"));
    assert!(answer.text().contains("--max-score-rows"));
}
