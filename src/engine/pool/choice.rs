//! Whose row is next, and who may begin a chain.

use super::request::Request;
use super::{Key, Pool, Priority};

impl<C> Pool<C> {
    /// Whose row is next, among the requests of `model` or of all: an interactive one's where there is one, but in bulk's
    /// turn.
    pub(super) fn next(&self, model: Option<usize>) -> Option<Key> {
        let [mut before, mut after] = Priority::ALL;
        if self.is_bulks_turn() {
            (before, after) = (after, before);
        }
        self.first(before, model).or_else(|| self.first(after, model))
    }

    /// Whose row is first among the requests of `priority`: the least tag, and of equals the oldest. A chain may begin where
    /// its request has less than an equal share of the slots, or the fewest of those with chains ready.
    ///
    /// Who has a chain that waits is found at once. Requests are looked at one by one only where a chain may begin and one
    /// of them comes before.
    pub(super) fn first(&self, priority: Priority, model: Option<usize>) -> Option<Key> {
        let line = self.line(priority);
        let parked = line.first_parked(model);
        let comes_before = |ready: (u64, u64)| parked.is_none_or(|parked| ready < parked);
        let might_begin = self.room(priority) > 0 && line.first_ready(model, |_| true).is_some_and(comes_before);
        let ready = might_begin.then(|| {
            let fewest = line.ready().map(Request::running).min();
            let share = self.slots(priority) / line.len();
            line.first_ready(model, |request| request.running() < share || Some(request.running()) == fewest)
        });
        let first = ready.flatten().filter(|&ready| comes_before(ready)).or(parked);
        first.map(|(_, number)| Key { priority, number })
    }

    pub(super) fn free(&self) -> usize {
        self.config.slots - self.slots_used()
    }

    /// The slots that requests of `priority` may hold together.
    pub(super) fn slots(&self, priority: Priority) -> usize {
        priority.part(self.config.slots as u64) as usize
    }

    /// How many chains of `priority` may begin now.
    pub(super) fn room(&self, priority: Priority) -> usize {
        let (free, turn) = (self.free(), self.is_bulks_turn());
        match priority {
            Priority::Interactive => free - usize::from(turn && self.bulk_needs_slot()),
            // The slots that interactive chains leave, or any in its turn.
            Priority::Bulk => {
                let wanted = self.line(Priority::Interactive).chains_ready();
                let left = if turn { free } else { free.saturating_sub(wanted) };
                left.min(self.slots(Priority::Bulk) - self.running[Priority::Bulk as usize])
            }
        }
    }

    /// Whether bulk has no running chain that waits for a row, and chains that could begin if there were a slot.
    fn bulk_needs_slot(&self) -> bool {
        let bulk = self.line(Priority::Bulk);
        self.free() > 0
            && self.running[Priority::Bulk as usize] < self.slots(Priority::Bulk)
            && bulk.chains_parked() == 0
            && bulk.chains_ready() > 0
    }

    fn is_bulks_turn(&self) -> bool {
        self.owed >= Priority::TURN - 1
    }

    /// Whether bulk has a chain that is not in flight and does not wait for its reader.
    pub(super) fn bulk_wants(&self) -> bool {
        let bulk = self.line(Priority::Bulk);
        bulk.chains_parked() + bulk.chains_ready() > 0
    }
}
