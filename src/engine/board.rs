//! The requests under way: how they come in, move on and end.

mod failing;
mod intake;

pub(super) use intake::Taken;

use super::chain::{Chain, Progress};
use super::pace::Pace;
use super::pool::{Back, Batch, Key, Pool, PoolConfig};
use super::work::Work;
use super::{EngineConfig, Event, Failure, Headway, Message, Observer, Previews, Priority, Snapshot, Summary, Word};
use crate::score::{ReadyModel, Tuning};
use failing::Failing;
use intake::Told;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A request under way.
struct Job {
    work: Arc<Work>,
    model: usize,
    ticket: mpsc::Sender<Word>,
    accepted: Instant,
    /// When its first row was taken.
    begun: Option<Instant>,
    /// Where its chains show themselves, where that was asked for.
    previews: Option<Arc<Previews>>,
}

impl Job {
    /// What it took if every chain has ended `now`.
    fn summary(&self, now: Instant) -> Summary {
        let begun = self.begun.unwrap_or(now);
        let evaluations = u64::from(self.work.chains()) * u64::from(self.work.each());
        Summary { evaluations, queued: begun - self.accepted, sampling: now - begun }
    }
}

/// One row of a batch that a worker has in hand.
pub(super) struct Row {
    pub key: Key,
    pub chain: Chain,
    pub progress: Progress,
}

/// A step that a worker has made of the rows in its hand.
pub(super) struct Done {
    pub batch: Batch,
    /// An error where the model failed; then the rows have not moved.
    pub result: Result<(), String>,
    pub elapsed: Duration,
    /// That, and what the worker spent at the board before.
    pub turn: Duration,
    pub now: Instant,
}

/// What a worker is to do.
pub(super) enum Next {
    /// The batch whose rows were handed out.
    Step(Batch),
    /// Nothing now.
    Wait,
    /// Nothing any more.
    End,
}

/// The requests, the policy that orders them, and what was measured.
pub(super) struct Board {
    config: EngineConfig,
    /// The models' names.
    models: Vec<String>,
    observer: Arc<dyn Observer>,
    pool: Pool<Chain>,
    jobs: BTreeMap<Key, Job>,
    /// Before it no deadline passes.
    next_deadline: Option<Instant>,
    paces: Vec<Pace>,
    told: Told,
    /// What is to be sent when the lock is free.
    messages: Vec<Message>,
    last_step: Option<Instant>,
    /// By model.
    failing: Vec<Failing>,
    /// When there was last something to do after there had been nothing.
    woken: Option<Instant>,
    draining: bool,
}

impl Board {
    /// `wide`: for each model whether worker 0 has a session of many threads.
    pub(super) fn new(
        config: EngineConfig,
        models: &[ReadyModel],
        wide: Vec<bool>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let EngineConfig { workers, batch_rows, slots, .. } = config;
        let rows =
            |of: fn(&Tuning) -> usize| models.iter().map(move |model| model.tuning().map_or(batch_rows, of)).collect();
        let (most, least) = (rows(|tuning| tuning.batch_rows), rows(|tuning| tuning.least_rows));
        let window = intake::window(slots);
        let pool = Pool::new(PoolConfig { workers, batch_rows: most, least_rows: least, slots, window, wide });
        let paces = models.iter().map(|model| model.tuning().map_or_else(Pace::default, Pace::measured)).collect();
        let failing = vec![Failing::default(); models.len()];
        let models = models.iter().map(|model| model.info().name.clone()).collect();
        Self {
            config,
            models,
            observer,
            pool,
            jobs: BTreeMap::new(),
            next_deadline: None,
            paces,
            told: Told::default(),
            messages: Vec::new(),
            last_step: None,
            failing,
            woken: None,
            draining: false,
        }
    }

    /// How far request `key` is.
    pub(super) fn headway(&self, key: Key) -> Option<Headway> {
        self.pool.headway(key)
    }

    /// The next sample of request `key`, by rising index, was fetched.
    pub(super) fn fetched(&mut self, key: Key, now: Instant) {
        self.wake(now);
        self.pool.fetched(key);
    }

    /// From `now` on there is something to do, if there was nothing.
    fn wake(&mut self, now: Instant) {
        if !self.pool.busy() {
            self.woken = Some(now);
        }
    }

    /// What `worker` is to do now; the rows of a step are put into `rows`, which is empty.
    pub(super) fn next(&mut self, worker: usize, now: Instant, rows: &mut Vec<Row>) -> Next {
        self.expire(now);
        let Self { pool, jobs, models, observer, .. } = self;
        let batch = pool.take(worker, |key, number, chain| {
            let Some(job) = jobs.get_mut(&key) else { return };
            if job.begun.is_none() {
                job.begun = Some(now);
                observer.started(&models[job.model], job.work.priority(), now - job.accepted);
            }
            let chain = chain.unwrap_or_else(|| Chain::new(Arc::clone(&job.work), number, job.previews.clone()));
            rows.push(Row { key, chain, progress: Progress::Going });
        });
        match batch {
            Some(batch) => Next::Step(batch),
            None if self.is_over() => Next::End,
            None => Next::Wait,
        }
    }

