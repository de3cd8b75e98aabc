//! How requests come in: foretold, admitted, taken.

use super::{Board, Job};
use crate::engine::admission::{self, Term};
use crate::engine::outlook::{Outlook, backlog};
use crate::engine::pool::{Demand, Key};
use crate::engine::work::Work;
use crate::engine::{Event, Failure, Forecast, Previews, Refused};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// A request that was taken.
pub(in crate::engine) struct Taken {
    /// What it will hear, its samples in the order in which their chains end.
    pub(in crate::engine) events: mpsc::Receiver<Event>,
    /// Its key; none where it cannot be run.
    pub(in crate::engine) key: Option<Key>,
    /// Whether it is larger than a window: the board is then to be told of every sample that is fetched.
    pub(in crate::engine) windowed: bool,
    /// The index of its first sample.
    pub(in crate::engine) first_index: u32,
    pub(in crate::engine) forecast: Forecast,
    pub(in crate::engine) previews: Option<Arc<Previews>>,
}

impl Board {
    /// Takes a request, or refuses it.
    pub(in crate::engine) fn submit(&mut self, work: Work, now: Instant) -> Result<Taken, Refused> {
        let forecast = self.foretell(&work, now)?;
        // Room for a window of samples and the last event: sending never waits, and never fails for want of room.
        let window = window(self.config.slots);
        let (events, receiver) = mpsc::channel(work.chains().min(window) as usize + 1);
        let windowed = work.chains() > window;
        let previews = match &work {
            Work::Samples(request) => request.preview(),
            Work::Scores(_) => None,
        };
        let previews = previews.map(|settings| Arc::new(Previews::new(settings.chains)));
        let first_index = work.first_index();
        let mut taken = Taken { events: receiver, key: None, windowed, first_index, forecast, previews };
        let Some(demand) = self.demand(&work) else {
            let reason = format!("the engine was made without the model '{}'", work.model().info().name);
            let _ = events.try_send(Event::Failed(Failure::Model { reason }));
            return Ok(taken);
        };
        self.wake(now);
        let key = self.pool.admit(demand);
        let (work, model, previews) = (Arc::new(work), demand.model, taken.previews.clone());
        self.jobs.insert(key, Job { work, model, events, accepted: now, begun: None, previews });
        taken.key = Some(key);
        Ok(taken)
    }

    /// What is foretold of `work` if it were submitted now, or why it would be refused.
    pub(in crate::engine) fn foretell(&mut self, work: &Work, now: Instant) -> Result<Forecast, Refused> {
        if self.draining {
            return Err(Refused::Draining);
        }
        self.sweep(now);
        self.demand(work).map_or(Ok(Forecast::default()), |demand| self.admit(demand, work.deadline(), now))
    }

    /// What `work` asks for; none where the engine was made without its model.
    fn demand(&self, work: &Work) -> Option<Demand> {
        let name = &work.model().info().name;
        let model = self.models.iter().position(|model| model == name)?;
        Some(Demand { priority: work.priority(), model, chains: work.chains(), evaluations: work.each() })
    }

    /// Whether there is room and time for one more, and what is foretold of it.
    fn admit(&self, newcomer: Demand, deadline: Instant, now: Instant) -> Result<Forecast, Refused> {
        let Self { config, pool, jobs, paces, .. } = self;
        admission::room(pool, config, newcomer, || backlog(pool, paces, config.workers))?;
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
        admission::time(&outlook, term(now, deadline, newcomer.chains), promised)?;
        let alone = Outlook::new(&pool.emptied(), paces, config.workers, newcomer).seconds();
        Ok(Forecast { seconds: outlook.seconds(), alone })
    }
}

/// The most samples of one request that are under way or wait to be fetched: while as many as there are slots run, as many
/// are fetched, and readers that take them by the dozen are not waited for.
pub(super) fn window(slots: usize) -> u32 {
    const LEAST: u32 = 128;
    u32::try_from(slots.saturating_mul(2)).unwrap_or(u32::MAX).max(LEAST)
}
