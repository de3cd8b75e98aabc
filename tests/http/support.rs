//! A server without a socket: exact densities, a real engine with real workers, the router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use smld::engine::{EngineConfig, RequestLimits, ScoreLimits, Snapshot, Worker, engine};
use smld::http::{
    Access, Answers, Bounds, Catalog, Connections, Gate, Inference, JobLimits, Metrics, Readers, Served, Working,
    router, serve, supervision,
};
use smld::score::density::{Component, DensityModel, GaussianMixture};
use smld::score::{ModelInfo, ReadyModel, Rows, ScoreError, ScoreModel, ScoreSession, prepare};
use std::fmt::Write as _;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tower::ServiceExt;

/// Longer than any machine takes that works at all.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// A chain that no machine ends while a test runs.
pub(crate) const ENDLESS: &str = r#"{"model":"mixture","n":50,"sampler":{"method":"langevin","steps":1000000}}"#;

/// Room enough for every test that is not about room.
pub(crate) const ROOMY: EngineConfig =
    EngineConfig { workers: 2, batch_rows: 8, slots: 32, max_requests: 64, max_queued_evaluations: 1 << 40 };

/// A server at work; dropping it stops its workers.
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) served: Served,
    _working: Working,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.served.engine.stop();
    }
}

/// An answer, read to its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn site(config: EngineConfig) -> Site {
    bounded_site(config, bounds())
}

pub(crate) fn bounded_site(config: EngineConfig, bounds: Bounds) -> Site {
    guarded_site(config, bounds, &Access::default())
}

pub(crate) fn guarded_site(config: EngineConfig, bounds: Bounds, access: &Access) -> Site {
    let (router, served, workers) = guarded_site_at_rest(config, bounds, access);
    Site { router, served, _working: Working::start(workers).unwrap() }
}

/// A server whose workers have not begun to work.
pub(crate) fn site_at_rest(config: EngineConfig, bounds: Bounds) -> (Router, Served, Vec<Worker>) {
    guarded_site_at_rest(config, bounds, &Access::default())
}

/// A site at rest whose queue a job fills.
pub(crate) async fn full_site() -> (Router, Served, Vec<Worker>) {
    let site = site_at_rest(EngineConfig { max_queued_evaluations: 50_000_000, ..ROOMY }, bounds());
    let job = request("PUT", "/v1/samples/the-queue-is-full", ENDLESS);
    assert_eq!(send(&site.0, job).await.status, 202);
    site
}

/// A server, and what supervisors ask of it.
pub(crate) fn supervised(access: &Access) -> (Site, Router) {
    let (gate, metrics) = (Gate::default(), Arc::new(Metrics::new(|| 0).unwrap()));
    let (router, served, workers) = opened(&gate, &metrics, ROOMY, bounds(), access);
    let site = Site { router, served, _working: Working::start(workers).unwrap() };
    (site, supervision(&gate, &metrics, bounds()))
}

/// A server, and its gRPC.
pub(crate) async fn called(bounds: Bounds) -> (Site, Router) {
    let (gate, metrics) = (Gate::default(), Arc::new(Metrics::new(|| 0).unwrap()));
    let (router, served, workers) = opened(&gate, &metrics, ROOMY, bounds, &Access::default());
    let site = Site { router, served, _working: Working::start(workers).unwrap() };
    let inference = Inference::new(&gate, &metrics, bounds);
    (site, smld::grpc::router(inference, &Access::default(), &metrics).await.unwrap().0)
}

pub(crate) fn guarded_site_at_rest(
    config: EngineConfig,
    bounds: Bounds,
    access: &Access,
) -> (Router, Served, Vec<Worker>) {
    opened(&Gate::default(), &Arc::new(Metrics::new(|| 0).unwrap()), config, bounds, access)
}

fn opened(
    gate: &Gate,
    metrics: &Arc<Metrics>,
    config: EngineConfig,
    bounds: Bounds,
    access: &Access,
) -> (Router, Served, Vec<Worker>) {
    let catalog = Catalog::new(vec![ready(mixture()), ready(Tiles::new())], Some("tiles")).unwrap();
    let observer = Arc::clone(metrics);
    let (engine, workers) = engine(catalog.models(), config, observer).unwrap();
    let served = Served { catalog, engine, answers: Answers::new(bounds.answers, metrics) };
    gate.open(served.clone());
    // As the program does when it has opened its listeners.
    access.look(metrics);
    (router(gate, metrics, bounds, access), served, workers)
}

/// The gRPC of a server whose models are not warm.
pub(crate) async fn calls() -> Router {
    let (gate, metrics) = (Gate::default(), Arc::new(Metrics::new(|| 0).unwrap()));
    smld::grpc::router(Inference::new(&gate, &metrics, bounds()), &Access::default(), &metrics).await.unwrap().0
}

/// A server whose models are not there yet.
pub(crate) fn shut() -> Router {
    router(&Gate::default(), &Arc::new(Metrics::new(|| 0).unwrap()), bounds(), &Access::default())
}

