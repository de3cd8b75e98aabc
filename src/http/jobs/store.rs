//! The jobs that are held, within bounds of number, bytes and time.
//!
//! The room for a job's samples is set aside when it is taken. Where room is wanted, jobs that are over give way, the oldest
//! first; those under way do not.

use super::id::JobId;
use super::state::State;
use crate::engine::{Forecast, RawSampleRequest, SampleRequest, Ticket};
use crate::http::asked::Asked;
use crate::http::encode::Drawn;
use crate::http::identify::RequestId;
use crate::http::metrics::{Metrics, Outcome};
use crate::http::problem::Problem;
use crate::http::source::Source;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// How much work may be done for later.
#[derive(Clone, Copy, Debug)]
pub struct JobLimits {
    /// The most jobs, under way or done.
    pub most: usize,
    /// The most bytes of samples that they keep, or will keep.
    pub bytes: u64,
    /// How long samples are kept after they were drawn.
    pub retention: Duration,
}

/// The jobs, for as long as the process lives.
pub(in crate::http) struct Jobs {
    limits: JobLimits,
    metrics: Arc<Metrics>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Whose a job is stands in its id: whoever comes for it with another key does not find it.
    jobs: BTreeMap<JobId, Job>,
    /// The bytes of all.
    bytes: u64,
    /// How many there ever were.
    taken: u64,
}

struct Job {
    /// Its number in the order of arrival: an id may be taken again.
    number: u64,
    /// What was asked, to be known again.
    raw: RawSampleRequest,
    request: SampleRequest,
    forecast: Forecast,
    bytes: u64,
    state: State,
    /// Draws the samples, keeps them for a time, and forgets the job.
    task: JoinHandle<()>,
}

/// The state of a job as JSON.
pub(super) struct Told {
    pub(super) request: SampleRequest,
    pub(super) state: Vec<u8>,
    /// Whether nothing more is done.
    pub(super) is_over: bool,
}

/// A job that was come for.
pub(super) enum Found {
    UnderWay(Told),
    Done(Arc<Drawn>),
    Failed(SampleRequest, Problem),
}

impl Job {
    fn tell(&self, id: &JobId) -> Result<Told, Problem> {
        let state = self.state.tell(id, &self.request, self.forecast)?;
        Ok(Told { request: self.request.clone(), state, is_over: self.state.is_over() })
    }
}

