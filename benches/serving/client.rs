//! Those who ask: one request, clients in a closed loop, arrivals in an open one.

use crate::Result;
use crate::ask::Ask;
use crate::draws::Draws;
use crate::exposition::Reading;
use crate::wire::Wires;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};
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
pub(crate) struct Client(Arc<Wires>);

impl Client {
    /// A client of the server at `address`, as 127.0.0.1:8080.
    pub(crate) fn new(address: &str) -> Self {
        Self(Arc::new(Wires::new(address)))
    }

    /// The address, as it was given.
    pub(crate) fn address(&self) -> &str {
        self.0.address()
    }

    /// Sends `ask` and reads the answer to its end. Its latency counts from `since`.
    pub(crate) async fn send(self, ask: Ask, since: Instant) -> Result<Answer> {
        let (status, _) = self.0.post("/v1/samples", &ask.json()?).await?;
        let ended = Instant::now();
        Ok(Answer { status, latency: ended - since, ended })
    }

    /// As [`send`](Self::send), from now on; an error where the answer is not samples.
    pub(crate) async fn draw(self, ask: Ask) -> Result<Answer> {
        let answer = self.send(ask.clone(), Instant::now()).await?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("{} was answered {}", ask.json()?, answer.status).into())
        }
    }

    /// What the server says of itself.
    pub(crate) async fn read(&self) -> Result<Reading> {
        let sent = Instant::now();
        let (status, text) = self.0.get("/metrics").await?;
        if status != 200 {
            return Err(format!("/metrics was answered {status}").into());
        }
        // It was written between the two.
        Ok(Reading::new(sent + sent.elapsed() / 2, String::from_utf8(text)?))
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
            let (mut due, mut arrived) = (Duration::ZERO, Arrived::default());
            for i in 0.. {
                due += Duration::from_secs_f64(-(1.0 - draws.next()).ln() / rate);
                if due > span {
                    break;
                }
                sleep_until((start + due).into()).await;
                arrived.under_way.spawn(client.clone().send(next(i), start + due));
                arrived.hear()?;
            }
            Ok(arrived)
        })
    }
}

/// An open loop; it ends when the last request has been sent.
pub(crate) type Arrivals = JoinHandle<Result<Arrived>>;

/// What has become of those who arrived.
#[derive(Default)]
pub(crate) struct Arrived {
    answers: Vec<Answer>,
    under_way: JoinSet<Result<Answer>>,
}

impl Arrived {
    /// Notes who has been answered: what they took up is there for those who come.
    fn hear(&mut self) -> Result<()> {
        while let Some(ended) = self.under_way.try_join_next() {
            self.answers.push(ended??);
        }
        Ok(())
    }

    /// The answers that are there; the requests that are under way are taken back.
    pub(crate) fn so_far(mut self) -> Result<Vec<Answer>> {
        self.hear()?;
        Ok(self.answers)
    }

    /// All answers.
    pub(crate) async fn all(mut self) -> Result<Vec<Answer>> {
        while let Some(ended) = self.under_way.join_next().await {
            self.answers.push(ended??);
        }
        Ok(self.answers)
    }
}

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
