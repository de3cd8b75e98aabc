//! Requests of few chains beside those of many, in sentences.

use super::*;
use proptest::prelude::*;

/// Batches of one to eight rows.
fn bench(workers: usize) -> Bench {
    Bench::with_small_steps(workers, [1, 8], 256, u32::MAX)
}

#[test]
fn one_image_beside_a_thousand_has_a_worker_for_itself_and_the_other_is_at_full_steps() {
    let mut bench = bench(2);
    let large = bench.ask(0, 1000, 100);
    assert_eq!(bench.step().of(large).len(), 8);
    let one = bench.ask(0, 1, 7);
    // Of equals the older is first; it takes no more than a small step of one who waits.
    let (a, mut b) = (bench.take(0).unwrap(), bench.take(1).unwrap());
    assert_eq!((a.of(large).len(), a.rows.len()), (1, 1));
    bench.back(a);
    assert_eq!(bench.take(0).unwrap().of(large).len(), 8);
    for _ in 0..6 {
        assert_eq!((b.of(one), b.rows.len()), (vec![0], 1));
        bench.back(b);
        b = bench.take(1).unwrap();
    }
    bench.back(b);
    assert_eq!(bench.complete, [one]);
    assert_eq!(bench.take(1).unwrap().of(large).len(), 8);
}

#[test]
fn a_full_step_is_taken_while_the_only_small_requests_chain_is_in_flight() {
    let mut bench = bench(2);
    bench.ask(0, 1, 100);
    bench.ask(0, 1000, 100);
    assert_eq!([0, 1].map(|worker| bench.take(worker).unwrap().rows.len()), [1, 8]);
}

#[test]
fn on_one_worker_one_image_shares_steps_of_two_with_a_thousand() {
    let mut bench = bench(1);
    let (large, one) = (bench.ask(0, 1000, 100), bench.ask(0, 1, 20));
    for _ in 0..20 {
        let taken = bench.step();
        assert_eq!((taken.of(large).len(), taken.of(one).len()), (1, 1));
    }
    assert_eq!(bench.step().rows.len(), 8);
}

#[test]
fn a_chain_of_another_model_waits_for_a_small_step_only() {
    let mut bench = bench(1);
    bench.ask(0, 1000, 100);
    bench.ask(1, 1, 100);
    let turns: Vec<_> = (0..6).map(|_| bench.step()).map(|taken| (taken.batch.model, taken.rows.len())).collect();
    assert_eq!(turns, [(0, 2), (1, 1), (1, 1), (0, 2), (1, 1), (1, 1)]);
}

#[test]
fn one_interactive_image_beside_bulk_has_a_worker_for_itself_too_and_bulk_beside_interactive_none() {
    let mut bench = bench(2);
    bench.ask_bulk(0, 1000, 100);
    let one = bench.ask(0, 1, 100);
    let taken = bench.take(0).unwrap();
    assert_eq!((taken.rows.len(), taken.of(one)), (1, vec![0]));
    assert_eq!(bench.take(1).unwrap().rows.len(), 8);

    let mut bench = self::bench(2);
    bench.ask(0, 1000, 100);
    bench.ask_bulk(0, 1, 100);
    assert_eq!([0, 1].map(|worker| bench.take(worker).unwrap().rows.len()), [8, 8]);
}

#[test]
fn sixty_four_requests_of_every_size_have_full_steps() {
    let mut bench = bench(2);
    (1..=64).for_each(|chains| _ = bench.ask(0, chains, 100));
    for _ in 0..100 {
        assert_eq!(bench.step().rows.len(), 8);
    }
}

/// Rows that each of the requests of so many chains is given while workers are at steps that take one unit and as many
/// more as they have rows, until `end`.
fn shares(workers: usize, chains: &[u32], end: u64) -> Vec<usize> {
    let mut bench = bench(workers);
    let keys: Vec<Key> = chains.iter().map(|&chains| bench.ask(0, chains, u32::MAX)).collect();
    let mut given = vec![0; keys.len()];
    let mut hands: Vec<(u64, Option<Taken>)> = (0..workers).map(|_| (0, None)).collect();
    for now in 0..end {
        for (worker, (ends, hand)) in hands.iter_mut().enumerate() {
            if *ends <= now {
                hand.take().into_iter().for_each(|taken| bench.back(taken));
                *hand = bench.take(worker);
                let rows = hand.as_ref().map_or(0, |taken| taken.rows.len());
                *ends = now + 1 + rows as u64;
                for (given, &key) in given.iter_mut().zip(&keys) {
                    *given += hand.as_ref().map_or(0, |taken| taken.of(key).len());
                }
            }
        }
    }
    given
}

proptest! {
    /// However few its chains are, a request has four fifths of an equal share of the rows, or of what its chains alone
    /// could be given one by one.
    #[test]
    fn no_request_has_less_than_its_share_for_having_few_chains(
        workers in 1..5_usize, chains in prop::collection::vec(1..24_u32, 1..8),
    ) {
        const END: u64 = 4000;
        let given = shares(workers, &chains, END);
        let equal = given.iter().sum::<usize>() / given.len();
        for (&given, &chains) in given.iter().zip(&chains) {
            // A step of one row takes two units.
            let by_itself = chains as usize * END as usize / 2;
            prop_assert!(5 * given >= 4 * equal.min(by_itself), "{given} rows for {chains} chains, {equal} are equal");
        }
    }
}
