//! `/` without a browser: who is given what, and how it may be kept.

use crate::support::{Answer, ROOMY, get, send, shut, site, supervised};
use axum::body::Body;
use axum::http::Request;
use smld::http::Access;

/// What a browser says it takes.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn front(accept: &str) -> Answer {
    send(&site(ROOMY).router, Request::get("/").header("accept", accept).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn browsers_are_given_the_page_and_terminals_the_text() {
    let page = front(BROWSER).await;
    assert_eq!((page.header("content-type"), page.header("vary")), ("text/html; charset=utf-8", "accept"));
    assert!(page.text().starts_with("<!doctype html>"));
    for accept in ["*/*", "text/plain", "text/plain, text/html;q=0.9"] {
        let text = front(accept).await;
        assert!(text.header("content-type").starts_with("text/plain") && text.text().contains("curl -s"), "{accept}");
    }
}

#[tokio::test]
async fn the_text_names_the_metrics_only_where_they_are() {
    let text = front("text/plain").await;
    assert!(text.text().contains("http://127.0.0.1:8080/metrics") && text.text().contains("  /metrics\n"));
    let (site, _) = supervised(&Access { metrics_apart: true, ..Access::default() });
    let text = send(&site.router, get("/")).await;
    assert!(text.text().contains("curl -s") && !text.text().contains("/metrics"), "{}", text.text());
}

#[tokio::test]
async fn the_page_is_there_before_the_models_are() {
    let request = Request::get("/").header("accept", BROWSER).body(Body::empty()).unwrap();
    assert_eq!(send(&shut(), request).await.status, 200);
}

#[tokio::test]
async fn everything_that_the_page_names_is_served_with_its_type_and_nothing_of_it_is_inline() {
    let (site, page) = (site(ROOMY), front(BROWSER).await);
    let named = |text: &str, before: &str| -> Vec<String> {
        let parts = text.split(before).skip(1);
        parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
    };
    let mut paths: Vec<String> = named(page.text(), "\"/page/").iter().map(|name| format!("/page/{name}")).collect();
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        let file = send(&site.router, get(&path)).await;
        let media_type = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, media_type), "{path}");
        for name in named(file.text(), "from \"./") {
            let import = format!("/page/{name}");
            if !paths.contains(&import) {
                paths.push(import);
            }
        }
        at += 1;
    }
    assert_eq!(paths.iter().filter(|path| path.ends_with(".js")).count(), 17, "{paths:?}");
    for inline in ["<style", " style=", " onclick=", "javascript:", "<script>"] {
        assert!(!page.text().contains(inline), "{inline}");
    }
    assert_eq!(send(&site.router, get("/page/mod.rs")).await.status, 404);
}

#[tokio::test]
async fn the_page_may_load_from_this_server_alone_and_is_asked_for_again_each_time() {
    let site = site(ROOMY);
    for path in ["/", "/page/main.js"] {
        let ask = |known: Option<&str>| {
            let request = Request::get(path).header("accept", BROWSER);
            let request = known.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
            send(&site.router, request.body(Body::empty()).unwrap())
        };
        let first = ask(None).await;
        assert_eq!(
            first.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(
            ["cache-control", "x-content-type-options", "referrer-policy"].map(|name| first.header(name)),
            ["no-cache", "nosniff", "no-referrer"]
        );
        let tag = first.header("etag");
        let again = ask(Some(tag)).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, tag));
        assert_eq!(ask(Some("\"another\", W/\"one\"")).await.status, 200);
    }
}