    /// Takes the rows of a step back.
    pub(super) fn settle(&mut self, done: Done, rows: &mut Vec<Row>) {
        let Done { batch, result, elapsed, turn, now } = done;
        self.last_step = Some(now);
        let model = &self.models[batch.model];
        match result {
            Ok(()) => {
                self.failing[batch.model] = Failing::default();
                self.paces[batch.model].record(rows.len(), turn);
                self.observer.step(model, rows.len(), elapsed);
                rows.drain(..).for_each(|row| self.take_back(row, now));
            }
            Err(reason) => {
                self.failing[batch.model].again(now);
                self.observer.failed(model, &reason);
                for Row { key, chain, .. } in rows.drain(..) {
                    self.fail(key, Failure::Model { reason: reason.clone() });
                    self.pool.back(key, chain.number(), None);
                }
            }
        }
    }

    /// Whether there is something to send when the lock is free.
    pub(super) fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    /// What is to be sent when the lock is free.
    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        mem::take(&mut self.messages)
    }

    /// Whether there is a row for workers that wait.
    pub(super) fn has_rows(&self) -> bool {
        self.pool.takeable() > 0
    }

    /// Whether nothing is under way and nothing will be.
    pub(super) fn is_over(&self) -> bool {
        self.draining && self.jobs.is_empty()
    }

    fn take_back(&mut self, Row { key, chain, progress }: Row, now: Instant) {
        let Some(job) = self.jobs.get(&key) else {
            self.pool.back(key, chain.number(), None);
            self.observer.cancelled(1);
            return;
        };
        let number = chain.number();
        match progress {
            Progress::Going => {
                self.pool.back(key, number, Some(chain));
            }
            Progress::Diverged => {
                self.observer.diverged(&self.models[job.model]);
                self.fail(key, chain.divergence());
                self.pool.back(key, number, None);
            }
            Progress::Ended => {
                if matches!(*job.work, Work::Samples(_)) {
                    self.observer.sampled(&self.models[job.model]);
                }
                let index = chain.index();
                let (x, diagnostics) = chain.into_sample();
                let done = (self.pool.back(key, number, None) == Back::Complete).then(|| job.summary(now));
                let word = Word { event: Event::Sample { index, x, diagnostics }, done };
                self.messages.push(Message { to: job.ticket.clone(), word });
                if done.is_some() {
                    self.jobs.remove(&key);
                }
            }
        }
    }

    fn fail(&mut self, key: Key, failure: Failure) {
        if let Some(job) = self.jobs.remove(&key) {
            self.pool.remove(key);
            self.messages.push(Message { to: job.ticket, word: failure.into() });
        }
    }

    /// Fails requests whose deadline has passed.
    fn expire(&mut self, now: Instant) {
        if self.next_deadline.is_none_or(|next| now < next) {
            return;
        }
        let Self { pool, jobs, observer, messages, .. } = self;
        jobs.retain(|&key, job| {
            let late = now >= job.work.deadline();
            if late {
                messages.push(Message { to: job.ticket.clone(), word: Failure::Deadline.into() });
                observer.cancelled(pool.remove(key));
            }
            !late
        });
        self.next_deadline = jobs.values().map(|job| job.work.deadline()).min();
    }

    /// Drops request `key`, which nobody waits for any more.
    pub(super) fn abandon(&mut self, key: Key) {
        if self.jobs.remove(&key).is_some() {
            self.observer.cancelled(self.pool.remove(key));
        }
    }

    /// Takes no new requests.
    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    /// Takes no new requests, and fails what is left.
    pub(super) fn stop(&mut self) {
        self.draining = true;
        while let Some((&key, _)) = self.jobs.first_key_value() {
            self.fail(key, Failure::Stopped);
        }
    }

    /// How things stand.
    pub(super) fn snapshot(&self, now: Instant) -> Snapshot {
        let requests_waiting = self.pool.requests_waiting();
        let requests: usize = Priority::ALL.map(|priority| self.pool.requests(priority)).iter().sum();
        let [interactive_evaluations, bulk_evaluations] = Priority::ALL.map(|priority| self.pool.queued(priority));
        let busy = self.pool.busy();
        let moved = self.last_step.max(self.woken).filter(|_| busy);
        let still = self.failing.iter().map(Failing::since).chain([moved]).flatten().min();
        Snapshot {
            requests_running: requests - requests_waiting,
            requests_waiting,
            chains_waiting: self.pool.chains_waiting(),
            queued_evaluations: interactive_evaluations + bulk_evaluations,
            bulk_evaluations,
            slots_used: self.pool.slots_used(),
            slots_capacity: self.config.slots,
            since_last_step: self.last_step.map(|last| now.saturating_duration_since(last)),
            busy,
            stalled: still.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
            draining: self.draining,
        }
    }
}
