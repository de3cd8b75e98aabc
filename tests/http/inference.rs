//! The Open Inference Protocol over REST.

use super::support::{
    Answer, ENDLESS, LONG, ROOMY, accepting, full_site, get, listening, metrics, post, problem, request, send, shut,
    site, told, until,
};
use axum::body::Body;
use axum::http::Request;
use npyz::NpyFile;
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;

const LENGTH: &str = "inference-header-content-length";

/// A call of `model`, in JSON.
fn infer(model: &str, body: &Value) -> Request<Body> {
    request("POST", &format!("/v2/models/{model}/infer"), body.to_string())
}

/// A call of `model`, with `bytes` behind the JSON, as clients send it: without a type.
fn mixed(model: &str, body: &Value, bytes: &[u8]) -> Request<Body> {
    let json = body.to_string();
    let request = Request::post(format!("/v2/models/{model}/infer")).header("x-request-id", "a-test");
    request.header(LENGTH, json.len()).body([json.as_bytes(), bytes].concat().into()).unwrap()
}

fn input(name: &str, datatype: &str, data: &Value) -> Value {
    json!({"name": name, "datatype": datatype, "shape": [1], "data": [data]})
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// The numbers of the array that the native interface answers.
fn array(answer: &Answer) -> Vec<f32> {
    NpyFile::new(answer.body.as_slice()).unwrap().into_vec().unwrap()
}

/// The status and the body of a problem in the protocol's shape.
fn line(what: &str, answer: &Answer) -> String {
    assert_eq!((answer.header("content-type"), answer.header("x-request-id")), ("application/json", "a-test"));
    problem(what, answer)
}

#[tokio::test]
async fn the_server_and_its_models_are_described() {
    let site = site(ROOMY);
    let mut documents = Vec::new();
    for path in [
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/tiles",
        "/v2/models/tiles.score/versions/1",
        "/v2/models/mixture",
        "/v2/models/mixture.score",
        "/v2/models/mixture.score/ready",
        "/v2/models/tiles/versions/1/ready",
    ] {
        let answer = send(&site.router, get(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        documents.push(json!({ path: answer.json() }));
    }
    let index = || request("POST", "/v2/repository/index", Body::empty());
    documents.push(json!({ "/v2/repository/index": send(&site.router, index()).await.json() }));
    insta::assert_json_snapshot!(documents);
    site.served.engine.drain();
    let all = send(&site.router, index()).await.json();
    assert!(all.as_array().unwrap().iter().all(|model| model["state"] == "UNAVAILABLE"), "{all}");
    assert_eq!(
        send(&site.router, request("POST", "/v2/repository/index", r#"{"ready":true}"#)).await.json(),
        json!([])
    );
}

#[tokio::test]
async fn images_are_those_that_the_native_request_draws_with_the_same_numbers() {
    let site = site(ROOMY);
    let sampler = json!({"method": "langevin", "steps": 20});
    let body = json!({"id": "mine", "inputs": [
        input("n", "INT64", &json!(3)),
        input("seed", "UINT64", &json!(u64::MAX)),
        input("first_index", "UINT8", &json!(8)),
        input("label", "BYTES", &json!("Striped")),
        input("sampler", "BYTES", &json!(sampler.to_string())),
        input("deadline_ms", "INT32", &json!(60_000)),
        input("priority", "BYTES", &json!("bulk")),
    ]});
    let answer = send(&site.router, infer("tiles", &body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let told_seed = u64::MAX.to_string();
    assert_eq!((answer.header("x-smld-seed"), answer.header("x-smld-model-sha256")), (&*told_seed, &*"5d".repeat(32)));
    let native = json!({"n": 3, "seed": u64::MAX, "first_index": 8, "label": "striped", "sampler": sampler});
    let native = send(&site.router, accepting(post(native.to_string()), "application/x-npy")).await;
    let mut document = answer.json();
    let images: Vec<f32> = serde_json::from_value(document["outputs"][0]["data"].take()).unwrap();
    assert_eq!(images, array(&native));
    assert_eq!(document["outputs"][1]["data"], json!([u64::MAX]));
    insta::assert_json_snapshot!(document);
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 2"#).await;
}

#[tokio::test]
async fn parameters_are_inputs_of_one_value_and_points_are_samples() {
    let site = site(ROOMY);
    let body = json!({"parameters": {"n": 2, "seed": "5", "label": -1}, "outputs": [{"name": "images"}]});
    let answer = send(&site.router, infer("tiles", &body)).await.json();
    assert_eq!(answer["outputs"].as_array().unwrap().len(), 1);
    let native = send(&site.router, accepting(post(r#"{"n":2,"seed":5}"#), "application/x-npy")).await;
    assert_eq!(serde_json::from_value::<Vec<f32>>(answer["outputs"][0]["data"].clone()).unwrap(), array(&native));
    let points = send(&site.router, infer("mixture", &json!({"parameters": {"n": 4}}))).await.json();
    assert_eq!((&points["outputs"][0]["name"], &points["outputs"][0]["shape"]), (&json!("samples"), &json!([4, 2])));
}

#[tokio::test]
async fn tensors_go_in_and_come_out_as_bytes_behind_the_json() {
    let site = site(ROOMY);
    let numbers: Vec<f32> = (0..36).map(|i| i as f32 / 36.0).collect();
    let (x, sigma) = (bytes(&numbers), bytes(&[0.5, 0.01, 2.0]));
    let binary = |name, datatype, shape: Value, size: usize| json!({"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}});
    let body = json!({
        "inputs": [
            binary("x", "FP32", json!([3, 1, 3, 4]), x.len()),
            {"name": "label", "datatype": "INT64", "shape": [3], "data": [-1, 0, 1]},
            binary("sigma", "FP32", json!([3]), sigma.len()),
        ],
        "parameters": {"binary_data_output": true},
    });
    let answer = send(&site.router, mixed("tiles.score", &body, &[x, sigma].concat())).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/octet-stream"));
    let (json, behind) = answer.body.split_at(answer.header(LENGTH).parse().unwrap());
    let rows: Vec<&[f32]> = numbers.chunks(12).collect();
    let native = json!({"x": rows, "sigma": [0.5, 0.01, 2.0], "label": [null, 0, 1]});
    let native = accepting(request("POST", "/v1/models/tiles/score", native.to_string()), "application/x-npy");
    assert_eq!(floats(behind), array(&send(&site.router, native).await));
    insta::assert_json_snapshot!(serde_json::from_slice::<Value>(json).unwrap());

    // The same in JSON, nested, with one level for all.
    let nested: Vec<Vec<&[f32]>> = rows.iter().map(|row| row.chunks(4).collect()).collect();
    let nested: Vec<_> = nested.into_iter().map(|image| [image]).collect();
    let body = json!({"inputs": [
        {"name": "x", "datatype": "FP32", "shape": [3, 1, 3, 4], "data": nested},
        input("sigma", "FP32", &json!(0.5)),
    ]});
    let answer = send(&site.router, infer("tiles.score", &body)).await.json();
    let native = json!({"x": rows, "sigma": 0.5}).to_string();
    let native = accepting(request("POST", "/v1/models/tiles/score", native), "application/x-npy");
    let scores: Vec<f32> = serde_json::from_value(answer["outputs"][0]["data"].clone()).unwrap();
    assert_eq!(scores, array(&send(&site.router, native).await));
}

#[tokio::test]
async fn a_call_for_scores_that_cannot_be_is_not_counted_among_requests_for_samples() {
    let site = site(ROOMY);
    let refused = send(&site.router, request("POST", "/v2/models/tiles.score/infer", "{")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(send(&site.router, infer("tiles.score", &json!({"outputs": [{"name": "x"}]}))).await.status, 422);
    let mut counted = metrics(&site.router).await.into_iter().filter(|line| line.starts_with("smld_requests_total{"));
    assert!(counted.all(|line| line.ends_with(" 0")));
}

#[tokio::test]
async fn what_cannot_be_is_told_in_the_protocols_shape() {
    let site = site(ROOMY);
    let mut report = String::new();
    let row = [0.5; 12];
    let x = json!({"name": "x", "datatype": "FP32", "shape": [1, 1, 3, 4], "data": row});
    for (model, body) in [
        ("tiles", json!([])),
        ("tiles", json!({"input": []})),
        ("tiles", json!({"inputs": [input("steps", "INT64", &json!(4))]})),
        ("tiles", json!({"parameters": {"steps": 4}})),
        ("tiles", json!({"parameters": {"n": [4]}})),
        ("tiles", json!({"parameters": {"binary_data_output": 1}})),
        ("tiles", json!({"outputs": [{"name": "samples"}]})),
        ("tiles", json!({"outputs": [{"name": "seed"}, {"name": "seed"}]})),
        ("tiles", json!({"outputs": [{"name": "seed", "parameters": {"classification": 2}}]})),
        ("tiles", json!({"inputs": [input("n", "INT64", &json!(0))]})),
        ("tiles", json!({"inputs": [input("n", "INT64", &json!(101))]})),
        ("tiles", json!({"inputs": [input("n", "INT64", &json!(-1))]})),
        ("tiles", json!({"inputs": [input("n", "INT8", &json!(200))]})),
        ("tiles", json!({"inputs": [input("n", "FP32", &json!(1))]})),
        ("tiles", json!({"inputs": [input("n", "FP64", &json!(1))]})),
        ("tiles", json!({"inputs": [input("n", "BYTES", &json!("four"))]})),
        ("tiles", json!({"inputs": [input("n", "INT64", &json!(1))], "parameters": {"n": 1}})),
        ("tiles", json!({"inputs": [{"name": "n", "datatype": "INT64", "shape": [2], "data": [1, 2]}]})),
        ("tiles", json!({"inputs": [{"name": "n", "datatype": "INT64", "shape": [2], "data": [1]}]})),
        ("tiles", json!({"inputs": [{"name": "n", "datatype": "INT64", "shape": [1]}]})),
        ("tiles", json!({"parameters": {"seed": "x"}})),
        ("tiles", json!({"parameters": {"sampler": "langevin"}})),
        ("tiles", json!({"parameters": {"sampler": "[]"}})),
        ("tiles", json!({"parameters": {"sampler": r#"{"method":"magic"}"#}})),
        ("tiles", json!({"parameters": {"sampler": r#"{"method":"langevin","steps":5,"steps":9}"#}})),
        ("tiles", json!({"parameters": {"sampler": r#"{"method":"langevin","tau":0}"#}})),
        ("tiles", json!({"parameters": {"label": "spotted"}})),
        ("tiles", json!({"parameters": {"priority": 1}})),
        ("tiles", json!({"parameters": {"deadline_ms": 0}})),
        ("mixture", json!({"parameters": {"label": -1}})),
        ("tiles.score", json!({})),
        ("tiles.score", json!({"inputs": [x]})),
        ("tiles.score", json!({"inputs": [x, x]})),
        ("tiles.score", json!({"inputs": [x], "parameters": {"sigma": 1}})),
        ("tiles.score", json!({"inputs": [x, input("sigma", "FP32", &json!(3))]})),
        ("tiles.score", json!({"inputs": [x, {"name": "sigma", "datatype": "FP32", "shape": [2], "data": [1, 1]}]})),
        ("tiles.score", json!({"inputs": [x, input("sigma", "FP32", &json!(1)), input("label", "INT64", &json!(-2))]})),
        ("tiles.score", json!({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 12], "data": row}]})),
        ("tiles.score", json!({"inputs": [x], "parameters": {"n": 1}})),
        ("nothing", json!({})),
        ("nothing.score", json!({})),
        ("tiles/versions/2", json!({})),
    ] {
        report += &line(&format!("{model} {body}"), &send(&site.router, infer(model, &body)).await);
    }
    let placed =
        json!({"inputs": [{"name": "n", "datatype": "INT64", "shape": [1], "parameters": {"binary_data_size": 8}}]});
    let mut typed = infer("tiles", &json!({}));
    typed.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    let mut unread = request("POST", "/v2/repository/index", r#"{"ready":true}"#);
    unread.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    let mut long = mixed("tiles", &json!({}), &[]);
    long.headers_mut().insert(LENGTH, "3000".parse().unwrap());
    for (what, request) in [
        ("bytes that are not there", mixed("tiles", &placed, &[0; 7])),
        ("bytes that nobody claims", mixed("tiles", &placed, &[0; 9])),
        ("JSON longer than the body", long),
        ("text/plain", typed),
        ("not JSON", request("POST", "/v2/models/tiles/infer", "{")),
        ("a parameter twice", request("POST", "/v2/models/tiles/infer", r#"{"parameters":{"seed":1,"seed":2}}"#)),
        (
            "elements of a byte",
            request("POST", "/v2/models/tiles/infer", format!(r#"{{"inputs":[{}"#, "0,".repeat(1000))),
        ),
        ("a name that is no text", get("/v2/models/%FF")),
        ("a large body", request("POST", "/v2/models/tiles/infer", " ".repeat(5000))),
        ("GET infer", get("/v2/models/tiles/infer")),
        ("config", get("/v2/models/tiles/config")),
        ("a version that is not there", get("/v2/models/tiles/versions/2")),
        ("index", request("POST", "/v2/repository/index", r#"{"all":true}"#)),
        ("index of text/plain", unread),
    ] {
        report += &line(what, &send(&site.router, request).await);
    }
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn a_server_that_is_not_ready_or_full_or_going_down_says_so() {
    let body = json!({"parameters": {"n": 4}});
    let mut report = String::new();
    for path in ["/v2/health/ready", "/v2/models/tiles/ready"] {
        report += &line(&format!("starting: {path}"), &send(&shut(), get(path)).await);
    }
    report += &line("starting", &send(&shut(), infer("tiles", &body)).await);
    assert_eq!(send(&shut(), get("/v2/health/live")).await.status, 200);
    let (router, served, _workers) = full_site().await;
    report += &line("full", &send(&router, infer("tiles", &body)).await);
    served.engine.drain();
    report += &line("going down", &send(&router, infer("tiles", &body)).await);
    report += &line("going down: ready", &send(&router, get("/v2/health/ready")).await);
    insta::assert_snapshot!(report);
    told(&router, r#"smld_rejected_total{reason="queue"} 1"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_frees_its_slots() {
    let site = site(ROOMY);
    let address = listening(site.router.clone()).await;
    let endless: Value = serde_json::from_str(ENDLESS).unwrap();
    let body = json!({"parameters": {"n": 50, "sampler": endless["sampler"].to_string()}}).to_string();
    let mut stream = TcpStream::connect_timeout(&address, LONG).unwrap();
    write!(stream, "POST /v2/models/mixture/infer HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    until(&site.served, |snapshot| snapshot.requests_running == 1).await;
    drop(stream);
    until(&site.served, |snapshot| snapshot.requests_running == 0 && snapshot.slots_used == 0).await;
    told(&site.router, r#"smld_requests_total{model="mixture",outcome="cancelled"} 1"#).await;
}
