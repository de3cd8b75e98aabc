//! Who is evaluated next: the policy, without threads, time, models or sessions.
//!
//! Requests share the evaluations by start-time fair queueing (Goyal, Vin & Cheng 1996), a row costing one. A request's tag
//! grows with every row it is given; the least tag is served next; a newcomer begins at the clock, the largest tag given so
//! far. One image behind a thousand is thus in the next batch. Within a request the lowest chain goes first, so early
//! images finish early and few chains are under way at once.

use std::collections::BTreeMap;

/// A request's place in the order of arrival.
pub(super) type Key = u64;

/// How much there is to share.
#[derive(Clone, Debug)]
pub(super) struct PoolConfig {
    /// Those who take batches, from 0.
    pub workers: usize,
    /// The most rows of a batch.
    pub batch_rows: usize,
    /// Room for running chains.
    pub slots: usize,
    /// By model: whether worker 0 has a session for a chain that runs alone.
    pub wide: Vec<bool>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// The model's number.
    pub model: usize,
    /// Chains, at least one.
    pub chains: u32,
    /// Evaluations of each chain, at least one.
    pub evaluations: u32,
}

impl Demand {
    /// The evaluations of all chains.
    pub(super) fn work(self) -> u64 {
        u64::from(self.chains) * u64::from(self.evaluations)
    }
}

/// A batch that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The model of every row.
    pub model: usize,
    /// Whether its one row is all there is to do, and the session that uses every thread is to be used.
    pub wide: bool,
}

/// What became of a request whose row came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// It has chains left.
    Going,
    /// That was its last; the pool has forgotten it.
    Complete,
    /// It had been removed.
    Gone,
}

/// Requests under way. `C` is what a chain carries between two evaluations.
pub(super) struct Pool<C> {
    config: PoolConfig,
    requests: BTreeMap<Key, Request<C>>,
    next_key: Key,
    clock: u64,
    /// Slots taken, those of removed requests' rows in flight among them.
    running: usize,
    in_flight: usize,
}

struct Request<C> {
    model: usize,
    chains: u32,
    begun: u32,
    /// Begun chains that wait, the lowest last.
    parked: Vec<(u32, C)>,
    in_flight: usize,
    made: u64,
    left: u64,
    tag: u64,
}

impl<C> Request<C> {
    fn running(&self) -> usize {
        self.parked.len() + self.in_flight
    }

    fn waiting(&self) -> usize {
        (self.chains - self.begun) as usize
    }
}

impl<C> Pool<C> {
    pub(super) fn new(config: PoolConfig) -> Self {
        Self { config, requests: BTreeMap::new(), next_key: 0, clock: 0, running: 0, in_flight: 0 }
    }

