//! What is counted, and the exposition in Prometheus' text format: `GET /metrics`.

mod family;

use super::keys::Denied;
use super::openapi::{Entering, Program, Told};
use super::problem::Problem;
use super::served::{Gate, Served};
use crate::engine::{Bound, Observer, Priority, Refused, Snapshot};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use family::families;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TEXT_FORMAT,
    TextEncoder,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Seconds of requests and waits: a point density answers in milliseconds, a sheet of images in minutes.
const REQUEST_SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0];
/// Seconds of one step batch, on anything from a GPU to a slow core.
const STEP_SECONDS: [f64; 12] = [1e-5, 1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
/// Rows of one step batch.
const ROWS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The problems that are counted as refusals, beside the bounds of the engine.
const REASONS: [&str; 7] =
    ["draining", "not-ready", "too-many-jobs", "no-room", "unauthorized", "key-rate", "key-evaluations"];

/// How a request ends that the server failed.
const INTERNAL: &str = "internal";

families! {
    /// What the engine tells as it goes.
    struct Steps {
        /// Seconds from a request, for samples or scores, being taken to its first evaluation.
        queue_duration_seconds: HistogramVec ["priority"] in REQUEST_SECONDS,
        /// Seconds of one step batch: the score network, and the sampler's update of its rows.
        step_duration_seconds: HistogramVec ["model"] in STEP_SECONDS,
        /// Rows of one step batch.
        step_batch_rows: HistogramVec ["model"] in ROWS,
        /// Rows that went through the score network.
        score_evaluations_total: IntCounterVec ["model"],
        /// Chains that came to their end.
        images_total: IntCounterVec ["model"],
        /// Evaluations made for requests that went away.
        cancelled_evaluations_total: IntCounter [],
        /// Runs of a score model that failed, whoever they were for.
        failed_runs_total: IntCounterVec ["model"],
        /// Chains, and scores asked for, that left the finite range.
        nonfinite_total: IntCounterVec ["model"],
    }
}

families! {
    /// Requests for samples, from their first byte to their answer.
    struct Requests {
        /// Requests for samples, by how they ended: ok, cancelled by the client, or the name of a problem; of an archive that is
        /// what broke it off, of a job how its work ended.
        requests_total: IntCounterVec ["model", "outcome"],
        /// Seconds of a request for samples, whatever its end.
        request_duration_seconds: Histogram [] in REQUEST_SECONDS,
        /// Requests for samples that were refused for want of room or readiness, by reason: too many requests, too long a queue,
        /// a deadline that could not be kept, draining, not ready, too many jobs; and requests of any kind that were refused for
        /// want of room for their body or their answer, no-room, of a key, or of what the key may have: unauthorized, key-rate, key-evaluations.
        rejected_total: IntCounterVec ["reason"],
        /// Requests of any kind that brought a key, by its name; those above its rate are not among them.
        key_requests_total: IntCounterVec ["key"],
        /// Jobs under way, and those whose samples are kept until they are fetched.
        jobs: IntGauge [],
        /// Bytes of samples that jobs keep, or will keep.
        job_bytes: IntGauge [],
        /// Bytes of answers that are being drawn or were not read yet.
        answer_bytes: IntGauge [],
    }
}

families! {
    /// The engine at the moment of the scrape.
    struct Engine {
        /// Requests with an evaluation made or under way.
        requests_running: IntGauge [],
        /// Requests that wait for their first evaluation.
        requests_waiting: IntGauge [],
        /// Chains that have not begun.
        chains_waiting: IntGauge [],
        /// Evaluations still to make, of an archive those of the samples that may be under way: what to scale on.
        queued_evaluations: IntGauge [],
        /// Evaluations still to make of bulk requests, which yield: those of the queue that nobody waits for.
        bulk_queued_evaluations: IntGauge [],
        /// Slots that hold a running chain.
        slots_used: IntGauge [],
        /// All slots.
        slots_capacity: IntGauge [],
        /// When the last step ended, in seconds since 1970; zero before the first.
        last_step_timestamp_seconds: Gauge [],
        /// What runs a model; always 1.
        execution_provider_info: IntGaugeVec ["model", "provider"],
        /// Lines of the log that were lost because nobody read those before them, or they could not be written.
        log_lines_lost_total: IntCounter [],
        /// Whether the files of keys, or of TLS, are in force as they are; 0 where they cannot be used, and what was read before stays.
        files_usable: IntGaugeVec ["files"],
        /// The build; always 1.
        build_info: IntGaugeVec ["version"],
    }
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    steps: Steps,
    requests: Requests,
    engine: Engine,
    /// How many lines the log has lost; two scrapes at once count them once.
    lost_lines: Mutex<Box<dyn Fn() -> u64 + Send>>,
}

impl Metrics {
    /// The metrics, registered and at zero. `lost_lines` tells how many lines the log has lost so far.
    ///
    /// # Errors
    /// Where two have one name or a name cannot be.
    pub fn new(lost_lines: impl Fn() -> u64 + Send + 'static) -> prometheus::Result<Self> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let (steps, requests, engine) =
            (Steps::register(&registry)?, Requests::register(&registry)?, Engine::register(&registry)?);
        engine.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for reason in Bound::ALL.map(Bound::name).into_iter().chain(REASONS) {
            requests.rejected_total.with_label_values(&[reason]).reset();
        }
        for priority in Priority::ALL {
            steps.queue_duration_seconds.with_label_values(&[priority.name()]);
        }
        Ok(Self { registry, steps, requests, engine, lost_lines: Mutex::new(Box::new(lost_lines)) })
    }

    /// Begins to count a request for samples.
    pub(super) fn request(self: &Arc<Self>) -> Outcome {
        Outcome::new(Arc::clone(self), true)
    }

    /// Begins what is no request for samples, but is answered as one.
    pub(super) fn uncounted(self: &Arc<Self>) -> Outcome {
        Outcome::new(Arc::clone(self), false)
    }

    /// A request brought the key of `name`.
    pub(super) fn asked(&self, name: &str) {
        self.requests.key_requests_total.with_label_values(&[name]).inc();
    }

    /// A request was refused for `reason`, one of [`REASONS`] or of the engine's bounds.
    pub(super) fn rejected(&self, reason: &str) {
        self.requests.rejected_total.with_label_values(&[reason]).inc();
    }

    /// There are `count` jobs.
    pub(super) fn jobs(&self, count: usize) {
        self.requests.jobs.set(count as i64);
    }

    /// Where the bytes of their samples are counted.
    pub(super) fn job_bytes(&self) -> IntGauge {
        self.requests.job_bytes.clone()
    }

    /// Where the bytes of answers are counted.
    pub(super) fn answer_bytes(&self) -> IntGauge {
        self.requests.answer_bytes.clone()
    }

    /// Whether what the files of this kind have now is in force.
    pub(super) fn files(&self, kind: &str, is_in_force: bool) {
        self.engine.files_usable.with_label_values(&[kind]).set(is_in_force.into());
    }

    fn exposition(&self, served: Option<&Served>) -> prometheus::Result<String> {
        if let Some(served) = served {
            self.engine.set(served.engine.snapshot());
            for model in served.catalog.models() {
                let info = model.info();
                self.engine.execution_provider_info.with_label_values(&[&info.name, &info.provider]).set(1);
                // At zero before the first: a counter that begins at one has not risen, and no alert sees it.
                self.steps.nonfinite_total.with_label_values(&[&info.name]);
                self.steps.failed_runs_total.with_label_values(&[&info.name]);
                self.requests.requests_total.with_label_values(&[info.name.as_str(), INTERNAL]);
            }
        }
        self.count_lost_lines();
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn count_lost_lines(&self) {
        let lost_lines = self.lost_lines.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = &self.engine.log_lines_lost_total;
        counter.inc_by(lost_lines().saturating_sub(counter.get()));
    }
}

impl Engine {
    fn set(&self, snapshot: Snapshot) {
        self.requests_running.set(snapshot.requests_running as i64);
        self.requests_waiting.set(snapshot.requests_waiting as i64);
        self.chains_waiting.set(snapshot.chains_waiting as i64);
        self.queued_evaluations.set(snapshot.queued_evaluations as i64);
        self.bulk_queued_evaluations.set(snapshot.bulk_evaluations as i64);
        self.slots_used.set(snapshot.slots_used as i64);
        self.slots_capacity.set(snapshot.slots_capacity as i64);
        let last_step = snapshot.since_last_step.and_then(|since| SystemTime::now().checked_sub(since));
        let timestamp = last_step.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.last_step_timestamp_seconds.set(timestamp.unwrap_or_default().as_secs_f64());
    }
}

impl Observer for Metrics {
    fn step(&self, model: &str, rows: usize, elapsed: Duration) {
        self.steps.step_duration_seconds.with_label_values(&[model]).observe(elapsed.as_secs_f64());
        self.steps.step_batch_rows.with_label_values(&[model]).observe(rows as f64);
        self.steps.score_evaluations_total.with_label_values(&[model]).inc_by(rows as u64);
    }

    fn started(&self, _model: &str, priority: Priority, queued: Duration) {
        self.steps.queue_duration_seconds.with_label_values(&[priority.name()]).observe(queued.as_secs_f64());
    }

    fn sampled(&self, model: &str) {
        self.steps.images_total.with_label_values(&[model]).inc();
    }

    fn cancelled(&self, evaluations: u64) {
        self.steps.cancelled_evaluations_total.inc_by(evaluations);
    }

    fn diverged(&self, model: &str) {
        self.steps.nonfinite_total.with_label_values(&[model]).inc();
    }

    fn failed(&self, model: &str, reason: &str) {
        self.steps.failed_runs_total.with_label_values(&[model]).inc();
        tracing::error!(model, reason, "a run of the score model failed");
    }
}

/// How a request ends. Dropped before its end, the client went away.
pub(super) struct Outcome {
    metrics: Arc<Metrics>,
    began: Instant,
    model: String,
    outcome: &'static str,
    is_counted: bool,
}

impl Outcome {
    fn new(metrics: Arc<Metrics>, is_counted: bool) -> Self {
        Self { metrics, began: Instant::now(), model: String::new(), outcome: "cancelled", is_counted }
    }

    /// The request is for `model`, which there is: names that there are not would grow the metrics without bound.
    pub(super) fn model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    /// The request ended with `result`.
    pub(super) fn end(mut self, result: Result<(), &Problem>) {
        self.outcome = result.map_or_else(Problem::slug, |()| "ok");
        let reason = match result {
            // Of requests of any kind.
            Err(Problem::NoRoomForBody | Problem::NoRoomForAnswer { .. } | Problem::Denied(Denied::Busy { .. })) => {
                self.outcome
            }
            _ if !self.is_counted => return,
            Err(Problem::Refused(Refused::AtCapacity { bound, .. })) => bound.name(),
            Err(Problem::Refused(Refused::Draining) | Problem::NotReady | Problem::TooManyJobs { .. }) => self.outcome,
            _ => return,
        };
        self.metrics.rejected(reason);
    }

    /// The request ended with `problem`: the answer.
    pub(super) fn fail(self, problem: impl Into<Problem>) -> Response {
        let problem = problem.into();
        self.end(Err(&problem));
        problem.into_response()
    }

    /// No samples are drawn for it: it is not counted.
    pub(super) fn discard(&mut self) {
        self.is_counted = false;
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        if thread::panicking() {
            self.outcome = INTERNAL;
        }
        let requests = &self.metrics.requests;
        requests.requests_total.with_label_values(&[self.model.as_str(), self.outcome]).inc();
        requests.request_duration_seconds.observe(self.began.elapsed().as_secs_f64());
        if self.outcome == "cancelled" {
            tracing::info!(model = self.model, "cancelled by the client");
        }
    }
}

pub(super) fn router(gate: Gate, metrics: Arc<Metrics>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(expose)).with_state((gate, metrics))
}

type ExposeProblems = Told<(Entering, Program)>;

/// The metrics, in the text format of Prometheus
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, description = "All of them.", body = String), ExposeProblems))]
async fn expose(State((gate, metrics)): State<(Gate, Arc<Metrics>)>) -> Result<Response, Problem> {
    let text = metrics.exposition(gate.served()).map_err(|error| Problem::Internal { reason: error.to_string() })?;
    Ok(([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
}
