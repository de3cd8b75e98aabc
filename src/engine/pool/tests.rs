//! The policy in sentences.

mod few;
mod priorities;
mod random;
mod windows;

use super::*;
use std::collections::BTreeMap;

/// A pool whose chains count their evaluations, and what the chains of each request are to have.
struct Bench {
    pool: Pool<u32>,
    lengths: BTreeMap<Key, u32>,
    complete: Vec<Key>,
}

/// A batch in a worker's hands: request, chain, evaluations made.
#[derive(Debug)]
struct Taken {
    batch: Batch,
    rows: Vec<(Key, u32, u32)>,
}

impl Taken {
    fn of(&self, key: Key) -> Vec<u32> {
        self.rows.iter().filter(|row| row.0 == key).map(|row| row.1).collect()
    }
}

impl Bench {
    fn new(workers: usize, batch_rows: usize, slots: usize) -> Self {
        Self::with_window(workers, batch_rows, slots, u32::MAX)
    }

    fn with_window(workers: usize, batch_rows: usize, slots: usize, window: u32) -> Self {
        Self::with_small_steps(workers, [batch_rows; 2], slots, window)
    }

    /// Batches have `least` to `most` rows.
    fn with_small_steps(workers: usize, [least, most]: [usize; 2], slots: usize, window: u32) -> Self {
        let (least_rows, batch_rows, wide) = (vec![least; 2], vec![most; 2], vec![workers > 1; 2]);
        let config = PoolConfig { workers, batch_rows, least_rows, slots, window, wide };
        Self { pool: Pool::new(config), lengths: BTreeMap::new(), complete: Vec::new() }
    }

    fn ask(&mut self, model: usize, chains: u32, evaluations: u32) -> Key {
        self.admit(Demand { priority: Priority::Interactive, model, chains, evaluations })
    }

    fn ask_bulk(&mut self, model: usize, chains: u32, evaluations: u32) -> Key {
        self.admit(Demand { priority: Priority::Bulk, model, chains, evaluations })
    }

    fn admit(&mut self, demand: Demand) -> Key {
        let key = self.pool.admit(demand);
        self.lengths.insert(key, demand.evaluations);
        key
    }

    fn take(&mut self, worker: usize) -> Option<Taken> {
        let mut rows = Vec::new();
        let batch = self.pool.take(worker, |key, chain, made| rows.push((key, chain, made.unwrap_or(0))))?;
        Some(Taken { batch, rows })
    }

    fn back(&mut self, taken: Taken) {
        for (key, chain, made) in taken.rows {
            let carried = (made + 1 < self.lengths[&key]).then_some(made + 1);
            if self.pool.back(key, chain, carried) == Back::Complete {
                self.complete.push(key);
            }
        }
    }

    /// One batch taken by worker 0 and given back.
    fn step(&mut self) -> Taken {
        let taken = self.take(0).unwrap();
        self.back(Taken { batch: taken.batch, rows: taken.rows.clone() });
        taken
    }
}

#[test]
fn a_pool_without_requests_has_no_batch() {
    assert!(Bench::new(1, 8, 8).take(0).is_none());
}

#[test]
fn a_request_is_complete_when_every_chain_has_had_its_evaluations_and_no_sooner() {
    let mut bench = Bench::new(1, 2, 8);
    let key = bench.ask(0, 3, 4);
    let mut rows = 0;
    while rows < 12 {
        assert!(bench.complete.is_empty());
        rows += bench.step().rows.len();
    }
    assert_eq!((rows, bench.complete.as_slice(), bench.pool.slots_used()), (12, [key].as_slice(), 0));
    assert!(bench.take(0).is_none());
}

#[test]
fn one_image_behind_a_thousand_is_in_the_next_batch_and_in_every_one_after() {
    let mut bench = Bench::new(1, 8, 64);
    bench.ask(0, 1000, 100);
    for _ in 0..10 {
        bench.step();
    }
    let one = bench.ask(0, 1, 20);
    for _ in 0..20 {
        assert_eq!(bench.step().of(one), [0]);
    }
    assert_eq!(bench.complete, [one]);
}

