//! The interface's own description.

use crate::support::*;
use serde_json::Value;

#[tokio::test]
async fn the_interface_is_described_and_a_change_of_it_is_seen() {
    let site = site(ROOMY);
    let answer = send(&site.router, get("/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let mut document = answer.json();
    assert_eq!(document["info"]["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!(document);
}

#[tokio::test]
async fn what_is_described_is_there() {
    let site = site(ROOMY);
    let described = send(&site.router, get("/openapi.json")).await.json();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.replace("{name}", "mixture").replace("{model}", "mixture").replace("{version}", "1");
            let request = request(&method.to_uppercase(), &path, "");
            let status = send(&site.router, request).await.status.as_u16();
            assert!(
                status != 405 && operation["responses"].get(status.to_string()).is_some(),
                "{method} {path}: {status}"
            );
        }
    }
}

/// Whether everything that `schema` refers to is there.
fn refer(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let place = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(place).is_some(), "{reference} is nowhere");
            }
            fields.values().for_each(|part| refer(document, part));
        }
        Value::Array(parts) => parts.iter().for_each(|part| refer(document, part)),
        _ => {}
    }
}

#[tokio::test]
async fn what_the_description_refers_to_is_in_it() {
    let document = send(&site(ROOMY).router, get("/openapi.json")).await.json();
    refer(&document, &document);
}

#[tokio::test]
async fn the_page_of_the_description_is_all_this_servers() {
    let site = site(ROOMY);
    let moved = send(&site.router, get("/docs")).await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, "/docs/"));
    let page = send(&site.router, get("/docs/")).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let sources = page.text().split(['"', '\'']).filter(|word| word.ends_with(".js") || word.ends_with(".css"));
    for source in sources.collect::<Vec<_>>() {
        let file = send(&site.router, get(&format!("/docs/{}", source.trim_start_matches("./")))).await;
        assert_eq!(file.status.as_u16(), 200, "{source}");
    }
    let start = send(&site.router, get("/docs/swagger-initializer.js")).await;
    assert!(start.text().contains("/openapi.json"));
    assert_eq!(send(&site.router, get("/docs/nothing.js")).await.status.as_u16(), 404);
}
