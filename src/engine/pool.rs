//! Who is evaluated next: the policy, without threads, time, models or sessions.
//!
//! Requests of one priority share the evaluations by start-time fair queueing (Goyal, Vin & Cheng 1996), a row costing one. A
//! request's tag grows with every row it is given; the least tag is served next; a newcomer begins at the clock, the largest
//! tag given so far. One image behind a thousand is thus in the next batch. Within a request the lowest chain goes first, so
//! early images finish early and few chains are under way at once.
//!
//! Samples are fetched by rising index. A chain may begin only if it is less than a window beyond the sample that is fetched
//! next: a request whose reader stops holds no more than its window, and no slot once its begun chains have ended.
//!
//! Interactive rows go before bulk's, which take the room that those leave in a batch and, where they leave none, one row in
//! [`Priority::TURN`].

use super::{Headway, Priority};
use std::collections::BTreeMap;

/// A request's place: its priority, and its number in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    priority: Priority,
    number: u64,
}

/// How much there is to share.
#[derive(Clone, Debug)]
pub(super) struct PoolConfig {
    /// Those who take batches, from 0.
    pub workers: usize,
    /// By model: the most rows of a batch.
    pub batch_rows: Vec<usize>,
    /// Room for running chains.
    pub slots: usize,
    /// The most samples of one request that are under way or wait to be fetched, at least one.
    pub window: u32,
    /// By model: whether worker 0 has a session for a chain that runs alone.
    pub wide: Vec<bool>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// Whether it yields.
    pub priority: Priority,
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

    /// What a request wants that nothing was done for.
    pub(super) fn left(self) -> Left {
        let Self { model, chains, evaluations: each, .. } = self;
        Left { model, evaluations: self.work(), running: 0, waiting: chains as usize, each }
    }
}

/// What a request still wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The model's number.
    pub model: usize,
    /// Evaluations still to make, of all its chains.
    pub evaluations: u64,
    /// Chains that have begun and not ended.
    pub running: usize,
    /// Chains that have not begun.
    pub waiting: usize,
    /// Evaluations of each of those.
    pub each: u32,
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

/// Requests under way. `C` is what a chain carries between two evaluations. Arrays are by priority.
pub(super) struct Pool<C> {
    config: PoolConfig,
    requests: [BTreeMap<u64, Request<C>>; 2],
    next_number: u64,
    clocks: [u64; 2],
    /// Slots taken, those of removed requests' rows in flight among them.
    running: [usize; 2],
    in_flight: usize,
    /// Rows that interactive requests were given since bulk was given one, all while bulk wanted one.
    owed: u32,
}

struct Request<C> {
    model: usize,
    chains: u32,
    /// Evaluations of each chain.
    each: u32,
    begun: u32,
    /// The chains below it may begin: those within the window.
    open: u32,
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

    /// Chains that have not begun.
    fn waiting(&self) -> usize {
        (self.chains - self.begun) as usize
    }

    /// Of these, those that may begin as far as their reader decides.
    fn ready(&self) -> usize {
        (self.open - self.begun) as usize
    }

    /// Evaluations still to make within the window.
    fn reach(&self) -> u64 {
        self.left - u64::from(self.chains - self.open) * u64::from(self.each)
    }

    /// Of one that waits for its reader, what it can have meanwhile.
    fn left(&self) -> Left {
        let Self { model, each, .. } = *self;
        let (evaluations, waiting) = match self.ready() {
            0 => (self.reach(), 0),
            _ => (self.left, self.waiting()),
        };
        Left { model, evaluations, running: self.running(), waiting, each }
    }
}

impl<C> Pool<C> {
    pub(super) fn new(config: PoolConfig) -> Self {
        let requests = [BTreeMap::new(), BTreeMap::new()];
        Self { config, requests, next_number: 0, clocks: [0; 2], running: [0; 2], in_flight: 0, owed: 0 }
    }

    /// Takes a request in.
    pub(super) fn admit(&mut self, demand: Demand) -> Key {
        let Demand { priority, model, chains, evaluations: each } = demand;
        let key = Key { priority, number: self.next_number };
        self.next_number += 1;
        let (left, tag) = (demand.work(), self.clocks[priority as usize]);
        let (begun, open) = (0, chains.min(self.config.window));
        let (parked, in_flight, made) = (Vec::new(), 0, 0);
        let request = Request { model, chains, each, begun, open, parked, in_flight, made, left, tag };
        self.requests[priority as usize].insert(key.number, request);
        key
    }