#[test]
fn two_large_requests_share_the_rows_equally() {
    let mut bench = Bench::new(1, 8, 64);
    let (early, late) = (bench.ask(0, 1000, 100), bench.ask(0, 1000, 100));
    for _ in 0..50 {
        let taken = bench.step();
        assert_eq!((taken.of(early).len(), taken.of(late).len()), (4, 4));
    }
}

#[test]
fn a_newcomer_has_no_claim_on_what_others_had_before_it_came() {
    let mut bench = Bench::new(1, 8, 64);
    let early = bench.ask(0, 1000, 100);
    // A small one beside it, whose single chain leaves its tag far behind.
    bench.ask(0, 1, 1000);
    for _ in 0..200 {
        bench.step();
    }
    let late = bench.ask(0, 1000, 100);
    let rows: (usize, usize) = (0..10)
        .map(|_| bench.step())
        .fold((0, 0), |(a, b), taken| (a + taken.of(early).len(), b + taken.of(late).len()));
    assert!(rows.0.abs_diff(rows.1) <= 1, "{rows:?}");
}

#[test]
fn who_had_to_wait_for_a_slot_catches_up_by_one_batch_at_most() {
    let mut bench = Bench::new(1, 4, 4);
    let early = bench.ask(0, 1000, 500);
    bench.step();
    // Every slot is taken until the four chains end.
    let late = bench.ask(0, 1000, 500);
    while bench.pool.requests_waiting() > 0 {
        bench.step();
    }
    let rows: (usize, usize) = (0..20)
        .map(|_| bench.step())
        .fold((0, 0), |(a, b), taken| (a + taken.of(early).len(), b + taken.of(late).len()));
    assert!(rows.1 <= rows.0 + 4, "{rows:?}");
}

#[test]
fn within_a_request_the_first_images_are_finished_first() {
    let mut bench = Bench::new(1, 2, 64);
    let key = bench.ask(0, 5, 3);
    let order: Vec<_> = (0..8).map(|_| bench.step().of(key)).collect();
    let expected: [&[u32]; 8] = [&[0, 1], &[0, 1], &[0, 1], &[2, 3], &[2, 3], &[2, 3], &[4], &[4]];
    assert_eq!(order, expected);
}

#[test]
fn two_workers_share_nine_chains_five_and_four() {
    let mut bench = Bench::new(2, 8, 64);
    bench.ask(0, 9, 10);
    for _ in 0..3 {
        let (a, b) = (bench.take(0).unwrap(), bench.take(1).unwrap());
        assert_eq!((a.rows.len(), b.rows.len()), (5, 4));
        bench.back(a);
        bench.back(b);
    }
}

#[test]
fn a_batch_has_no_more_rows_than_it_may_have() {
    let mut bench = Bench::new(2, 8, 64);
    bench.ask(0, 100, 10);
    let (a, b) = (bench.take(0).unwrap(), bench.take(1).unwrap());
    assert_eq!((a.rows.len(), b.rows.len()), (8, 8));
}

#[test]
fn a_chain_is_never_in_two_batches_at_once() {
    let mut bench = Bench::new(3, 4, 64);
    bench.ask(0, 2, 10);
    let (a, b) = (bench.take(0).unwrap(), bench.take(1).unwrap());
    assert_ne!(a.rows[0].1, b.rows[0].1);
    assert!(bench.take(2).is_none());
}

#[test]
fn models_do_not_meet_in_a_batch_and_take_turns() {
    let mut bench = Bench::new(1, 4, 64);
    bench.ask(0, 100, 10);
    bench.ask(1, 100, 10);
    let turns: Vec<_> = (0..4).map(|_| bench.step()).collect();
    assert_eq!(turns.iter().map(|taken| taken.batch.model).collect::<Vec<_>>(), [0, 1, 0, 1]);
    assert!(turns.iter().all(|taken| taken.rows.len() == 4 && taken.rows.iter().all(|row| row.0 == taken.rows[0].0)));
}

