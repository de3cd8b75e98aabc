//! Who may ask, and what each may have.

use super::problems::line;
use super::support::{
    ENDLESS, ROOMY, Site, accepting, bounds, get, guarded_site, post, request, send, supervised, told, until,
};
use axum::body::Body;
use axum::http::Request;
use clap::{Args, Command, FromArgMatches};
use smld::http::{Access, Keys, MakeKey};
use std::path::PathBuf;
use tempfile::TempDir;

/// `smld key` with `arguments`: the key, and its lines in the file.
fn made(arguments: &[&str]) -> (String, String) {
    let command = MakeKey::augment_args(Command::new("key"));
    let matches = command.get_matches_from([&["key"], arguments].concat());
    MakeKey::from_arg_matches(&matches).unwrap().run().unwrap()
}

/// A server with keys of `alice` and `bob`, each made by `smld key` with the arguments.
pub(crate) struct Guarded {
    pub(crate) site: Site,
    keys: Keys,
    pub(crate) alice: String,
    bob: String,
    file: PathBuf,
    _folder: TempDir,
}

impl Guarded {
    pub(crate) fn new(alice: &[&str], bob: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        let [(alice, first), (bob, second)] =
            [("alice", alice), ("bob", bob)].map(|(name, arguments)| made(&[&[name], arguments].concat()));
        std::fs::write(&file, first + &second).unwrap();
        let keys = Keys::read(&file).unwrap();
        let site = guarded_site(ROOMY, bounds(), &Access { keys: keys.clone(), ..Access::default() });
        Self { site, keys, alice, bob, file, _folder: folder }
    }

    async fn status(&self, request: Request<Body>) -> u16 {
        send(&self.site.router, request).await.status.as_u16()
    }
}

