//! Who yields, in sentences.

use super::*;

impl Taken {
    fn bulk_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.0.priority == Priority::Bulk).count()
    }
}

#[test]
fn bulk_takes_the_room_that_interactive_rows_leave_in_a_batch_and_no_more() {
    let mut bench = Bench::new(1, 8, 64);
    let bulk = bench.ask_bulk(0, 100, 100);
    let interactive = bench.ask(0, 3, 100);
    for _ in 0..50 {
        let taken = bench.step();
        assert_eq!((taken.of(interactive).len(), taken.of(bulk).len()), (3, 5));
    }
}

#[test]
fn where_interactive_rows_leave_no_room_bulk_gets_one_row_of_sixteen() {
    let mut bench = Bench::new(1, 8, 64);
    bench.ask(0, 1000, 100);
    bench.ask_bulk(0, 1000, 100);
    let rows: Vec<Key> = (0..200).flat_map(|_| bench.step().rows).map(|row| row.0).collect();
    let turns: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].priority == Priority::Bulk).collect();
    assert_eq!(turns, (15..rows.len()).step_by(16).collect::<Vec<_>>());
}

#[test]
fn bulk_saves_up_no_turns_while_it_wants_nothing() {
    let mut bench = Bench::new(1, 8, 64);
    bench.ask(0, 1000, 100);
    for _ in 0..100 {
        bench.step();
    }
    bench.ask_bulk(0, 10, 100);
    assert_eq!([0; 3].map(|_| bench.step().bulk_rows()), [0, 1, 0]);
}

#[test]
fn who_comes_interactively_finds_slots_however_much_bulk_there_is() {
    let mut bench = Bench::new(1, 8, 8);
    bench.ask_bulk(0, 1000, 100);
    assert_eq!([0; 3].map(|_| bench.step().rows.len()), [6; 3], "bulk has six slots of eight");
    let interactive = bench.ask(0, 2, 100);
    assert_eq!(bench.step().of(interactive), [0, 1]);
}

#[test]
fn bulk_takes_no_slot_that_an_interactive_chain_waits_for() {
    let mut bench = Bench::new(2, 4, 8);
    bench.ask_bulk(0, 100, 100);
    bench.ask(0, 1, 100);
    // The chains of the other model wait for a worker, not for slots.
    bench.ask(1, 6, 100);
    let taken = bench.take(0).unwrap();
    assert_eq!((taken.rows.len(), taken.bulk_rows()), (2, 1), "one slot of eight is nobody else's");
}

#[test]
fn bulk_that_has_no_slot_gets_the_next_one_in_its_turn() {
    let mut bench = Bench::new(1, 4, 4);
    bench.ask(0, 1000, 50);
    bench.step();
    bench.ask_bulk(0, 1000, 50);
    let before = (0..).take_while(|_| bench.step().bulk_rows() == 0).count();
    assert_eq!(before, 49, "steps in which the four chains that had the slots came to their end");
}

#[test]
fn with_a_single_slot_bulk_has_it_for_one_chain_of_sixteen() {
    let mut bench = Bench::new(1, 4, 1);
    bench.ask(0, 1000, 1);
    bench.ask_bulk(0, 1000, 1);
    assert_eq!((0..320).map(|_| bench.step().bulk_rows()).sum::<usize>(), 20);
}

#[test]
fn bulk_of_another_model_has_its_turn_too() {
    let mut bench = Bench::new(1, 4, 64);
    bench.ask(0, 1, 1000);
    bench.ask_bulk(1, 100, 100);
    let turns: Vec<usize> = (0..64).map(|_| bench.step().bulk_rows()).collect();
    assert_eq!(turns, [[0; 15].as_slice(), &[4]].concat().repeat(4));
}

#[test]
fn bulk_requests_share_equally_among_themselves() {
    let mut bench = Bench::new(1, 8, 64);
    let interactive = bench.ask(0, 4, 1000);
    let (early, late) = (bench.ask_bulk(0, 100, 100), bench.ask_bulk(0, 100, 100));
    for _ in 0..50 {
        let taken = bench.step();
        assert_eq!([interactive, early, late].map(|key| taken.of(key).len()), [4, 2, 2]);
    }
}
