//! Those who ask: one request, clients in a closed loop, arrivals in an open one.

use crate::Result;
use crate::ask::Ask;
use crate::draws::Draws;
use crate::exposition::Reading;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The status of HTTP.
    pub(crate) status: u16,
    /// Until the last byte of the answer.
    pub(crate) latency: Duration,
    /// When that was.
    pub(crate) ended: Instant,
}

/// A client of the server, with as many connections as it has requests under way. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    address: Arc<str>,
    samples: Uri,
    metrics: Uri,
}

impl Client {
    /// A client of the server at `address`, as 127.0.0.1:8080.
    pub(crate) fn new(address: &str) -> Result<Self> {
        // It has the server's cores, so it does as little as it can.
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        let uri = |path: &str| format!("http://{address}{path}").parse();
        Ok(Self { http, address: address.into(), samples: uri("/v1/samples")?, metrics: uri("/metrics")? })
    }

    /// The address, as it was given.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends `ask` and reads the answer to its end. Its latency counts from `since`.
    pub(crate) async fn send(self, ask: Ask, since: Instant) -> Result<Answer> {
        let body = Full::from(serde_json::to_vec(&ask.body)?);
        let request = Request::post(self.samples.clone()).header(CONTENT_TYPE, "application/json").body(body)?;
        let (status, _) = self.whole(request).await?;
        let ended = Instant::now();
        Ok(Answer { status: status.as_u16(), latency: ended - since, ended })
    }

    /// The answer to `request`, read to its end.
    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        let answer = self.http.request(request).await?;
        Ok((answer.status(), answer.into_body().collect().await?.to_bytes()))
    }

    /// As [`send`](Self::send), from now on; an error where the answer is not samples.
    pub(crate) async fn draw(self, ask: Ask) -> Result<Answer> {
        let answer = self.send(ask.clone(), Instant::now()).await?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("{} was answered {}", ask.body, answer.status).into())
        }
    }

    /// What the server says of itself.
    pub(crate) async fn read(&self) -> Result<Reading> {
        let sent = Instant::now();
        let (status, text) = self.whole(Request::get(self.metrics.clone()).body(Full::default())?).await?;
        if status != StatusCode::OK {
            return Err(format!("/metrics was answered {status}").into());
        }
        // It was written between the two.
        Ok(Reading::new(sent + sent.elapsed() / 2, String::from_utf8(text.into())?))
    }

    /// Waits until no request is left, and reads; an error where one stays.
    pub(crate) async fn idle(&self) -> Result<Reading> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let reading = self.read().await?;
            let left = ["smld_requests_running", "smld_requests_waiting", "smld_slots_used"];
            if left.iter().all(|metric| reading.sum(metric) == 0.0) {
                return Ok(reading);
            }
        }
        Err("requests or slots are left though every client is gone".into())
    }

    /// A closed loop: `clients` clients, each of which sends its next request when its last is answered, and none after
    /// `span`. `next(i)` is request i of all. Every answer must be samples.
    pub(crate) async fn closed(
        &self,
        clients: u32,
        span: Duration,
        next: impl Fn(u32) -> Ask + Send + Sync + 'static,
    ) -> Result<Vec<Answer>> {
        let mut loops = self.crowd(clients, Some(Instant::now() + span), next);
        let mut answers = Vec::new();
        while let Some(ended) = loops.join_next().await {
            answers.extend(ended??);
        }
        Ok(answers)
    }

    /// A closed loop without an end; dropping it takes back the requests under way.
    pub(crate) fn saturate(&self, clients: u32, next: impl Fn(u32) -> Ask + Send + Sync + 'static) -> Saturation {
        Saturation(self.crowd(clients, None, next))
    }

    fn crowd(
        &self,
        clients: u32,
        end: Option<Instant>,
        next: impl Fn(u32) -> Ask + Send + Sync + 'static,
    ) -> JoinSet<Result<Vec<Answer>>> {
        let shared = Arc::new((AtomicU32::new(0), next));
        let mut loops = JoinSet::new();
        for _ in 0..clients {
            let (client, shared) = (self.clone(), Arc::clone(&shared));
            loops.spawn(async move {
                let (count, next) = &*shared;
                let mut answers = Vec::new();
                while end.is_none_or(|end| Instant::now() < end) {
                    let answer = client.clone().draw(next(count.fetch_add(1, Ordering::Relaxed))).await?;
                    // Without an end nobody will ask for them.
                    answers.extend(end.map(|_| answer));
                }
                Ok(answers)
            });
        }
        loops
    }

    /// An open loop: requests arrive as a Poisson process of `rate` a second for `span`, whatever became of those before.
    /// Latencies count from when a request was due, so that what the client itself is late counts too.
    pub(crate) fn arrivals(&self, rate: f64, span: Duration, next: impl Fn(u32) -> Ask + Send + 'static) -> Arrivals {
        let client = self.clone();
        let mut draws = Draws::new(7);
        let start = Instant::now();
        tokio::spawn(async move {
            let (mut due, mut asked) = (Duration::ZERO, JoinSet::new());
            for i in 0.. {
                due += Duration::from_secs_f64(-(1.0 - draws.next()).ln() / rate);
                if due > span {
                    break;
                }
                sleep_until((start + due).into()).await;
                asked.spawn(client.clone().send(next(i), start + due));
            }
            asked
        })
    }
}

/// An open loop under way: when the last request has been sent, all that were.
pub(crate) type Arrivals = tokio::task::JoinHandle<JoinSet<Result<Answer>>>;

/// A closed loop without an end.
pub(crate) struct Saturation(JoinSet<Result<Vec<Answer>>>);

impl Saturation {
    /// Whether every client is still at it; otherwise why one is not.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.0.try_join_next() {
            Some(ended) => ended?.and(Err("a client came to an end".into())),
            None => Ok(()),
        }
    }
}
