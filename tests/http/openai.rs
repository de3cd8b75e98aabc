//! Images as clients of OpenAI ask for them.

use super::support::{
    Answer, FAULTY_SIGMA, LONG, ROOMY, events, full_site, get, listening, post, problem, request, send, shut, site,
    told, until,
};
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{Read, Write as _};
use std::net::TcpStream;

const PATH: &str = "/v1/images/generations";

fn generate(body: impl Into<Body>) -> Request<Body> {
    request("POST", PATH, body)
}

/// The status and the body of a problem in OpenAI's shape.
fn line(what: &str, answer: &Answer) -> String {
    assert_eq!((answer.header("content-type"), answer.header("x-request-id")), ("application/json", "a-test"));
    problem(what, answer)
}

/// The picture in `image`.
fn picture(image: &Value) -> Vec<u8> {
    STANDARD.decode(image["b64_json"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn images_are_those_that_the_native_request_draws_and_the_prompt_is_their_class() {
    let site = site(ROOMY);
    let sampler = json!({"method": "langevin", "steps": 20});
    let body = json!({"model": "tiles", "prompt": " Striped ", "n": 2, "size": "4x3", "seed": 5, "first_index": 8,
        "sampler": sampler, "response_format": "b64_json", "output_format": "png", "quality": "auto", "user": "a"});
    let answer = send(&site.router, generate(body.to_string())).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!((answer.header("x-smld-seed"), answer.header("x-smld-model-sha256")), ("5", &*"5d".repeat(32)));
    let mut document = answer.json();
    let images = document["data"].take();
    for (index, image) in (8..).zip(images.as_array().unwrap()) {
        let native = json!({"label": "striped", "seed": 5, "first_index": index, "sampler": sampler});
        assert!(picture(image) == send(&site.router, post(native.to_string())).await.body, "image {index} differs");
    }
    assert!(document["created"].take().as_u64().unwrap() > 1_700_000_000);
    insta::assert_json_snapshot!(document);
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="ok"} 3"#).await;
}

#[tokio::test]
async fn a_number_is_a_class_too_and_an_empty_prompt_is_none() {
    let site = site(ROOMY);
    for (prompt, native) in [(json!("1"), json!({"seed": 1, "label": 1})), (json!(""), json!({"seed": 1}))] {
        let answer = send(&site.router, generate(json!({"prompt": prompt, "seed": 1}).to_string())).await;
        let native = send(&site.router, post(native.to_string())).await;
        assert!(picture(&answer.json()["data"][0]) == native.body, "{prompt}");
    }
}

#[tokio::test]
async fn a_stream_shows_partial_images_in_order_and_then_the_image() {
    let site = site(ROOMY);
    let sampler = json!({"method": "langevin", "sigma": 1.0, "steps": 400_000});
    let body = json!({"prompt": "", "seed": 5, "stream": true, "partial_images": 3, "sampler": sampler});
    let answer = send(&site.router, generate(body.to_string())).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    let mut events = events(answer.text());
    let (name, completed) = events.pop().unwrap();
    let native = send(&site.router, post(json!({"seed": 5, "sampler": sampler}).to_string())).await;
    assert!(picture(&completed) == native.body && completed["type"] == name);
    assert_eq!(events.len(), 3, "it goes on for longer than three looks");
    for (index, (name, partial)) in events.iter_mut().enumerate() {
        assert_eq!((name.as_str(), &partial["partial_image_index"]), ("image_generation.partial_image", &json!(index)));
        assert!(picture(partial).starts_with(b"\x89PNG") && partial["type"] == *name);
    }
    let mut shapes = [events.swap_remove(0).1, completed];
    for shape in &mut shapes {
        for changing in ["b64_json", "created_at"] {
            assert!(!shape[changing].take().is_null());
        }
    }
    insta::assert_json_snapshot!(shapes);
}

#[tokio::test]
async fn without_partial_images_a_stream_is_the_images_alone() {
    let site = site(ROOMY);
    let body = json!({"prompt": "plain", "n": 3, "seed": 5, "stream": true});
    let events = events(send(&site.router, generate(body.to_string())).await.text());
    let whole = send(&site.router, generate(body.to_string().replace("true", "false"))).await.json();
    assert_eq!(events.len(), 3);
    for ((name, event), image) in events.iter().zip(whole["data"].as_array().unwrap()) {
        assert_eq!((name.as_str(), &event["b64_json"]), ("image_generation.completed", &image["b64_json"]));
    }
}

#[tokio::test]
async fn what_cannot_be_is_told_in_openais_shape() {
    let site = site(ROOMY);
    let mut report = String::new();
    for body in [
        "{",
        "[]",
        r#"{"prompt":"a cat"}"#,
        r#"{"prompt":"plain","label":1}"#,
        r#"{"model":"gpt-image-2","prompt":""}"#,
        r#"{"model":"mixture","prompt":""}"#,
        r#"{"prompt":"","n":0}"#,
        r#"{"prompt":"","n":101}"#,
        r#"{"prompt":"","size":"1024x1024"}"#,
        r#"{"prompt":"","response_format":"url"}"#,
        r#"{"prompt":"","output_format":"gif"}"#,
        r#"{"prompt":"","output_compression":50}"#,
        r#"{"prompt":"","quality":"hd"}"#,
        r#"{"prompt":"","style":"vivid"}"#,
        r#"{"prompt":"","background":"transparent"}"#,
        r#"{"prompt":"","moderation":"low"}"#,
        r#"{"prompt":"","partial_images":1}"#,
        r#"{"prompt":"","stream":true,"partial_images":4}"#,
        r#"{"prompt":"","stream":true,"partial_images":1,"n":2}"#,
        r#"{"prompt":"","seed":-1}"#,
        r#"{"prompt":"","sampler":{"method":"langevin","tau":-0.1}}"#,
        r#"{"prompt":"","svg":{}}"#,
        r#"{"prompt":"","seed":1,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#,
    ] {
        report += &line(body, &send(&site.router, generate(body)).await);
    }
    let failing = format!(r#"{{"prompt":"","sampler":{{"method":"langevin","sigma":{FAULTY_SIGMA}}}}}"#);
    let mut form = generate("prompt=plain");
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    for (what, request) in [
        ("a device that is gone", generate(failing)),
        ("a form", form),
        ("5000 bytes", generate(" ".repeat(5000))),
        ("GET /v1/images/generations", get(PATH)),
        ("POST /v1/images/edits", request("POST", "/v1/images/edits", "{}")),
    ] {
        report += &line(what, &send(&site.router, request).await);
    }
    report += &line("models that load", &send(&shut(), generate("{}")).await);
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn at_capacity_a_client_is_told_when_to_try_again() {
    let (router, _served, _workers) = full_site().await;
    let answer = send(&router, generate(r#"{"prompt":""}"#)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"]["type"].clone()), (429, "rate_limit_error".into()));
    assert_eq!(answer.json()["error"]["code"], "at-capacity");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn what_fails_under_way_is_the_last_event() {
    let site = site(ROOMY);
    let body = r#"{"prompt":"","stream":true,"seed":1,"sampler":{"method":"langevin","steps":500,"tau":100.0}}"#;
    let events = events(send(&site.router, generate(body)).await.text());
    assert_eq!((events.len(), events[0].0.as_str()), (1, "error"));
    let error = &events[0].1["error"];
    assert_eq!((&error["code"], &error["type"]), (&json!("diverged"), &json!("invalid_request_error")));
    told(&site.router, r#"smld_requests_total{model="tiles",outcome="diverged"} 1"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_closes_its_connection_cancels_what_is_left() {
    for stream in ["", r#","stream":true"#] {
        // A server of its own: one that knows its pace refuses what would not be in time.
        let site = site(ROOMY);
        let address = listening(site.router.clone()).await;
        let body = format!(r#"{{"prompt":"","n":50{stream},"sampler":{{"method":"langevin","steps":1000000}}}}"#);
        let mut client = TcpStream::connect(address).unwrap();
        let head = format!("POST {PATH} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n");
        write!(client, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        until(&site.served, |engine| engine.requests_running == 1).await;
        if !stream.is_empty() {
            let mut first = [0; 64];
            client.set_read_timeout(Some(LONG)).unwrap();
            let read = client.read(&mut first).unwrap();
            assert!(first[..read].starts_with(b"HTTP/1.1 200"));
        }
        drop(client);
        until(&site.served, |engine| engine.requests_running == 0 && engine.slots_used == 0).await;
        told(&site.router, r#"smld_requests_total{model="tiles",outcome="cancelled"} 1"#).await;
    }
}

#[tokio::test]
async fn the_list_of_models_is_openais_too() {
    let site = site(ROOMY);
    let all = send(&site.router, get("/v1/models")).await.json();
    let listed = |name| json!({"id": name, "object": "model", "created": 0, "owned_by": "smld"});
    assert_eq!((&all["object"], &all["data"]), (&json!("list"), &json!([listed("mixture"), listed("tiles")])));
    let one = send(&site.router, get("/v1/models/tiles")).await.json();
    for (field, value) in listed("tiles").as_object().unwrap() {
        assert_eq!(&one[field], value);
    }
    assert_eq!(one["name"], "tiles");
}
