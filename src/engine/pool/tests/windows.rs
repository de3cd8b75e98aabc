//! Who waits for a reader, in sentences.

use super::*;

#[test]
fn a_request_whose_reader_stops_begins_a_window_of_chains_and_then_holds_no_slot() {
    let mut bench = Bench::with_window(1, 4, 64, 10);
    let key = bench.ask(0, 1000, 3);
    let mut rows = 0;
    while let Some(taken) = bench.take(0) {
        rows += taken.rows.len();
        bench.back(taken);
    }
    assert_eq!((rows, bench.pool.slots_used(), bench.pool.busy()), (30, 0, false));
    assert_eq!((bench.pool.chains_waiting(), bench.pool.requests(key.priority)), (990, 1));
}

#[test]
fn with_every_sample_that_is_fetched_one_more_chain_may_begin() {
    let mut bench = Bench::with_window(1, 4, 64, 4);
    let key = bench.ask(0, 6, 1);
    assert_eq!(bench.step().of(key), [0, 1, 2, 3]);
    assert!(bench.take(0).is_none());
    bench.pool.fetched(key);
    assert_eq!(bench.step().of(key), [4]);
    // Samples that are there are not lost where their reader is ahead of the last chain.
    (0..4).for_each(|_| bench.pool.fetched(key));
    assert_eq!(bench.step().of(key), [5]);
    assert_eq!(bench.complete, [key]);
}

#[test]
fn who_waits_for_a_reader_leaves_rows_and_slots_to_others() {
    let mut bench = Bench::with_window(1, 4, 4, 2);
    bench.ask(0, 1000, 2);
    (0..2).for_each(|_| _ = bench.step());
    let other = bench.ask_bulk(0, 2, 5);
    for _ in 0..5 {
        assert_eq!(bench.step().of(other), [0, 1]);
    }
    assert_eq!(bench.complete, [other]);
}

#[test]
fn who_waited_for_a_reader_catches_up_by_one_batch_at_most() {
    let mut bench = Bench::with_window(1, 4, 64, 64);
    let slow = bench.ask(0, 1000, 1);
    (0..16).for_each(|_| _ = bench.step());
    let other = bench.ask(0, 64, 1000);
    (0..100).for_each(|_| assert_eq!(bench.step().of(other).len(), 4));
    (0..64).for_each(|_| bench.pool.fetched(slow));
    let rows = (0..10)
        .map(|_| bench.step())
        .fold((0, 0), |rows, taken| (rows.0 + taken.of(other).len(), rows.1 + taken.of(slow).len()));
    assert!(rows.1 <= rows.0 + 4, "{rows:?}");
}

#[test]
fn what_waits_for_a_reader_is_not_in_the_queue_and_no_load_to_newcomers() {
    let mut bench = Bench::with_window(1, 4, 64, 4);
    let key = bench.ask(0, 1000, 2);
    let told = |Bench { pool, .. }: &Bench| (pool.queued(key.priority), pool.left_of(key).unwrap().evaluations);
    assert_eq!(told(&bench), (8, 2000));
    bench.step();
    assert_eq!(told(&bench), (4, 4));
    bench.step();
    assert_eq!(told(&bench), (0, 0));
    bench.pool.fetched(key);
    assert_eq!(told(&bench), (2, 1992));
    let demand = Demand { priority: key.priority, model: 0, chains: 1000, evaluations: 2 };
    assert_eq!((bench.pool.reach(demand), bench.pool.runnable(0, 1000)), (8, 5));
}