pub(crate) fn with(key: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn later(body: impl Into<Body>) -> Request<Body> {
    let mut request = post(body);
    request.headers_mut().insert("prefer", "respond-async".parse().unwrap());
    request
}

const ID: &str = "/v1/samples/0123456789abcdef";

#[tokio::test]
async fn what_draws_or_tells_of_work_wants_a_key_and_what_supervisors_ask_does_not() {
    let guarded = Guarded::new(&[], &[]);
    let guarded_paths = [
        ("POST", "/v1/samples"),
        ("GET", ID),
        ("PUT", ID),
        ("DELETE", ID),
        ("POST", "/v1/images/generations"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/tiles"),
        ("POST", "/v1/models/tiles/score"),
        ("GET", "/metrics"),
    ];
    for (method, path) in guarded_paths {
        let answer = send(&guarded.site.router, request(method, path, "{}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("www-authenticate")),
            (401, "Bearer realm=\"smld\""),
            "{path}"
        );
        let unknown = send(&guarded.site.router, with("smld_0", request(method, path, "{}"))).await;
        let challenge = "Bearer realm=\"smld\", error=\"invalid_token\"";
        assert_eq!((unknown.status.as_u16(), unknown.header("www-authenticate")), (401, challenge), "{path}");
        assert_ne!(guarded.status(with(&guarded.alice, request(method, path, "{}"))).await, 401, "{path}");
    }
    for path in ["/livez", "/readyz", "/", "/docs/", "/openapi.json"] {
        assert_eq!(guarded.status(get(path)).await, 200, "{path}");
    }
}

#[tokio::test]
async fn a_key_is_brought_as_openais_clients_do_or_in_a_header_of_its_own() {
    let guarded = Guarded::new(&[], &[]);
    assert_eq!(guarded.status(with(&guarded.alice, post("{}"))).await, 200);
    let mut own = post("{}");
    own.headers_mut().insert("x-api-key", guarded.bob.parse().unwrap());
    assert_eq!(guarded.status(own).await, 200);
    // What is kept of a key is no key.
    let digest =
        std::fs::read_to_string(&guarded.file).unwrap().split('"').find(|word| word.len() == 64).unwrap().to_owned();
    assert_eq!(guarded.status(with(&digest, post("{}"))).await, 401);
    assert!(!std::fs::read_to_string(&guarded.file).unwrap().contains(&guarded.alice));
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why_in_the_shape_of_the_path() {
    let guarded = Guarded::new(&["--requests-per-second", "0.001"], &["--max-evaluations", "100"]);
    let mut report = String::new();
    report += &line("no key", &send(&guarded.site.router, post("{}")).await);
    report += &line("an unknown key", &send(&guarded.site.router, with("smld_0", post("{}"))).await);
    assert_eq!(guarded.status(with(&guarded.alice, post("{}"))).await, 200);
    let often = send(&guarded.site.router, with(&guarded.alice, post("{}"))).await;
    let wait: u64 = often.header("retry-after").parse().unwrap();
    assert!((1..=1000).contains(&wait), "{wait}");
    report += &line("too often", &often).replace(&wait.to_string(), "SECONDS");
    let bob = |n: u32| {
        with(
            &guarded.bob,
            post(format!(r#"{{"model":"mixture","n":{n},"sampler":{{"method":"langevin","steps":10}}}}"#)),
        )
    };
    report += &line("too much", &send(&guarded.site.router, bob(11)).await);
    assert_eq!(guarded.status(bob(10)).await, 200);
    insta::assert_snapshot!(report);

    let answer = send(&guarded.site.router, request("POST", "/v1/images/generations", "{}")).await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status.as_u16(), &error["code"], &error["type"]),
        (401, &"unauthorized".into(), &"invalid_request_error".into())
    );
    let answer =
        send(&guarded.site.router, with(&guarded.alice, request("POST", "/v1/images/generations", "{}"))).await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status.as_u16(), &error["code"], &error["type"]),
        (429, &"key-rate".into(), &"rate_limit_error".into())
    );
}

#[tokio::test]
async fn one_keys_rate_is_no_other_keys_and_refusals_are_counted() {
    let guarded = Guarded::new(&["--requests-per-second", "0.001", "--burst", "2"], &[]);
    let ask = async |key: &str| guarded.status(with(key, get("/v1/models"))).await;
    assert_eq!([ask(&guarded.alice).await, ask(&guarded.alice).await, ask(&guarded.alice).await], [200, 200, 429]);
    assert_eq!(ask(&guarded.bob).await, 200);
    assert_eq!(guarded.status(get("/v1/models")).await, 401);
    let exposed = send(&guarded.site.router, with(&guarded.bob, get("/metrics"))).await;
    for sample in [
        r#"smld_rejected_total{reason="key-rate"} 1"#,
        r#"smld_rejected_total{reason="unauthorized"} 1"#,
        r#"smld_key_requests_total{key="alice"} 2"#,
        r#"smld_key_requests_total{key="bob"} 2"#,
    ] {
        assert!(exposed.text().lines().any(|line| line == sample), "{sample} is not in\n{}", exposed.text());
    }
    assert!(!exposed.text().contains("smld_rejected_total{reason=\"alice") && !exposed.text().contains(&guarded.alice));
}

#[tokio::test]
async fn a_keys_evaluations_under_way_are_bounded_and_come_back_when_its_work_ends() {
    // ENDLESS takes fifty million. Nobody is refused for the sake of bulk, however long that is foretold to take.
    let guarded = Guarded::new(&["--max-evaluations", "50000007"], &[]);
    let (site, alice) = (&guarded.site, |request| with(&guarded.alice, request));
    let endless = ENDLESS.replacen('{', r#"{"priority":"bulk","#, 1);
    let job = send(&site.router, alice(later(endless))).await;
    assert_eq!(job.status, 202);
    let small = |n: u32| post(format!(r#"{{"model":"mixture","n":{n},"sampler":{{"method":"langevin","steps":4}}}}"#));
    let refused = send(&site.router, alice(small(2))).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["type"].clone()),
        (429, "urn:smld:problem:key-evaluations".into())
    );
    assert_eq!(refused.header("retry-after"), "5");
    let dry = r#"{"model":"mixture","n":2,"sampler":{"method":"langevin","steps":4},"dry_run":true}"#;
    assert_eq!(guarded.status(alice(post(dry))).await, 429);
    let rows = |count: usize| {
        let x = vec!["[0,0]"; count].join(",");
        request("POST", "/v1/models/mixture/score", format!(r#"{{"x":[{x}],"sigma":0.5}}"#))
    };
    assert_eq!(guarded.status(alice(rows(8))).await, 429);
    // Others have theirs, and seven are left.
    assert_eq!(guarded.status(with(&guarded.bob, small(2))).await, 200);
    for within in [small(1), rows(7)] {
        assert_eq!(guarded.status(alice(within)).await, 200);
    }
    let path = job.header("location").to_owned();
    assert_eq!(guarded.status(alice(request("DELETE", &path, ""))).await, 204);
    assert_eq!(guarded.status(alice(small(2))).await, 200);
    let exposed = send(&site.router, with(&guarded.bob, get("/metrics"))).await;
    assert!(exposed.text().contains("smld_rejected_total{reason=\"key-evaluations\"} 3\n"));
}

#[tokio::test]
async fn what_is_watched_counts_as_under_way_until_its_reader_goes() {
    let guarded = Guarded::new(&["--max-evaluations", "50000000"], &[]);
    let stream = accepting(with(&guarded.alice, post(ENDLESS)), "text/event-stream");
    let watched = tower::ServiceExt::oneshot(guarded.site.router.clone(), stream).await.unwrap();
    let small = || with(&guarded.alice, post(r#"{"model":"mixture","sampler":{"method":"langevin","steps":4}}"#));
    assert_eq!(guarded.status(small()).await, 429);
    drop(watched);
    until(&guarded.site.served, |engine| engine.requests_running + engine.requests_waiting == 0).await;
    assert_eq!(guarded.status(small()).await, 200);
}

#[tokio::test]
async fn a_job_belongs_to_the_key_that_made_it() {
    let guarded = Guarded::new(&[], &[]);
    let put = |key: &str, body: &'static str| with(key, request("PUT", ID, body));
    let [endless, small] = [ENDLESS, r#"{"seed":1,"sampler":{"method":"langevin","steps":4}}"#];
    assert_eq!(guarded.status(put(&guarded.alice, endless)).await, 202);
    for method in ["GET", "DELETE"] {
        let foreign = send(&guarded.site.router, with(&guarded.bob, request(method, ID, ""))).await;
        assert_eq!(
            (foreign.status.as_u16(), &foreign.json()["type"]),
            (404, &"urn:smld:problem:no-such-samples".into())
        );
    }
    // The same id is another job of another key.
    assert_eq!(guarded.status(put(&guarded.bob, small)).await, 202);
    assert_eq!(guarded.status(put(&guarded.alice, small)).await, 409);
    assert_eq!(guarded.status(with(&guarded.bob, request("DELETE", ID, ""))).await, 204);
    assert_eq!(guarded.status(with(&guarded.alice, get(ID))).await, 202, "alice's is untouched");
}

#[tokio::test]
async fn a_changed_file_is_in_force_after_a_look_and_a_broken_one_never() {
    let guarded = Guarded::new(&["--max-evaluations", "50000000"], &[]);
    let status = async |key: &str, request| guarded.status(with(key, request)).await;
    assert_eq!(status(&guarded.alice, later(ENDLESS)).await, 202);

    assert_eq!(guarded.keys.look(), Some(true));
    std::fs::write(&guarded.file, "[[key]]\nname = 1").unwrap();
    assert_eq!(guarded.keys.look(), Some(false));
    assert_eq!(status(&guarded.bob, get("/v1/models")).await, 200);

    let (new, lines) = made(&["alice", "--max-evaluations", "50000007"]);
    std::fs::write(&guarded.file, lines).unwrap();
    assert_eq!(guarded.keys.look(), Some(true));
    assert_eq!([status(&guarded.alice, post("{}")).await, status(&guarded.bob, post("{}")).await], [401, 401]);
    // What alice has under way still counts, by whichever key it was asked for.
    let small = |n: u32| post(format!(r#"{{"model":"mixture","n":{n},"sampler":{{"method":"langevin","steps":4}}}}"#));
    assert_eq!([status(&new, small(1)).await, status(&new, small(2)).await], [200, 429]);
}

#[tokio::test]
async fn metrics_with_an_address_of_their_own_are_there_only_and_want_no_key() {
    let guarded = Guarded::new(&[], &[]);
    let access = Access { keys: guarded.keys.clone(), metrics_apart: true, ..Access::default() };
    let (site, supervision) = supervised(&access);
    assert_eq!(send(&site.router, with(&guarded.alice, get("/metrics"))).await.status, 404);
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(send(&supervision, get(path)).await.status, 200, "{path}");
    }
    assert_eq!(send(&supervision, get("/v1/models")).await.status, 404);
    assert_eq!(send(&site.router, with(&guarded.alice, get("/v1/models"))).await.status, 200);
    told(&supervision, r#"smld_key_requests_total{key="alice"} 1"#).await;
}
