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
//!
//! | module | what it is |
//! |---|---|
//! | `demand` | what the pool is told, and what it answers with |
//! | `request` | a request's chains |
//! | `line` | the requests of one priority, in their order |
//! | `choice` | whose row is next |
//! | `crowd` | how many rows a step has |
//! | `counts` | what is told of all this |

mod choice;
mod counts;
mod crowd;
mod demand;
mod line;
mod request;

pub(super) use crowd::Crowd;
pub(super) use demand::{Back, Batch, Demand, Key, Left, PoolConfig};

use super::Priority;
use line::Line;
use request::Request;

/// Requests under way. `C` is what a chain carries between two evaluations. Arrays are by priority.
pub(super) struct Pool<C> {
    config: PoolConfig,
    lines: [Line<C>; 2],
    next_number: u64,
    /// Slots taken, those of removed requests' rows in flight among them.
    running: [usize; 2],
    in_flight: usize,
    /// Rows that interactive requests were given since bulk was given one, all while bulk wanted one.
    owed: u32,
}

impl<C> Pool<C> {
    pub(super) fn new(config: PoolConfig) -> Self {
        let lines = Priority::ALL.map(|_| Line::new(config.batch_rows.len()));
        Self { config, lines, next_number: 0, running: [0; 2], in_flight: 0, owed: 0 }
    }

    /// Takes a request in.
    pub(super) fn admit(&mut self, demand: Demand) -> Key {
        let key = Key { priority: demand.priority, number: self.next_number };
        self.next_number += 1;
        let line = &mut self.lines[key.priority as usize];
        line.insert(key.number, Request::new(demand, self.config.window, line.clock()));
        key
    }

    /// The next batch for `worker`: `row(key, chain, carried)` is called for each of its rows, `carried` being nothing
    /// where the chain begins. None where there is nothing to do, or nothing for this worker.
    pub(super) fn take(&mut self, worker: usize, mut row: impl FnMut(Key, u32, Option<C>)) -> Option<Batch> {
        let first = self.next(None)?;
        let model = self.line(first.priority).get(first.number)?.model;
        let alone = self.config.wide[model] && self.in_flight == 0 && self.takeable() == 1;
        if alone && worker != 0 {
            return None;
        }
        for _ in 0..self.step_rows(model, self.runnable(model, 0), self.crowd(None)) {
            let Some(key) = self.next(Some(model)) else { break };
            let (chain, carried) = self.give(key)?;
            row(key, chain, carried);
        }
        Some(Batch { model, alone })
    }

    /// A row of request `key` comes back, evaluated: the chain goes on with what it carries, or has ended.
    pub(super) fn back(&mut self, key: Key, chain: u32, carried: Option<C>) -> Back {
        self.in_flight -= 1;
        let (line, running) = (&mut self.lines[key.priority as usize], &mut self.running[key.priority as usize]);
        let ended = carried.is_none();
        let left = line.change(key.number, |request| {
            request.back(chain, carried);
            request.running() + request.waiting()
        });
        if ended || left.is_none() {
            *running -= 1;
        }
        match left {
            Some(0) => {
                line.remove(key.number);
                Back::Complete
            }
            Some(_) => Back::Going,
            None => Back::Gone,
        }
    }

    /// The next sample of request `key`, by rising index, was fetched: its window moves on by one.
    pub(super) fn fetched(&mut self, key: Key) {
        self.lines[key.priority as usize].change(key.number, Request::fetched);
    }

    /// Forgets a request; slots of its rows in flight come free when they are back. How many evaluations it had had.
    pub(super) fn remove(&mut self, key: Key) -> u64 {
        self.lines[key.priority as usize].remove(key.number).map_or(0, |request| {
            self.running[key.priority as usize] -= request.parked.len();
            request.made
        })
    }

    /// Gives a row to request `key`: its lowest chain that is not in flight.
    fn give(&mut self, key: Key) -> Option<(u32, Option<C>)> {
        self.owed = match key.priority {
            Priority::Interactive if self.bulk_wants() => self.owed.saturating_add(1),
            Priority::Interactive | Priority::Bulk => 0,
        };
        let line = &mut self.lines[key.priority as usize];
        let (clock, batch_rows) = (line.clock(), &self.config.batch_rows);
        let (chain, carried) = line.change(key.number, |request| {
            // Who could not be served for a while catches up by one batch, no more.
            request.tag = request.tag.max(clock.saturating_sub(batch_rows[request.model] as u64)) + 1;
            request.give()
        })?;
        self.in_flight += 1;
        self.running[key.priority as usize] += usize::from(carried.is_none());
        Some((chain, carried))
    }

    fn line(&self, priority: Priority) -> &Line<C> {
        &self.lines[priority as usize]
    }
}

#[cfg(test)]
mod tests;
