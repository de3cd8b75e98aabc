//! The requests of one priority, kept in the order in which they are served.

use super::request::Request;
use std::collections::BTreeMap;
use std::slice;

/// (tag, number), ascending. Sorted arrays: a step moves a few entries in them, and takes no memory.
type Order = Vec<(u64, u64)>;

/// The requests of one priority. They change in [`change`](Self::change) only, which keeps what is known of all of them.
pub(super) struct Line<C> {
    requests: BTreeMap<u64, Request<C>>,
    /// By model: those with a begun chain that waits for a row.
    parked: Vec<Order>,
    /// By model: those with a chain that may begin as far as their reader decides.
    ready: Vec<Order>,
    chains_parked: usize,
    chains_ready: usize,
    /// The largest tag given so far.
    clock: u64,
}

/// Where a request stands in the orders, and its part of the sums.
struct Place {
    model: usize,
    entry: (u64, u64),
    parked: usize,
    ready: usize,
}

impl Place {
    fn of<C>(number: u64, request: &Request<C>) -> Self {
        let entry = (request.tag, number);
        Self { model: request.model, entry, parked: request.parked.len(), ready: request.ready() }
    }
}

impl<C> Line<C> {
    pub(super) fn new(models: usize) -> Self {
        let (parked, ready) = (vec![Order::new(); models], vec![Order::new(); models]);
        Self { requests: BTreeMap::new(), parked, ready, chains_parked: 0, chains_ready: 0, clock: 0 }
    }

    pub(super) fn insert(&mut self, number: u64, request: Request<C>) {
        self.enter(&Place::of(number, &request));
        self.requests.insert(number, request);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Request<C>> {
        let request = self.requests.remove(&number)?;
        self.leave(&Place::of(number, &request));
        Some(request)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Request<C>> {
        self.requests.get(&number)
    }

    /// Changes request `number`, if it is there.
    pub(super) fn change<T>(&mut self, number: u64, change: impl FnOnce(&mut Request<C>) -> T) -> Option<T> {
        let request = self.requests.get_mut(&number)?;
        let before = Place::of(number, request);
        let answer = change(request);
        let after = Place::of(number, request);
        self.leave(&before);
        self.enter(&after);
        self.clock = self.clock.max(after.entry.0);
        Some(answer)
    }

    /// By age, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Request<C>> {
        self.requests.values()
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn chains_parked(&self) -> usize {
        self.chains_parked
    }

    pub(super) fn chains_ready(&self) -> usize {
        self.chains_ready
    }

    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    /// (tag, number) of the first with a begun chain that waits, of `model` or of all.
    pub(super) fn first_parked(&self, model: Option<usize>) -> Option<(u64, u64)> {
        of(&self.parked, model).iter().filter_map(|order| order.first()).min().copied()
    }

    /// (tag, number) of the first with a chain that may begin as far as its reader decides, of `model` or of all, for
    /// which `may` is true.
    pub(super) fn first_ready(&self, model: Option<usize>, may: impl Fn(&Request<C>) -> bool) -> Option<(u64, u64)> {
        let may = |entry: &&(u64, u64)| self.get(entry.1).is_some_and(&may);
        of(&self.ready, model).iter().filter_map(|order| order.iter().find(may)).min().copied()
    }

    /// Those with a chain that may begin as far as their reader decides.
    pub(super) fn ready(&self) -> impl Iterator<Item = &Request<C>> {
        self.ready.iter().flatten().filter_map(|&(_, number)| self.get(number))
    }

    fn enter(&mut self, &Place { model, entry, parked, ready }: &Place) {
        for (order, chains) in [(&mut self.parked[model], parked), (&mut self.ready[model], ready)] {
            if chains > 0 {
                order.insert(order.partition_point(|&other| other < entry), entry);
            }
        }
        self.chains_parked += parked;
        self.chains_ready += ready;
    }

    fn leave(&mut self, &Place { model, entry, parked, ready }: &Place) {
        for order in [&mut self.parked[model], &mut self.ready[model]] {
            if let Ok(place) = order.binary_search(&entry) {
                order.remove(place);
            }
        }
        self.chains_parked -= parked;
        self.chains_ready -= ready;
    }
}

/// The order of `model`, or every model's.
fn of(orders: &[Order], model: Option<usize>) -> &[Order] {
    model.map_or(orders, |model| slice::from_ref(&orders[model]))
}