    /// Takes a request in.
    pub(super) fn admit(&mut self, demand: Demand) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        let Demand { model, chains, .. } = demand;
        let (left, tag) = (demand.work(), self.clock);
        let parked = Vec::new();
        self.requests.insert(key, Request { model, chains, begun: 0, parked, in_flight: 0, made: 0, left, tag });
        key
    }

    /// The next batch for `worker`: `row(key, chain, carried)` is called for each of its rows, `carried` being nothing
    /// where the chain begins. None where there is nothing to do, or nothing for this worker.
    pub(super) fn take(&mut self, worker: usize, mut row: impl FnMut(Key, u32, Option<C>)) -> Option<Batch> {
        let model = self.requests.get(&self.next(None)?)?.model;
        let wide = self.config.wide[model] && self.in_flight == 0 && self.takeable() == 1;
        if wide && worker != 0 {
            return None;
        }
        for _ in 0..self.batch_rows(model, 0) {
            let Some(key) = self.next(Some(model)) else { break };
            let (chain, carried) = self.give(key)?;
            row(key, chain, carried);
        }
        Some(Batch { model, wide })
    }

    /// A row of request `key` comes back, evaluated: the chain goes on with what it carries, or has ended.
    pub(super) fn back(&mut self, key: Key, chain: u32, carried: Option<C>) -> Back {
        self.in_flight -= 1;
        let Some(request) = self.requests.get_mut(&key) else {
            self.running -= 1;
            return Back::Gone;
        };
        request.in_flight -= 1;
        request.made += 1;
        request.left -= 1;
        if let Some(carried) = carried {
            let place = request.parked.partition_point(|&(other, _)| other > chain);
            request.parked.insert(place, (chain, carried));
            return Back::Going;
        }
        self.running -= 1;
        if request.running() + request.waiting() > 0 {
            return Back::Going;
        }
        self.requests.remove(&key);
        Back::Complete
    }

    /// Forgets a request; slots of its rows in flight come free when they are back. How many evaluations it had had.
    pub(super) fn remove(&mut self, key: Key) -> u64 {
        self.requests.remove(&key).map_or(0, |request| {
            self.running -= request.parked.len();
            request.made
        })
    }

    /// How many requests there are.
    pub(super) fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Requests with no evaluation made or under way.
    pub(super) fn requests_waiting(&self) -> usize {
        self.requests.values().filter(|request| request.begun == 0).count()
    }

    /// Chains that have not begun.
    pub(super) fn chains_waiting(&self) -> u64 {
        self.requests.values().map(|request| request.waiting() as u64).sum()
    }

    /// Slots taken.
    pub(super) fn slots_used(&self) -> usize {
        self.running
    }

    /// (model, evaluations still to make) of every request.
    pub(super) fn left(&self) -> impl Iterator<Item = (usize, u64)> {
        self.requests.values().map(|request| (request.model, request.left))
    }

    /// How many chains of `model` could be evaluated at once if it had `more` of them, those in flight among them.
    pub(super) fn runnable(&self, model: usize, more: u32) -> usize {
        let own = || self.requests.values().filter(|request| request.model == model);
        let waiting = own().map(Request::waiting).sum::<usize>() + more as usize;
        own().map(Request::running).sum::<usize>() + waiting.min(self.free())
    }

    /// The rows of a batch of `model` if it had `more` chains: so many that every worker has its share of them.
    pub(super) fn batch_rows(&self, model: usize, more: u32) -> usize {
        self.runnable(model, more).div_ceil(self.config.workers).clamp(1, self.config.batch_rows)
    }

    fn free(&self) -> usize {
        self.config.slots - self.running
    }

    /// How many chains could be evaluated now, beside those in flight.
    fn takeable(&self) -> usize {
        let parked: usize = self.requests.values().map(|request| request.parked.len()).sum();
        let waiting: usize = self.requests.values().map(Request::waiting).sum();
        parked + waiting.min(self.free())
    }

    /// Whose row is next, among the requests of `model` or of all: the least tag, and of equals the oldest. A chain may
    /// begin where its request has less than an equal share of the slots, or the fewest of those with chains waiting.
    fn next(&self, model: Option<usize>) -> Option<Key> {
        let waiting = self.requests.values().filter(|request| request.waiting() > 0);
        let fewest = waiting.map(Request::running).min().filter(|_| self.free() > 0);
        let share = self.config.slots / self.requests.len().max(1);
        let may_begin = |request: &Request<C>| {
            let running = request.running();
            request.waiting() > 0 && fewest.is_some_and(|fewest| running < share || running == fewest)
        };
        self.requests
            .iter()
            .filter(|(_, request)| model.is_none_or(|model| model == request.model))
            .filter(|(_, request)| !request.parked.is_empty() || may_begin(request))
            .min_by_key(|(_, request)| request.tag)
            .map(|(&key, _)| key)
    }

    /// Gives a row to request `key`: its lowest chain that is not in flight.
    fn give(&mut self, key: Key) -> Option<(u32, Option<C>)> {
        let request = self.requests.get_mut(&key)?;
        // Who could not be served for a while catches up by one batch, no more.
        request.tag = request.tag.max(self.clock.saturating_sub(self.config.batch_rows as u64)) + 1;
        self.clock = self.clock.max(request.tag);
        request.in_flight += 1;
        self.in_flight += 1;
        if let Some((chain, carried)) = request.parked.pop() {
            return Some((chain, Some(carried)));
        }
        request.begun += 1;
        self.running += 1;
        Some((request.begun - 1, None))
    }
}

#[cfg(test)]
mod tests;
