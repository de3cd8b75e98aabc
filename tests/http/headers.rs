//! Headers of every answer, and other origins.

use super::support::{Answer, ROOMY, bounds, get, guarded_site, post, request, send, shut, site};
use axum::body::Body;
use axum::http::Request;
use smld::http::{Access, Keys};

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn every_answer_tells_a_browser_to_run_load_frame_and_keep_nothing_of_it() {
    let site = site(ROOMY);
    let (unready, bad) = (shut(), post("{"));
    for (router, request) in [
        (&site.router, post(r#"{"sampler":{"method":"langevin","steps":4}}"#)),
        (&site.router, bad),
        (&site.router, get("/nothing")),
        (&site.router, request("DELETE", "/v1/models", "")),
        (&site.router, get("/metrics")),
        (&site.router, get("/livez")),
        (&unready, get("/v1/models")),
    ] {
        let path = request.uri().clone();
        let answer = send(router, request).await;
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("access-control-allow-origin"));
    }
}

fn from(origin: &'static str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("origin", origin.parse().unwrap());
    request
}

/// What a browser asks before a script may `PUT` with a key.
fn preflight(origin: &'static str) -> Request<Body> {
    let mut request = from(origin, request("OPTIONS", "/v1/samples/0123456789abcdef", ""));
    for (name, value) in [
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization,content-type,inference-header-content-length"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn allowed(answer: &Answer) -> &str {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn scripts_of_listed_origins_may_ask_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    std::fs::write(&file, format!("[[key]]\nname = \"a\"\nsha256 = \"{}\"\n", "0a".repeat(32))).unwrap();
    let origins = vec!["https://a.example".parse().unwrap(), "http://localhost:3000".parse().unwrap()];
    let access = Access { keys: Keys::read(&file).unwrap(), origins, ..Access::default() };
    let site = guarded_site(ROOMY, bounds(), &access);
    for origin in ["https://a.example", "http://localhost:3000"] {
        // Without a key: a browser sends none before it knows that it may.
        let before = send(&site.router, preflight(origin)).await;
        assert!(before.status.is_success() && allowed(&before) == origin);
        assert!(before.header("access-control-allow-methods").contains("PUT"));
        for header in ["authorization", "inference-header-content-length"] {
            assert!(before.header("access-control-allow-headers").contains(header));
        }
        assert!(!before.headers.contains_key("access-control-allow-credentials"));
        // A refusal can be read too.
        let refused = send(&site.router, from(origin, post("{}"))).await;
        assert_eq!((refused.status.as_u16(), allowed(&refused)), (401, origin));
        for header in ["retry-after", "inference-header-content-length"] {
            assert!(refused.header("access-control-expose-headers").contains(header));
        }
    }
    for origin in ["https://b.example", "https://a.example.evil", "http://a.example", "null"] {
        assert_eq!(allowed(&send(&site.router, preflight(origin)).await), "", "{origin}");
        assert_eq!(allowed(&send(&site.router, from(origin, post("{}"))).await), "", "{origin}");
    }
}

#[tokio::test]
async fn by_default_no_other_origin_may_ask_and_a_star_lets_all() {
    let (closed, star) = (site(ROOMY), Access { origins: vec!["*".parse().unwrap()], ..Access::default() });
    let open = guarded_site(ROOMY, bounds(), &star);
    let before = send(&closed.router, preflight("https://a.example")).await;
    assert_eq!((before.status.as_u16(), allowed(&before)), (405, ""));
    assert_eq!(allowed(&send(&open.router, preflight("https://a.example")).await), "*");
    // Nor may a page post a form, or text, which browsers send without asking before.
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let mut simple = from("https://a.example", post("{}"));
        simple.headers_mut().insert("content-type", content_type.parse().unwrap());
        assert_eq!(send(&closed.router, simple).await.status, 415);
    }
}

#[test]
fn what_is_no_origin_is_refused() {
    for bad in [
        "",
        "a.example",
        "https://",
        "https://a.example/",
        "https://A.example",
        "ftp://a",
        "https://u@a",
        "https://*.a",
    ] {
        let reason = bad.parse::<smld::http::Origin>().unwrap_err();
        assert!(reason.contains("is no origin"), "{reason}");
    }
}