#[test]
fn no_more_chains_run_than_there_are_slots() {
    let mut bench = Bench::new(1, 8, 3);
    let key = bench.ask(0, 10, 5);
    for _ in 0..5 {
        assert_eq!(bench.step().of(key), [0, 1, 2]);
    }
    assert_eq!(bench.step().of(key), [3, 4, 5]);
}

#[test]
fn freed_slots_go_to_the_requests_with_the_fewest() {
    let mut bench = Bench::new(1, 4, 4);
    let large = bench.ask(0, 1000, 5);
    bench.step();
    let (one, other) = (bench.ask(0, 1, 50), bench.ask(0, 3, 50));
    for _ in 0..4 {
        assert_eq!(bench.step().of(large).len(), 4);
    }
    // Four slots are free.
    let taken = bench.step();
    let counts = [one, other, large].map(|key| taken.of(key).len());
    assert!(counts == [1, 2, 1] || counts == [1, 1, 2], "{counts:?}");
}

#[test]
fn removed_requests_free_the_slots_of_waiting_chains_at_once_and_of_rows_in_flight_when_they_are_back() {
    let mut bench = Bench::new(1, 2, 8);
    let key = bench.ask(0, 4, 10);
    let two = bench.take(0).unwrap();
    let more = bench.take(0).unwrap();
    bench.back(two);
    assert_eq!(bench.pool.slots_used(), 4);
    assert_eq!(bench.pool.remove(key), 2);
    assert_eq!((bench.pool.slots_used(), bench.pool.requests(Priority::Interactive)), (2, 0));
    for (key, chain, _) in more.rows {
        assert_eq!(bench.pool.back(key, chain, None), Back::Gone);
    }
    assert_eq!(bench.pool.slots_used(), 0);
}

#[test]
fn a_lone_chain_is_left_to_the_first_worker_and_its_wide_session() {
    let mut bench = Bench::new(2, 8, 8);
    bench.ask(0, 1, 10);
    assert!(bench.take(1).is_none());
    let taken = bench.take(0).unwrap();
    assert!(taken.batch.alone);
    bench.back(taken);
    bench.ask(1, 1, 10);
    // Two chains, be they of different models: one for each worker.
    let (a, b) = (bench.take(1).unwrap(), bench.take(0).unwrap());
    assert!(!a.batch.alone && !b.batch.alone);
    assert_eq!((a.rows.len(), b.rows.len()), (1, 1));
}

#[test]
fn a_chain_beside_one_in_flight_is_not_alone() {
    let mut bench = Bench::new(2, 8, 8);
    bench.ask(0, 2, 10);
    let first = bench.take(0).unwrap();
    let second = bench.take(1).unwrap();
    bench.back(first);
    assert!(!bench.take(0).unwrap().batch.alone);
    bench.back(second);
}

#[test]
fn one_worker_has_no_wide_session_to_use() {
    let mut bench = Bench::new(1, 8, 8);
    bench.ask(0, 1, 10);
    assert!(!bench.take(0).unwrap().batch.alone);
}

#[test]
fn the_counts_tell_what_runs_and_what_waits() {
    let mut bench = Bench::new(1, 4, 8);
    bench.ask(0, 10, 5);
    bench.step();
    bench.ask(1, 2, 7);
    bench.ask_bulk(1, 3, 5);
    let pool = &bench.pool;
    assert_eq!(Priority::ALL.map(|priority| pool.requests(priority)), [2, 1]);
    assert_eq!((pool.requests_waiting(), pool.chains_waiting(), pool.slots_used()), (2, 11, 4));
    let left = |model, evaluations, running, waiting, each| Left { model, evaluations, running, waiting, each };
    let interactive: Vec<_> = pool.left(Priority::Interactive).collect();
    assert_eq!(interactive, [left(0, 46, 4, 6, 5), left(1, 14, 0, 2, 7)]);
    assert_eq!(pool.left(Priority::Bulk).collect::<Vec<_>>(), [left(1, 15, 0, 3, 5)]);
    assert_eq!(Priority::ALL.map(|priority| pool.queued(priority)), [60, 15]);
    assert_eq!((pool.runnable(0, 0), pool.runnable(1, 0), pool.runnable(1, 9)), (8, 4, 4));
}