pub(crate) fn bounds() -> Bounds {
    let requests = RequestLimits { max_n: 100, max_evaluations: 60_000_000, deadline: Duration::from_secs(600) };
    let archives = RequestLimits { max_n: 100_000, max_evaluations: 70_000_000, deadline: Duration::from_secs(7200) };
    let (patience, heartbeat) = (Duration::from_secs(600), Duration::from_secs(600));
    Bounds {
        requests,
        archives,
        scores: ScoreLimits { rows: 64, deadline: requests.deadline },
        readers: Readers { patience, heartbeat },
        jobs: JobLimits { most: 8, bytes: 1 << 20, retention: Duration::from_secs(600) },
        answers: 1 << 30,
        body: 4096,
        stall: Duration::from_secs(60),
    }
}

fn ready(model: impl ScoreModel + 'static) -> ReadyModel {
    prepare(Arc::new(model), &[1]).unwrap()
}

/// Two bumps in the plane.
pub(crate) fn mixture() -> DensityModel {
    let component = |weight, mean: f64| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap().named("mixture")
}

/// The noise level at which the runs of [`Tiles`] fail.
pub(crate) const FAULTY_SIGMA: f32 = 0.125;

/// Images of 4 × 3 pixels, of two classes, all with one Gaussian density.
#[derive(Clone)]
struct Tiles {
    density: DensityModel,
    info: ModelInfo,
}

impl Tiles {
    fn new() -> Self {
        let gaussian = Component { weight: 1.0, mean: vec![0.5; 12], variance: 0.04 };
        let density = GaussianMixture::new(vec![gaussian]).unwrap().named("tiles");
        let info = ModelInfo {
            shape: vec![1, 3, 4],
            range: [0.0, 1.0],
            sigma_min: 0.01,
            sigma_max: 2.0,
            labels: vec!["plain".to_owned(), "striped".to_owned()],
            label_weights: vec![1.0, 3.0],
            sha256: "5d".repeat(32),
            ..density.info().clone()
        };
        Self { density, info }
    }
}

impl ScoreModel for Tiles {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, _threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl ScoreSession for Tiles {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        if rows.sigma.contains(&FAULTY_SIGMA) {
            return Err(ScoreError { model: "tiles".to_owned(), reason: "the device is gone".to_owned() });
        }
        self.density.evaluate(rows, score)
    }
}

/// `POST /v1/samples` of `body`, as JSON, with an id that snapshots can hold.
pub(crate) fn post(body: impl Into<Body>) -> Request<Body> {
    request("POST", "/v1/samples", body)
}

pub(crate) fn get(path: &str) -> Request<Body> {
    request("GET", path, Body::empty())
}

pub(crate) fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("x-request-id", "a-test");
    request.header("content-type", "application/json").body(body.into()).unwrap()
}

pub(crate) fn accepting(mut request: Request<Body>, accept: &'static str) -> Request<Body> {
    request.headers_mut().insert("accept", accept.parse().unwrap());
    request
}

/// How the problem `answer` to `what` was told: the status, the body, and the headers that say what to do.
pub(crate) fn problem(what: &str, answer: &Answer) -> String {
    let mut line = format!("{what}\n  {} {}\n", answer.status.as_u16(), answer.text());
    for header in ["retry-after", "allow"] {
        if answer.headers.contains_key(header) {
            writeln!(line, "  {header}: {}", answer.header(header)).unwrap();
        }
    }
    line
}

/// The metrics as lines.
pub(crate) async fn metrics(router: &Router) -> Vec<String> {
    send(router, get("/metrics")).await.text().lines().map(str::to_owned).collect()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// The address of a server of `router`.
pub(crate) async fn listening(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Connections { most: 8, header_timeout: LONG, ..Connections::default() };
    tokio::spawn(serve(listener, router, connections, std::future::pending()));
    address
}

/// Waits until the metrics have `line`.
pub(crate) async fn told(router: &Router, line: &str) {
    let seen = async {
        while !metrics(router).await.iter().any(|sample| sample == line) {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(LONG, seen).await.is_ok(), "{line} was never told");
}

/// Looks at the engine until it is as `wanted`: how things stand then.
pub(crate) async fn until(served: &Served, wanted: impl Fn(Snapshot) -> bool) -> Snapshot {
    let seen = async {
        loop {
            let snapshot = served.engine.snapshot();
            if wanted(snapshot) {
                return snapshot;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, seen).await.expect("the engine never came there")
}

/// The files of a tar.
pub(crate) fn untarred(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let untar = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), contents)
    };
    archive.entries().unwrap().map(untar).collect()
}

/// The events of a stream, with their data; comments are passed over.
pub(crate) fn events(stream: &str) -> Vec<(String, Value)> {
    let blocks = stream.split_terminator("\n\n").filter(|block| !block.starts_with(':'));
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').unwrap();
        let (name, data) = (name.strip_prefix("event: ").unwrap(), data.strip_prefix("data: ").unwrap());
        (name.to_owned(), serde_json::from_str(data).unwrap())
    };
    blocks.map(event).collect()
}
