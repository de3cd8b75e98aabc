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

/// Two or more workers at steps that take exactly as long as is said.
struct World {
    bench: Bench,
    now: u64,
    /// By worker: when its step ends, and the batch in its hands.
    hands: Vec<Option<(u64, Taken)>>,
    /// Rows given, by request.
    given: BTreeMap<Key, usize>,
}

impl World {
    fn new(workers: usize) -> Self {
        let hands = (0..workers).map(|_| None).collect();
        Self { bench: bench(workers), now: 0, hands, given: BTreeMap::new() }
    }

    /// Works until `end`; a step takes `time`.
    fn work(&mut self, end: u64, time: impl Fn(&Taken) -> u64) {
        while self.now < end {
            for worker in 0..self.hands.len() {
                if let Some((_, taken)) = self.hands[worker].take_if(|hand| hand.0 <= self.now) {
                    self.bench.back(taken);
                }
                if self.hands[worker].is_none() {
                    self.hands[worker] = self.bench.take(worker).map(|taken| (self.now + time(&taken), taken));
                    let rows = self.hands[worker].iter().flat_map(|(_, taken)| &taken.rows);
                    rows.for_each(|row| *self.given.entry(row.0).or_default() += 1);
                }
            }
            let next = self.hands.iter().flatten().map(|hand| hand.0).filter(|&ends| ends > self.now).min();
            self.now = next.unwrap_or(end).min(end);
        }
    }
}

/// The latencies in microseconds, by rising length, of requests for one image of 50 evaluations from so many clients who ask
/// again a little after each answer; beside one for a thousand images or not.
///
/// Steps take what was measured of the shipped image models on two cores of an AMD EPYC (Zen 1), at work on both.
fn latencies(clients: u64, beside: bool) -> Vec<u64> {
    const STEPS: [u64; 8] = [3500, 6800, 10_000, 12_900, 16_200, 19_800, 23_200, 26_500];
    const WIDE: u64 = 2700;
    let time = |taken: &Taken| if taken.batch.alone { WIDE } else { STEPS[taken.rows.len() - 1] };
    let mut world = World::new(2);
    if beside {
        world.bench.ask(0, 1000, u32::MAX);
    }
    let mut asked: Vec<(u64, Option<Key>)> = (0..clients).map(|client| (700 * client, None)).collect();
    let mut latencies = Vec::new();
    while latencies.len() < 400 {
        for (client, (when, key)) in asked.iter_mut().enumerate() {
            if key.is_some_and(|key| world.bench.complete.contains(&key)) {
                latencies.push(world.now - *when);
                *when = world.now + 1000 + 300 * ((client + latencies.len()) as u64 % 7);
                *key = None;
            }
            if key.is_none() && *when <= world.now {
                *key = Some(world.bench.ask(0, 1, 50));
            }
        }
        world.work(world.now + 100, time);
    }
    latencies.sort_unstable();
    latencies
}

/// Two among their like have a worker each, and two thirds of one beside another request: half as long again by their shares
/// alone.
#[test]
fn images_beside_a_thousand_take_no_more_than_half_as_long_again_as_among_their_like() {
    for clients in [1, 4, 8, 16] {
        let [beside, among] = [true, false].map(|beside| latencies(clients, beside));
        for share in [50, 99] {
            let [beside, among] = [&beside, &among].map(|latencies| latencies[latencies.len() * share / 100]);
            assert!(2 * beside <= 3 * among, "{clients} clients, p{share}: {beside} µs beside, {among} µs among");
        }
    }
}

proptest! {
    /// However few its chains are, a request has four fifths of an equal share of the rows, or of what its chains alone
    /// could be given one by one.
    #[test]
    fn no_request_has_less_than_its_share_for_having_few_chains(
        workers in 1..5_usize, chains in prop::collection::vec(1..24_u32, 1..8),
    ) {
        const END: u64 = 4000;
        let mut world = World::new(workers);
        let keys: Vec<Key> = chains.iter().map(|&chains| world.bench.ask(0, chains, u32::MAX)).collect();
        // A step takes one unit, and one more for each of its rows.
        world.work(END, |taken| 1 + taken.rows.len() as u64);
        let equal = world.given.values().sum::<usize>() / keys.len();
        for (key, &chains) in keys.iter().zip(&chains) {
            let (given, by_itself) = (world.given[key], chains as usize * END as usize / 2);
            prop_assert!(5 * given >= 4 * equal.min(by_itself), "{given} rows for {chains} chains, {equal} are equal");
        }
    }
}
