//! Promises are kept, in a world where every step takes exactly as long as was measured.

use super::*;
use crate::engine::pace::Pace;
use crate::engine::pool::{Back, Batch, Key, PoolConfig};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

const WORKERS: usize = 2;
const ROWS: usize = 8;

/// What steps take, and the fewest rows of small ones.
#[derive(Clone, Copy)]
struct Machine {
    start: Duration,
    row: Duration,
    least_rows: usize,
}

/// Small steps are hardly worth less than large ones, as on a processor.
const ROW_BY_ROW: Machine = Machine { start: Duration::from_micros(400), row: Duration::from_millis(3), least_rows: 1 };
/// Most of a step is its start, so no step is made small.
const IN_STEPS: Machine = Machine { start: Duration::from_millis(10), row: Duration::from_millis(1), least_rows: ROWS };

impl Machine {
    /// What a step of `rows` rows takes.
    fn step(self, rows: usize) -> Duration {
        self.start + self.row * rows as u32
    }
}

/// Somebody comes `after` the one before, and has `allowed`.
#[derive(Clone, Debug)]
struct Arrival {
    after: Duration,
    allowed: Duration,
    demand: Demand,
}

/// Crowds that ask for several times as much as can be done, with deadlines between what a lone request needs and much more.
fn crowds(machine: Machine) -> impl Strategy<Value = Vec<Arrival>> {
    let arrival =
        (0..120_u64, 1..24_u32, 5..120_u32, 11..80_u32).prop_map(move |(after, chains, evaluations, tenths)| {
            let demand = Demand { priority: Priority::Interactive, model: 0, chains, evaluations };
            let alone = machine.step(ROWS) * evaluations * chains.div_ceil((WORKERS * ROWS) as u32);
            Arrival { after: Duration::from_millis(after), allowed: alone * tenths / 10, demand }
        });
    prop::collection::vec(arrival, 1..250)
}

/// A batch in a worker's hands, and when its step ends.
type Hand = Option<(Duration, Batch, Vec<(Key, u32, u32)>)>;

/// The engine without models: time is a number.
struct World {
    machine: Machine,
    pool: Pool<u32>,
    paces: Vec<Pace>,
    hands: [Hand; WORKERS],
    /// Of who was let in: evaluations of a chain, the time that it has, and the deadline.
    promised: BTreeMap<Key, (u32, Duration, Duration)>,
    rows: u64,
    late: usize,
}

impl World {
    fn new(machine: Machine) -> Self {
        let (batch_rows, least_rows, wide) = (vec![ROWS], vec![machine.least_rows], vec![false]);
        let config = PoolConfig { workers: WORKERS, batch_rows, least_rows, slots: 4096, window: u32::MAX, wide };
        let mut pace = Pace::default();
        (1..=ROWS).for_each(|rows| pace.record(rows, machine.step(rows)));
        let (hands, promised) = (Default::default(), BTreeMap::new());
        Self { machine, pool: Pool::new(config), paces: vec![pace], hands, promised, rows: 0, late: 0 }
    }

    /// Whether the newcomer is let in.
    fn ask(&mut self, now: Duration, arrival: &Arrival) -> bool {
        let outlook = Outlook::new(&self.pool, &self.paces, WORKERS, arrival.demand);
        let others = self.promised.iter().map(|(&key, &(_, whole, deadline))| {
            let left = deadline.saturating_sub(now);
            (self.pool.left_of(key).expect("who is done is forgotten"), Term { whole, left, windowed: false })
        });
        let term = Term { whole: arrival.allowed, left: arrival.allowed, windowed: false };
        let taken = time(&outlook, || None, term, others).is_ok();
        if taken {
            let key = self.pool.admit(arrival.demand);
            self.promised.insert(key, (arrival.demand.evaluations, arrival.allowed, now + arrival.allowed));
        }
        taken
    }

    /// Works until `until`, or until nothing is left.
    fn work(&mut self, from: Duration, until: Duration) {
        let mut now = from;
        loop {
            for worker in 0..WORKERS {
                if self.hands[worker].is_none() {
                    let mut rows = Vec::new();
                    let batch = self.pool.take(worker, |key, chain, made| rows.push((key, chain, made.unwrap_or(0))));
                    self.hands[worker] = batch.map(|batch| (now + self.machine.step(rows.len()), batch, rows));
                }
            }
            let ends = self.hands.iter().flatten().map(|hand| hand.0);
            let Some(next) = ends.min().filter(|&next| next <= until) else { return };
            now = next;
            for hand in &mut self.hands {
                if let Some((_, _, rows)) = hand.take_if(|hand| hand.0 == now) {
                    self.rows += rows.len() as u64;
                    for (key, chain, made) in rows {
                        let (evaluations, _, deadline) = self.promised[&key];
                        let carried = (made + 1 < evaluations).then_some(made + 1);
                        if self.pool.back(key, chain, carried) == Back::Complete {
                            self.promised.remove(&key);
                            self.late += usize::from(now > deadline);
                        }
                    }
                }
            }
        }
    }
}

