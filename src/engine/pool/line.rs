//! The requests of one priority, kept in the order in which they are served.

use super::request::Request;
use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};
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
    /// By model: of all its requests.
    sums: Vec<Sums>,
    /// The largest tag given so far.
    clock: u64,
}

/// Sums over requests: whoever is refused is told how much is under way, and there are many of them where there is much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Begun chains that wait for a row.
    pub(super) parked: usize,
    /// Chains that have begun and not ended.
    pub(super) running: usize,
    /// Chains that may begin as far as their reader decides.
    pub(super) ready: usize,
    /// Evaluations still to make within the windows.
    pub(super) reach: u64,
    /// Evaluations still to make; of requests that wait for their reader, within the window.
    pub(super) left: u64,
}

impl Sums {
    fn of<C>(request: &Request<C>) -> Self {
        let (running, ready) = (request.running(), request.ready());
        let (reach, left) = (request.reach(), request.left().evaluations);
        Self { parked: request.parked.len(), running, ready, reach, left }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.parked += other.parked;
        self.running += other.running;
        self.ready += other.ready;
        self.reach += other.reach;
        self.left += other.left;
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        self.parked -= other.parked;
        self.running -= other.running;
        self.ready -= other.ready;
        self.reach -= other.reach;
        self.left -= other.left;
    }
}

/// Where a request stands in the orders, and its part of the sums.
struct Place {
    model: usize,
    entry: (u64, u64),
    part: Sums,
}

impl Place {
    fn of<C>(number: u64, request: &Request<C>) -> Self {
        Self { model: request.model, entry: (request.tag, number), part: Sums::of(request) }
    }
}

impl<C> Line<C> {
    pub(super) fn new(models: usize) -> Self {
        let (parked, ready) = (vec![Order::new(); models], vec![Order::new(); models]);
        Self { requests: BTreeMap::new(), parked, ready, sums: vec![Sums::default(); models], clock: 0 }
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

    /// By model.
    pub(super) fn sums(&self) -> &[Sums] {
        &self.sums
    }

    pub(super) fn chains_parked(&self) -> usize {
        self.sums.iter().map(|sums| sums.parked).sum()
    }

    pub(super) fn chains_ready(&self) -> usize {
        self.sums.iter().map(|sums| sums.ready).sum()
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

    fn enter(&mut self, &Place { model, entry, part }: &Place) {
        for (order, chains) in [(&mut self.parked[model], part.parked), (&mut self.ready[model], part.ready)] {
            if chains > 0 {
                order.insert(order.partition_point(|&other| other < entry), entry);
            }
        }
        self.sums[model] += part;
    }

    fn leave(&mut self, &Place { model, entry, part }: &Place) {
        for order in [&mut self.parked[model], &mut self.ready[model]] {
            if let Ok(place) = order.binary_search(&entry) {
                order.remove(place);
            }
        }
        self.sums[model] -= part;
    }
}

/// The order of `model`, or every model's.
fn of(orders: &[Order], model: Option<usize>) -> &[Order] {
    model.map_or(orders, |model| slice::from_ref(&orders[model]))
}
