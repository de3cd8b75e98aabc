//! The jobs that are held, within bounds of number, bytes and time.
//!
//! The room for a job's samples is set aside when it is taken. Where room is wanted, jobs that are over give way, the oldest
//! first; those under way do not.

use super::id::JobId;
use super::state::State;
use crate::engine::{Forecast, InvalidRequest, RawSampleRequest, SampleRequest, Ticket};
use crate::http::asked::Asked;
use crate::http::encode::Drawn;
use crate::http::identify::RequestId;
use crate::http::metrics::{Metrics, Outcome};
use crate::http::problem::Problem;
use crate::http::room::{self, Room, Rooms};
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

struct Held {
    /// Whose a job is stands in its id: whoever comes for it with another key does not find it.
    jobs: BTreeMap<JobId, Job>,
    /// Of the samples of all, and of those of forgotten jobs that are still being read.
    rooms: Rooms,
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
    /// How many bytes there would be more room for if it were forgotten.
    fn gives(&self) -> u64 {
        match &self.state {
            State::Done(drawn) if Arc::strong_count(drawn) == 1 => self.bytes,
            _ => 0,
        }
    }

    fn tell(&self, id: &JobId) -> Result<Told, Problem> {
        let state = self.state.tell(id, &self.request, self.forecast)?;
        Ok(Told { request: self.request.clone(), state, is_over: self.state.is_over() })
    }
}

impl Jobs {
    pub(in crate::http) fn new(limits: JobLimits, metrics: Arc<Metrics>) -> Self {
        let held = Held { jobs: BTreeMap::new(), rooms: Rooms::new(metrics.job_bytes()), taken: 0 };
        Self { limits, metrics, held: Mutex::new(held) }
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
        let submitted = held
            .check_room(&self.limits, bytes)
            .and_then(|()| submit(&asked.request))
            .and_then(|ticket| Ok((ticket, held.make_room(&self.limits, bytes)?)));
        let (ticket, room) = match submitted {
            Ok(taken) => taken,
            Err(problem) => {
                outcome.end(Err(&problem));
                return Err(problem);
            }
        };
        let (number, Asked { raw, request, .. }) = (held.taken, asked);
        let (forecast, state) = (ticket.forecast(), State::UnderWay(ticket.watch()));
        let work = {
            let (jobs, id, request) = (Arc::clone(self), id.clone(), request.clone());
            async move {
                let deadline = request.deadline().into();
                let drawn = Source::Engine(ticket).drawn(request_id, request, Some(room), deadline).await;
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
            held.jobs.remove(id);
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
        let Job { task, state, .. } = self.lock().jobs.remove(id).ok_or(Problem::NoSuchSamples)?;
        task.abort();
        // Its ticket is dropped with it, or what was drawn with its state.
        let _ = task.await;
        drop(state);
        self.count(&self.lock());
        Ok(())
    }

    fn count(&self, held: &Held) {
        self.metrics.jobs(held.jobs.len());
    }
}

impl Held {
    /// Whether there would be room for `bytes` more if what is over gave way.
    fn check_room(&self, limits: &JobLimits, bytes: u64) -> Result<(), Problem> {
        if bytes > limits.bytes {
            let most = limits.bytes;
            let reason = format!("its samples take {bytes} bytes, and all jobs may keep {most}; see --max-job-bytes");
            return Err(InvalidRequest::new("n", reason).into());
        }
        let (count, held) = self.lasting();
        if count >= limits.most || held + bytes > limits.bytes { Err(self.full()) } else { Ok(()) }
    }

    /// The room of one more, of `bytes`: as many of those that are over are forgotten as it takes.
    fn make_room(&mut self, limits: &JobLimits, bytes: u64) -> Result<Room, Problem> {
        loop {
            let is_full = match self.rooms.take(bytes, limits.bytes) {
                Some(room) if self.jobs.len() < limits.most => return Ok(room),
                room => room.is_none(),
            };
            let over = self.jobs.iter().filter(|(_, job)| job.state.is_over() && (!is_full || job.gives() > 0));
            let oldest = over.min_by_key(|(_, job)| job.number).map(|(id, _)| id.clone());
            let job = oldest.and_then(|oldest| self.jobs.remove(&oldest)).ok_or_else(|| self.full())?;
            job.task.abort();
        }
    }

    /// How many jobs, and bytes of samples, do not give way.
    fn lasting(&self) -> (usize, u64) {
        let count = self.jobs.values().filter(|job| !job.state.is_over()).count();
        (count, self.rooms.taken().saturating_sub(self.jobs.values().map(Job::gives).sum()))
    }

    fn full(&self) -> Problem {
        let (count, held) = self.lasting();
        let reason = format!("{count} jobs are under way, and {held} bytes of samples are theirs or being read");
        Problem::TooManyJobs { reason }
    }
}

/// The bytes that the samples of `request` take.
fn bytes(request: &SampleRequest) -> u64 {
    room::bytes(request.n(), request.model().info().dim(), room::NUMBER)
}