/// What came of crowds: how many were let in and how many of those were late.
#[derive(Default)]
struct Tally {
    taken: usize,
    late: usize,
}

impl Tally {
    fn count(&mut self, machine: Machine, crowd: &[Arrival]) {
        let (mut world, mut now, mut work) = (World::new(machine), Duration::ZERO, 0);
        for arrival in crowd {
            world.work(now, now + arrival.after);
            now += arrival.after;
            if world.ask(now, arrival) {
                work += arrival.demand.work();
                self.taken += 1;
            }
        }
        world.work(now, Duration::MAX);
        assert_eq!((world.rows, world.promised.len()), (work, 0), "all that was taken is done");
        self.late += world.late;
    }
}

/// What came of two hundred crowds.
fn tally(machine: Machine) -> Tally {
    let (mut runner, mut tally) = (TestRunner::deterministic(), Tally::default());
    for _ in 0..200 {
        tally.count(machine, &crowds(machine).new_tree(&mut runner).unwrap().current());
    }
    tally
}

#[test]
fn of_crowds_that_ask_for_far_too_much_those_who_are_let_in_are_in_time_but_for_one_in_a_hundred() {
    let Tally { taken, late } = tally(IN_STEPS);
    assert!(taken > 3800 && late * 100 <= taken, "{late} of {taken} are late");
}

#[test]
fn where_steps_are_small_for_the_sake_of_few_chains_more_are_let_in() {
    let full = tally(Machine { least_rows: ROWS, ..ROW_BY_ROW });
    let small = tally(ROW_BY_ROW);
    assert!(small.taken > full.taken, "{} are let in where steps are small, {} else", small.taken, full.taken);
    for Tally { taken, late } in [full, small] {
        assert!(late * 100 <= taken * 2, "{late} of {taken} are late");
    }
}

#[test]
fn equals_who_come_ten_times_too_often_fill_the_engine_and_are_all_in_time() {
    let demand = Demand { priority: Priority::Interactive, model: 0, chains: 1, evaluations: 50 };
    let allowed = Duration::from_secs(4);
    // Sixteen are served in fifty steps of 18 ms: 2,000 in the 112.5 s in which twenty thousand come.
    let crowd = vec![Arrival { after: Duration::from_micros(5625), allowed, demand }; 20_000];
    let mut tally = Tally::default();
    tally.count(IN_STEPS, &crowd);
    let Tally { taken, late } = tally;
    assert!(late == 0 && taken >= 2000, "{late} of {taken} are late");
}

#[test]
fn a_reader_that_stops_or_is_slow_keeps_nobody_out_however_little_is_left_of_its_time() {
    let mut world = World::new(IN_STEPS);
    let demand = |chains| Demand { priority: Priority::Interactive, model: 0, chains, evaluations: 50 };
    let key = world.pool.admit(demand(100));
    let slow = world.pool.left_of(key).unwrap();
    let stopped = Left { evaluations: 0, waiting: 0, ..slow };
    let (hour, minute) = (Duration::from_secs(3600), Duration::from_secs(60));
    let comes = |other, windowed| {
        let outlook = Outlook::new(&world.pool, &world.paces, WORKERS, demand(1));
        let term = Term { whole: hour, left: hour, windowed: false };
        time(&outlook, || None, term, [(other, Term { left: minute, windowed, ..term })]).is_ok()
    };
    assert!(comes(stopped, true) && comes(slow, true));
    assert!(!comes(slow, false), "who does not wait for a reader would be done later than was promised");
}

#[test]
fn who_would_be_late_alone_is_told_so_and_who_would_be_late_beside_others_when_to_come_back() {
    let mut world = World::new(IN_STEPS);
    let demand = |chains| Demand { priority: Priority::Interactive, model: 0, chains, evaluations: 50 };
    world.pool.admit(demand(1000));
    let comes = |chains, alone| {
        let outlook = Outlook::new(&world.pool, &world.paces, WORKERS, demand(chains));
        let second = Duration::from_secs(1);
        let term = Term { whole: second, left: second, windowed: false };
        time(&outlook, || alone, term, [])
    };
    assert!(matches!(comes(1000, Some(100.0)), Err(Refused::Invalid(fault)) if fault.field == "deadline_ms"));
    for alone in [None, Some(0.5), Some(1.9)] {
        assert!(matches!(comes(1000, alone), Err(Refused::AtCapacity { bound: Bound::Deadline, .. })), "{alone:?}");
    }
}
