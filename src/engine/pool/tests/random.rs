//! What is promised, over random arrivals, departures, priorities and failures.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What happens to a pool from outside, or a worker's move.
#[derive(Clone, Copy, Debug)]
enum Move {
    Ask(Demand),
    Leave(usize),
    /// A request's reader fetches its next sample, if that is there.
    Fetch(usize),
    /// A worker gives its batch back, or takes one.
    Work(usize),
    /// The run of a worker's batch fails.
    Fail(usize),
}

const MODELS: usize = 2;
const WORKERS: usize = 3;
const LONGEST: u32 = 6;

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let priority = prop_oneof![Just(Priority::Interactive), Just(Priority::Bulk)];
    let ask = (priority, 0..MODELS, 1..40_u32, 1..=LONGEST)
        .prop_map(|(priority, model, chains, evaluations)| Move::Ask(Demand { priority, model, chains, evaluations }));
    let any = prop_oneof![
        6 => ask,
        2 => (0..8_usize).prop_map(Move::Leave),
        24 => (0..8_usize).prop_map(Move::Fetch),
        36 => (0..WORKERS).prop_map(Move::Work),
        1 => (0..WORKERS).prop_map(Move::Fail),
    ];
    prop::collection::vec(any, 1..300)
}

/// A pool under watch: what it was asked, and how long who waits.
struct Watch {
    bench: Bench,
    hands: [Option<Taken>; WORKERS],
    batch_rows: usize,
    slots: usize,
    window: u32,
    /// Evaluations asked and given.
    asked: BTreeMap<Key, (u64, u64)>,
    /// By request: chains that have begun, samples that were fetched, and those that were not.
    samples: BTreeMap<Key, (u32, u32, BTreeSet<u32>)>,
    /// By interactive request without a row: rows given since it came, and the most that may be.
    unserved: BTreeMap<Key, (usize, usize)>,
    /// Rows given in batches without bulk's, before each of which bulk had a chain that waited for a row.
    unserved_bulk: usize,
    /// Rows given while bulk had chains to begin and no slot.
    slotless_bulk: usize,
}

impl Watch {
    fn new([least_rows, batch_rows]: [usize; 2], slots: usize, window: u32) -> Self {
        let bench = Bench::with_small_steps(WORKERS, [least_rows, batch_rows], slots, window);
        let (asked, samples, unserved, hands) = Default::default();
        let (unserved_bulk, slotless_bulk) = (0, 0);
        Self { bench, hands, batch_rows, slots, window, asked, samples, unserved, unserved_bulk, slotless_bulk }
    }

    fn forget(&mut self, key: Key) {
        self.bench.pool.remove(key);
        self.asked.remove(&key);
        self.samples.remove(&key);
        self.unserved.remove(&key);
    }

    fn play(&mut self, next: Move) -> Result<(), TestCaseError> {
        match next {
            Move::Ask(demand) => self.ask(demand),
            Move::Leave(place) => {
                if let Some(&key) = self.asked.keys().nth(place) {
                    self.forget(key);
                }
            }
            Move::Fetch(place) => {
                if let Some(&key) = self.samples.keys().nth(place) {
                    self.fetch(key);
                }
            }
            Move::Fail(worker) => {
                for (key, chain, _) in self.hands[worker].take().map(|taken| taken.rows).unwrap_or_default() {
                    self.forget(key);
                    prop_assert_eq!(self.bench.pool.back(key, chain, None), Back::Gone);
                }
            }
            Move::Work(worker) => match self.hands[worker].take() {
                Some(taken) => self.back(taken),
                None => self.hands[worker] = self.take(worker)?,
            },
        }
        let pool = &self.bench.pool;
        prop_assert!(pool.slots_used() <= self.slots);
        prop_assert!(self.samples.values().all(|&(begun, fetched, _)| begun <= fetched + self.window));
        prop_assert!(pool.running[Priority::Bulk as usize] <= pool.slots(Priority::Bulk));
        // What is summed as requests change, and as they are.
        let left: Vec<Left> = Priority::ALL.into_iter().flat_map(|priority| pool.left(priority)).collect();
        for model in 0..MODELS {
            let own = || left.iter().filter(|left| left.model == model);
            prop_assert_eq!(pool.backlog(model), own().map(|left| left.evaluations).sum::<u64>());
            let running: usize = own().map(|left| left.running).sum();
            prop_assert!((running..=running + pool.free()).contains(&pool.runnable(model, 0)));
        }
        let reach = |priority| pool.of(priority).map(Request::reach).sum::<u64>();
        prop_assert_eq!(Priority::ALL.map(|priority| pool.queued(priority)), Priority::ALL.map(reach));
        Ok(())
    }

