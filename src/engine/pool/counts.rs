//! What is told of the pool: how much is under way, waits, and is wanted.

use super::request::Request;
use super::{Demand, Key, Left, Pool, Priority};
use crate::engine::Headway;

impl<C> Pool<C> {
    /// How far request `key` is.
    pub(in crate::engine) fn headway(&self, key: Key) -> Option<Headway> {
        let request = self.line(key.priority).get(key.number)?;
        let (evaluations, begun) = (request.made, request.begun);
        Some(Headway { evaluations, begun, ended: begun - request.running() as u32 })
    }

    /// As much to share, and nobody to share it.
    pub(in crate::engine) fn emptied(&self) -> Self {
        Self::new(self.config.clone())
    }

    /// How many requests of `priority` there are.
    pub(in crate::engine) fn requests(&self, priority: Priority) -> usize {
        self.line(priority).len()
    }

    /// Whether an evaluation can be made or is under way: not where every request waits for its reader.
    pub(in crate::engine) fn busy(&self) -> bool {
        self.in_flight > 0 || self.lines.iter().any(|line| line.chains_parked() + line.chains_ready() > 0)
    }

    /// Requests with no evaluation made or under way.
    pub(in crate::engine) fn requests_waiting(&self) -> usize {
        self.all().filter(|request| request.begun == 0).count()
    }

    /// Chains that have not begun.
    pub(in crate::engine) fn chains_waiting(&self) -> u64 {
        self.all().map(|request| request.waiting() as u64).sum()
    }

    /// Slots taken.
    pub(in crate::engine) fn slots_used(&self) -> usize {
        self.running.iter().sum()
    }

    /// What every request of `priority` still wants; of one that waits for its reader, what it can have meanwhile.
    pub(in crate::engine) fn left(&self, priority: Priority) -> impl Iterator<Item = Left> {
        self.of(priority).map(Request::left)
    }

    /// What request `key` still wants, as [`left`](Self::left) tells it.
    pub(in crate::engine) fn left_of(&self, key: Key) -> Option<Left> {
        self.line(key.priority).get(key.number).map(Request::left)
    }

    /// Evaluations still to make within their windows of every request of `priority`.
    pub(in crate::engine) fn queued(&self, priority: Priority) -> u64 {
        self.line(priority).sums().iter().map(|sums| sums.reach).sum()
    }

    /// Of `model`, the evaluations of all requests that [`left`](Self::left) tells of.
    pub(in crate::engine) fn backlog(&self, model: usize) -> u64 {
        self.lines.iter().map(|line| line.sums()[model].left).sum()
    }

    /// The evaluations of `demand` within its first window.
    pub(in crate::engine) fn reach(&self, demand: Demand) -> u64 {
        Demand { chains: demand.chains.min(self.config.window), ..demand }.work()
    }

    /// How many chains of `model` could be evaluated at once if it had `more` of them, those in flight among them.
    pub(in crate::engine) fn runnable(&self, model: usize, more: u32) -> usize {
        let more = more.min(self.config.window) as usize;
        let sums = self.lines.iter().map(|line| line.sums()[model]);
        let (running, ready) =
            sums.fold((0, more), |(running, ready), sums| (running + sums.running, ready + sums.ready));
        running + ready.min(self.free())
    }

    /// How many chains could be evaluated now, beside those in flight.
    pub(in crate::engine) fn takeable(&self) -> usize {
        let parked: usize = self.lines.iter().map(|line| line.chains_parked()).sum();
        let beginning = |priority| self.line(priority).chains_ready().min(self.room(priority));
        parked + Priority::ALL.map(beginning).iter().sum::<usize>().min(self.free())
    }

    pub(super) fn of(&self, priority: Priority) -> impl Iterator<Item = &Request<C>> {
        self.line(priority).iter()
    }

    fn all(&self) -> impl Iterator<Item = &Request<C>> {
        self.lines.iter().flat_map(|line| line.iter())
    }
}