impl Jobs {
    pub(in crate::http) fn new(limits: JobLimits, metrics: Arc<Metrics>) -> Self {
        Self { limits, metrics, held: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is asked under `id`, or finds that the same was taken already; `submit` hands it to the engine. How it stands.
    pub(super) fn take(
        self: &Arc<Self>,
        id: JobId,
        request_id: RequestId,
        asked: Asked,
        submit: impl FnOnce(&SampleRequest) -> Result<Ticket, Problem>,
        mut outcome: Outcome,
    ) -> Result<Told, Problem> {
        let mut held = self.lock();
        if let Some(job) = held.jobs.get(&id) {
            if job.raw == asked.raw {
                outcome.discard();
                return job.tell(&id);
            }
            outcome.end(Err(&Problem::Conflict));
            return Err(Problem::Conflict);
        }
        let bytes = bytes(&asked.request);
        let submitted = held.check_room(&self.limits, bytes).and_then(|()| submit(&asked.request));
        let ticket = match submitted {
            Ok(ticket) => ticket,
            Err(problem) => {
                outcome.end(Err(&problem));
                return Err(problem);
            }
        };
        held.make_room(&self.limits, bytes);
        let (number, Asked { raw, request, .. }) = (held.taken, asked);
        let (forecast, state) = (ticket.forecast(), State::UnderWay(ticket.watch()));
        let work = {
            let (jobs, id, request) = (Arc::clone(self), id.clone(), request.clone());
            async move {
                let deadline = request.deadline().into();
                let drawn = Source::Engine(ticket).drawn(request_id, request, deadline).await;
                outcome.end(drawn.as_ref().map(|_| ()));
                jobs.settle(&id, number, drawn);
                tokio::time::sleep(jobs.limits.retention).await;
                jobs.forget(&id, number);
            }
        };
        let task = tokio::spawn(work.in_current_span());
        let job = Job { number, raw, request, forecast, bytes, state, task };
        let told = job.tell(&id);
        held.taken += 1;
        held.bytes += bytes;
        held.jobs.insert(id, job);
        self.count(&held);
        told
    }

    /// The job that was taken as the `number`th is over.
    fn settle(&self, id: &JobId, number: u64, drawn: Result<Arc<Drawn>, Problem>) {
        if let Some(job) = self.lock().jobs.get_mut(id).filter(|job| job.number == number) {
            job.state = drawn.map_or_else(State::Failed, State::Done);
        }
    }

    /// Forgets the job that was taken as the `number`th.
    fn forget(&self, id: &JobId, number: u64) {
        let mut held = self.lock();
        if held.jobs.get(id).is_some_and(|job| job.number == number) {
            held.remove(id);
            self.count(&held);
        }
    }

    /// What has become of job `id`.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn find(&self, id: &JobId) -> Result<Found, Problem> {
        let held = self.lock();
        let (id, job) = held.jobs.get_key_value(id).ok_or(Problem::NoSuchSamples)?;
        match &job.state {
            State::UnderWay(_) => job.tell(id).map(Found::UnderWay),
            State::Done(drawn) => Ok(Found::Done(Arc::clone(drawn))),
            State::Failed(problem) => Ok(Found::Failed(job.request.clone(), problem.clone())),
        }
    }

    /// Cancels job `id` and forgets it. When this has ended no evaluation is begun for it.
    pub(super) async fn delete(&self, id: &JobId) -> Result<(), Problem> {
        let job = {
            let mut held = self.lock();
            let job = held.remove(id).ok_or(Problem::NoSuchSamples)?;
            self.count(&held);
            job
        };
        job.task.abort();
        // Its ticket is dropped with it.
        let _ = job.task.await;
        Ok(())
    }

    fn count(&self, held: &Held) {
        self.metrics.jobs(held.jobs.len(), held.bytes);
    }
}

impl Held {
    /// Whether there would be room for `bytes` more if what is over gave way.
    fn check_room(&self, limits: &JobLimits, bytes: u64) -> Result<(), Problem> {
        if bytes > limits.bytes {
            let most = limits.bytes;
            let reason =
                format!("n: its samples take {bytes} bytes, and all jobs may keep {most}; see --max-job-bytes");
            return Err(Problem::Invalid { field: Some("n".to_owned()), reason });
        }
        let under_way = || self.jobs.values().filter(|job| !job.state.is_over());
        let (count, kept) = (under_way().count(), under_way().map(|job| job.bytes).sum::<u64>());
        if count >= limits.most || kept + bytes > limits.bytes {
            let reason = format!("{count} jobs are under way, for {kept} bytes of samples");
            return Err(Problem::TooManyJobs { reason });
        }
        Ok(())
    }

    /// Forgets as many of those that are over as room is wanted for one more, of `bytes`.
    fn make_room(&mut self, limits: &JobLimits, bytes: u64) {
        while self.jobs.len() >= limits.most || self.bytes + bytes > limits.bytes {
            let over = self.jobs.iter().filter(|(_, job)| job.state.is_over());
            let Some(oldest) = over.min_by_key(|(_, job)| job.number).map(|(id, _)| id.clone()) else { return };
            if let Some(job) = self.remove(&oldest) {
                job.task.abort();
            }
        }
    }

    fn remove(&mut self, id: &JobId) -> Option<Job> {
        let job = self.jobs.remove(id)?;
        self.bytes -= job.bytes;
        Some(job)
    }
}

/// The bytes that the samples of `request` take, with what is told of each.
fn bytes(request: &SampleRequest) -> u64 {
    const TOLD: usize = 96;
    let each = TOLD + request.model().info().dim() * size_of::<f32>();
    u64::from(request.n()) * each as u64
}