    fn ask(&mut self, demand: Demand) {
        let key = self.bench.admit(demand);
        self.asked.insert(key, (demand.work(), 0));
        self.samples.insert(key, (0, 0, BTreeSet::new()));
        if demand.priority == Priority::Interactive {
            // Every slot's chain to its end, and what those before may get until their tags are past this one's: a batch of
            // rows and one more each, each row at most a batch or the beginning of a chain. Twice, for bulk's turns: each
            // costs a batch or a chain too, and comes once in fifteen rows.
            let before = (self.bench.pool.requests(Priority::Interactive) - 1) * (self.batch_rows + 1);
            let (rows, longest) = (self.batch_rows, LONGEST as usize);
            self.unserved.insert(key, (0, 2 * (self.slots * longest + before * (rows + longest) + WORKERS * rows)));
        }
    }

    /// Takes a batch back; the chains that have ended wait for their reader.
    fn back(&mut self, taken: Taken) {
        for &(key, chain, made) in &taken.rows {
            if let Some((.., ended)) = self.samples.get_mut(&key).filter(|_| made + 1 == self.bench.lengths[&key]) {
                ended.insert(chain);
            }
        }
        self.bench.back(taken);
    }

    /// The reader of request `key` fetches its next sample, if that is there. Whether it was.
    fn fetch(&mut self, key: Key) -> bool {
        let there = self.samples.get_mut(&key).is_some_and(|(_, fetched, ended)| {
            let there = ended.remove(fetched);
            *fetched += u32::from(there);
            there
        });
        if there {
            self.bench.pool.fetched(key);
        }
        there
    }

    /// Every reader fetches what is there. Whether there was any.
    fn fetch_all(&mut self) -> bool {
        let keys: Vec<Key> = self.samples.keys().copied().collect();
        keys.into_iter().fold(false, |any, key| self.fetch(key) | any)
    }

    /// A batch for `worker`, held against what is promised of it.
    fn take(&mut self, worker: usize) -> Result<Option<Taken>, TestCaseError> {
        let of = |pool: &Pool<u32>| pool.of(Priority::Bulk).any(|request| !request.parked.is_empty());
        let bulk_waits = of(&self.bench.pool);
        let slotless = self.bench.pool.running[Priority::Bulk as usize] == 0 && self.bench.pool.bulk_wants();
        let Some(taken) = self.bench.take(worker) else { return Ok(None) };
        let rows = taken.rows.len();
        prop_assert!((1..=self.batch_rows).contains(&rows));

        self.unserved.values_mut().for_each(|(given, _)| *given += rows);
        for (key, _, made) in &taken.rows {
            self.asked.get_mut(key).unwrap().1 += 1;
            self.samples.get_mut(key).unwrap().0 += u32::from(*made == 0);
            self.unserved.remove(key);
        }
        prop_assert!(self.unserved.values().all(|(given, most)| given <= most), "{:?}", self.unserved);

        let bulk = taken.rows.iter().filter(|row| row.0.priority == Priority::Bulk).count();
        // One row may be bulk's turn; more are the room that was left.
        if bulk > 1 {
            prop_assert_eq!(self.bench.pool.first(Priority::Interactive, Some(taken.batch.model)), None);
        }
        let count = |so_far: usize, counts: bool| if counts && bulk == 0 { so_far + rows } else { 0 };
        self.unserved_bulk = count(self.unserved_bulk, bulk_waits);
        self.slotless_bulk = count(self.slotless_bulk, slotless);
        let turn = Priority::TURN as usize - 2 + self.batch_rows;
        prop_assert!(self.unserved_bulk <= turn, "{} rows without one of bulk's", self.unserved_bulk);
        let slot = turn + self.slots * LONGEST as usize;
        prop_assert!(self.slotless_bulk <= slot, "{} rows without a slot for bulk", self.slotless_bulk);
        Ok(Some(taken))
    }
}

proptest! {
    /// Bounds hold at every moment, and no request goes further beyond its reader than a window; whoever comes interactively
    /// is served after a bounded number of rows, whoever does not read; bulk yields, has its turns and comes to its slots;
    /// everyone who stays and reads gets all that was asked; and in the end nothing is left.
    #[test]
    fn nothing_starves_nothing_leaks_and_no_bound_is_passed(
        moves in moves(), batch_rows in 1..9_usize, least_rows in 1..9_usize, slots in 1..20_usize, window in 1..50_u32,
    ) {
        let mut watch = Watch::new([least_rows, batch_rows], slots, window);
        for next in moves {
            watch.play(next)?;
        }
        // Until every worker has come with empty hands and gone with empty hands, and nothing was left to read.
        let mut idle = 0;
        while idle < 2 {
            (0..WORKERS).try_for_each(|worker| watch.play(Move::Work(worker)))?;
            let read = watch.fetch_all();
            idle = if !read && watch.hands.iter().all(Option::is_none) { idle + 1 } else { 0 };
        }
        let Watch { bench: Bench { pool, .. }, asked, .. } = watch;
        prop_assert!(asked.values().all(|(work, given)| work == given), "{asked:?}");
        prop_assert_eq!(Priority::ALL.map(|priority| pool.requests(priority)), [0; 2]);
        prop_assert_eq!((pool.slots_used(), pool.in_flight), (0, 0));
    }
}