    /// The next batch for `worker`: `row(key, chain, carried)` is called for each of its rows, `carried` being nothing
    /// where the chain begins. None where there is nothing to do, or nothing for this worker.
    pub(super) fn take(&mut self, worker: usize, mut row: impl FnMut(Key, u32, Option<C>)) -> Option<Batch> {
        let first = self.next(None)?;
        let model = self.requests[first.priority as usize].get(&first.number)?.model;
        let wide = self.config.wide[model] && self.in_flight == 0 && self.takeable() == 1;
        if wide && worker != 0 {
            return None;
        }
        for _ in 0..self.batch_rows(model, self.runnable(model, 0)) {
            let Some(key) = self.next(Some(model)) else { break };
            let (chain, carried) = self.give(key)?;
            row(key, chain, carried);
        }
        Some(Batch { model, wide })
    }

    /// A row of request `key` comes back, evaluated: the chain goes on with what it carries, or has ended.
    pub(super) fn back(&mut self, key: Key, chain: u32, carried: Option<C>) -> Back {
        self.in_flight -= 1;
        let (requests, running) = (&mut self.requests[key.priority as usize], &mut self.running[key.priority as usize]);
        let Some(request) = requests.get_mut(&key.number) else {
            *running -= 1;
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
        *running -= 1;
        if request.running() + request.waiting() > 0 {
            return Back::Going;
        }
        requests.remove(&key.number);
        Back::Complete
    }

    /// The next sample of request `key`, by rising index, was fetched: its window moves on by one.
    pub(super) fn fetched(&mut self, key: Key) {
        if let Some(request) = self.requests[key.priority as usize].get_mut(&key.number) {
            request.open = request.chains.min(request.open.saturating_add(1));
        }
    }

    /// Forgets a request; slots of its rows in flight come free when they are back. How many evaluations it had had.
    pub(super) fn remove(&mut self, key: Key) -> u64 {
        self.requests[key.priority as usize].remove(&key.number).map_or(0, |request| {
            self.running[key.priority as usize] -= request.parked.len();
            request.made
        })
    }

    /// How far request `key` is.
    pub(super) fn headway(&self, key: Key) -> Option<Headway> {
        let request = self.requests[key.priority as usize].get(&key.number)?;
        let Request { made: evaluations, begun, .. } = *request;
        Some(Headway { evaluations, begun, ended: begun - request.running() as u32 })
    }

    /// As much to share, and nobody to share it.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.config.clone())
    }

    /// How many requests of `priority` there are.
    pub(super) fn requests(&self, priority: Priority) -> usize {
        self.requests[priority as usize].len()
    }

    /// Whether an evaluation can be made or is under way: not where every request waits for its reader.
    pub(super) fn busy(&self) -> bool {
        self.in_flight > 0 || self.all().any(|request| request.running() + request.ready() > 0)
    }

    /// Requests with no evaluation made or under way.
    pub(super) fn requests_waiting(&self) -> usize {
        self.all().filter(|request| request.begun == 0).count()
    }

    /// Chains that have not begun.
    pub(super) fn chains_waiting(&self) -> u64 {
        self.all().map(|request| request.waiting() as u64).sum()
    }

    /// Slots taken.
    pub(super) fn slots_used(&self) -> usize {
        self.running.iter().sum()
    }

    /// What every request of `priority` still wants; of one that waits for its reader, what it can have meanwhile.
    pub(super) fn left(&self, priority: Priority) -> impl Iterator<Item = Left> {
        self.of(priority).map(Request::left)
    }

    /// What request `key` still wants, as [`left`](Self::left) tells it.
    pub(super) fn left_of(&self, key: Key) -> Option<Left> {
        self.requests[key.priority as usize].get(&key.number).map(Request::left)
    }

    /// Evaluations still to make within their windows of every request of `priority`.
    pub(super) fn queued(&self, priority: Priority) -> u64 {
        self.of(priority).map(Request::reach).sum()
    }

    /// The evaluations of `demand` within its first window.
    pub(super) fn reach(&self, demand: Demand) -> u64 {
        Demand { chains: demand.chains.min(self.config.window), ..demand }.work()
    }

    /// How many chains of `model` could be evaluated at once if it had `more` of them, those in flight among them.
    pub(super) fn runnable(&self, model: usize, more: u32) -> usize {
        let own = self.all().filter(|request| request.model == model);
        let more = more.min(self.config.window) as usize;
        let (running, ready) =
            own.fold((0, more), |(running, ready), request| (running + request.running(), ready + request.ready()));
        running + ready.min(self.free())
    }

    /// The rows of a batch of `model`, `runnable` of whose chains could be evaluated at once: so many that every worker has its
    /// share of them.
    pub(super) fn batch_rows(&self, model: usize, runnable: usize) -> usize {
        runnable.div_ceil(self.config.workers).clamp(1, self.config.batch_rows[model])
    }

