//! How requests come in: foretold, admitted, taken.

use super::{Board, Job};
use crate::engine::admission::{self, Term};
use crate::engine::outlook::{Outlook, backlog};
use crate::engine::pool::{Demand, Key};
use crate::engine::work::Work;
use crate::engine::{Forecast, InvalidRequest, Previews, Priority, Refused, Word};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A request that was taken.
pub(in crate::engine) struct Taken {
    /// What it will hear, its samples in any order.
    pub(in crate::engine) words: mpsc::Receiver<Word>,
    pub(in crate::engine) key: Key,
    /// Whether it is larger than a window: the board is then to be told of every sample that is fetched.
    pub(in crate::engine) windowed: bool,
    /// The index of its first sample.
    pub(in crate::engine) first_index: u32,
    /// How many samples it has.
    pub(in crate::engine) chains: u32,
    pub(in crate::engine) forecast: Forecast,
    pub(in crate::engine) previews: Option<Arc<Previews>>,
}

impl Board {
    /// Takes a request, or refuses it.
    pub(in crate::engine) fn submit(&mut self, work: Work, now: Instant) -> Result<Taken, Refused> {
        let (demand, forecast) = (self.demand(&work)?, self.foretell(&work, now)?);
        // Room for a window of samples and a failure: sending never waits, and never fails for want of room.
        let window = self.window();
        let (first_index, chains) = (work.first_index(), work.chains());
        let (ticket, words) = mpsc::channel(chains.min(window) as usize + 1);
        let windowed = chains > window;
        let previews = match &work {
            Work::Samples(request) => request.preview(),
            Work::Scores(_) => None,
        };
        let previews = previews.map(|settings| Arc::new(Previews::new(settings.chains)));
        self.wake(now);
        let (key, deadline) = (self.pool.admit(demand), work.deadline());
        self.next_deadline = Some(self.next_deadline.map_or(deadline, |next| next.min(deadline)));
        let taken = Taken { words, key, windowed, first_index, chains, forecast, previews: previews.clone() };
        let (work, model) = (Arc::new(work), demand.model);
        self.jobs.insert(key, Job { work, model, ticket, accepted: now, begun: None, previews });
        Ok(taken)
    }

    /// Whether there is a place for one more request of `priority`, or why any would be refused.
    pub(in crate::engine) fn place(&mut self, priority: Priority, now: Instant) -> Result<(), Refused> {
        if self.draining {
            return Err(Refused::Draining);
        }
        self.expire(now);
        let Self { config, pool, paces, told, .. } = self;
        admission::place(pool, config, priority, || told.backlog(now, || backlog(pool, paces, config.workers)))
    }

    /// What is foretold of `work` if it were submitted now, or why it would be refused.
    pub(in crate::engine) fn foretell(&mut self, work: &Work, now: Instant) -> Result<Forecast, Refused> {
        self.place(work.priority(), now)?;
        self.admit(self.demand(work)?, work.deadline(), now)
    }

    /// The most samples of one request that are under way or wait to be fetched.
    pub(in crate::engine) fn window(&self) -> u32 {
        window(self.config.slots)
    }

    /// What `work` asks for; refused where the engine was made without its model.
    fn demand(&self, work: &Work) -> Result<Demand, Refused> {
        let name = &work.model().info().name;
        let model = self.models.iter().position(|model| model == name);
        let model = model.ok_or_else(|| {
            Refused::Invalid(InvalidRequest::new("model", format!("the engine was made without the model '{name}'")))
        })?;
        Ok(Demand { priority: work.priority(), model, chains: work.chains(), evaluations: work.each() })
    }

    /// Whether there is room and time for one more, and what is foretold of it.
    fn admit(&mut self, newcomer: Demand, deadline: Instant, now: Instant) -> Result<Forecast, Refused> {
        let Self { config, pool, jobs, paces, told, .. } = self;
        admission::room(pool, config, newcomer, || told.backlog(now, || backlog(pool, paces, config.workers)))?;
        let outlook = Outlook::new(pool, paces, config.workers, newcomer);
        let equals = jobs.iter().filter(|(_, job)| job.work.priority() == newcomer.priority);
        let term = |from: Instant, deadline: Instant, chains: u32| Term {
            whole: deadline.saturating_duration_since(from),
            left: deadline.saturating_duration_since(now),
            windowed: chains > window(config.slots),
        };
        let promised = equals.filter_map(|(&key, job)| {
            Some((pool.left_of(key)?, term(job.accepted, job.work.deadline(), job.work.chains())))
        });
        let alone = || Outlook::new(&pool.emptied(), paces, config.workers, newcomer).seconds();
        admission::time(&outlook, alone, term(now, deadline, newcomer.chains), promised)?;
        Ok(Forecast { seconds: outlook.seconds(), alone: alone() })
    }
}

/// The seconds of all that is under way, as those who are refused were told of late.
#[derive(Default)]
pub(super) struct Told(Option<(Instant, f64)>);

impl Told {
    /// How long it is told again: for as long a refusal costs nothing that grows with what is under way.
    const FRESH: Duration = Duration::from_millis(100);

    /// What was told of late, or what `now` there is to tell.
    fn backlog(&mut self, now: Instant, look: impl FnOnce() -> f64) -> f64 {
        let fresh = self.0.filter(|&(at, _)| now.saturating_duration_since(at) < Self::FRESH);
        self.0.insert(fresh.unwrap_or_else(|| (now, look()))).1
    }
}

/// The most samples of one request that are under way or wait to be fetched: while as many as there are slots run, as many
/// are fetched, and readers that take them by the dozen are not waited for.
pub(super) fn window(slots: usize) -> u32 {
    const LEAST: u32 = 128;
    u32::try_from(slots.saturating_mul(2)).unwrap_or(u32::MAX).max(LEAST)
}