    fn of(&self, priority: Priority) -> impl Iterator<Item = &Request<C>> {
        self.requests[priority as usize].values()
    }

    fn all(&self) -> impl Iterator<Item = &Request<C>> {
        self.requests.iter().flat_map(BTreeMap::values)
    }

    /// Chains of `priority` that wait for a slot and for nothing else.
    fn ready(&self, priority: Priority) -> usize {
        self.of(priority).map(Request::ready).sum()
    }

    fn free(&self) -> usize {
        self.config.slots - self.slots_used()
    }

    /// The slots that requests of `priority` may hold together.
    fn slots(&self, priority: Priority) -> usize {
        priority.part(self.config.slots as u64) as usize
    }

    /// How many chains of `priority` may begin now.
    fn room(&self, priority: Priority) -> usize {
        let (free, turn) = (self.free(), self.is_bulks_turn());
        match priority {
            Priority::Interactive => free - usize::from(turn && self.bulk_needs_slot()),
            // The slots that interactive chains leave, or any in its turn.
            Priority::Bulk => {
                let left = if turn { free } else { free.saturating_sub(self.ready(Priority::Interactive)) };
                left.min(self.slots(Priority::Bulk) - self.running[Priority::Bulk as usize])
            }
        }
    }

    /// Whether bulk has no running chain that waits for a row, and chains that could begin if there were a slot.
    fn bulk_needs_slot(&self) -> bool {
        self.free() > 0
            && self.running[Priority::Bulk as usize] < self.slots(Priority::Bulk)
            && self.of(Priority::Bulk).all(|request| request.parked.is_empty())
            && self.ready(Priority::Bulk) > 0
    }

    fn is_bulks_turn(&self) -> bool {
        self.owed >= Priority::TURN - 1
    }

    /// How many chains could be evaluated now, beside those in flight.
    pub(super) fn takeable(&self) -> usize {
        let parked: usize = self.all().map(|request| request.parked.len()).sum();
        let beginning = |priority| self.ready(priority).min(self.room(priority));
        parked + Priority::ALL.map(beginning).iter().sum::<usize>().min(self.free())
    }

    /// Whose row is next, among the requests of `model` or of all: an interactive one's where there is one, but in bulk's
    /// turn.
    fn next(&self, model: Option<usize>) -> Option<Key> {
        let [mut before, mut after] = Priority::ALL;
        if self.is_bulks_turn() {
            (before, after) = (after, before);
        }
        self.first(before, model).or_else(|| self.first(after, model))
    }

    /// Whose row is first among the requests of `priority`: the least tag, and of equals the oldest. A chain may begin where
    /// its request has less than an equal share of the slots, or the fewest of those with chains ready.
    fn first(&self, priority: Priority, model: Option<usize>) -> Option<Key> {
        let ready = || self.of(priority).filter(|request| request.ready() > 0);
        let fewest = if self.room(priority) > 0 { ready().map(Request::running).min() } else { None };
        let share = self.slots(priority) / self.requests(priority).max(1);
        let may_begin = |request: &Request<C>| {
            let running = request.running();
            request.ready() > 0 && fewest.is_some_and(|fewest| running < share || running == fewest)
        };
        self.requests[priority as usize]
            .iter()
            .filter(|(_, request)| model.is_none_or(|model| model == request.model))
            .filter(|(_, request)| !request.parked.is_empty() || may_begin(request))
            .min_by_key(|(_, request)| request.tag)
            .map(|(&number, _)| Key { priority, number })
    }

    /// Gives a row to request `key`: its lowest chain that is not in flight.
    fn give(&mut self, key: Key) -> Option<(u32, Option<C>)> {
        self.owed = match key.priority {
            Priority::Interactive if self.bulk_wants() => self.owed.saturating_add(1),
            Priority::Interactive | Priority::Bulk => 0,
        };
        let request = self.requests[key.priority as usize].get_mut(&key.number)?;
        let clock = &mut self.clocks[key.priority as usize];
        // Who could not be served for a while catches up by one batch, no more.
        request.tag = request.tag.max(clock.saturating_sub(self.config.batch_rows[request.model] as u64)) + 1;
        *clock = (*clock).max(request.tag);
        request.in_flight += 1;
        self.in_flight += 1;
        if let Some((chain, carried)) = request.parked.pop() {
            return Some((chain, Some(carried)));
        }
        request.begun += 1;
        self.running[key.priority as usize] += 1;
        Some((request.begun - 1, None))
    }

    /// Whether bulk has a chain that is not in flight and does not wait for its reader.
    fn bulk_wants(&self) -> bool {
        self.of(Priority::Bulk).any(|request| !request.parked.is_empty() || request.ready() > 0)
    }
}

#[cfg(test)]
mod tests;
