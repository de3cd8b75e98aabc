//! A reader that stops holds back its own request, and no other.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::Spy;
use common::{asked, collected, request, roomy, steps, work};
use smld::engine::{EngineConfig, Event, Failure, RawSampleRequest, Ticket, engine};
use std::sync::Arc;
use std::time::Instant;

/// How far a request may be beyond its reader where there are 64 slots: the least that it ever is.
const WINDOW: u64 = 128;

fn index(event: Option<Event>) -> u32 {
    match event {
        Some(Event::Sample { index, .. }) => index,
        other => panic!("{other:?} in place of a sample"),
    }
}

/// The indices that are there to be fetched, and whether they are followed by the end.
fn there(ticket: &mut Ticket) -> (Vec<u32>, bool) {
    let mut indices = Vec::new();
    while let Some(event) = ticket.try_next() {
        match event {
            Event::Done(_) => return (indices, true),
            event => indices.push(index(Some(event))),
        }
    }
    (indices, false)
}

#[test]
fn a_request_that_is_not_read_stops_after_a_window_of_samples_while_others_are_finished() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let mut unread = engine.submit(&request(&model, 100_000, 3)).unwrap();
    work(&mut workers);
    let rows = || script.lock().unwrap().runs.iter().map(|&(_, rows)| rows as u64).sum::<u64>();
    assert_eq!(rows(), 3 * WINDOW);
    let held = engine.snapshot();
    assert_eq!((held.slots_used, held.busy, held.queued_evaluations, held.chains_waiting), (0, false, 0, 99_872));
    assert_eq!(held.stalled, std::time::Duration::ZERO, "nothing stalls that waits for a reader");

    let read = engine.submit(&request(&model, 50, 7)).unwrap();
    work(&mut workers);
    assert_eq!((collected(read).samples.len(), rows()), (50, 3 * WINDOW + 350));

    assert_eq!([0; 3].map(|_| index(unread.blocking_next())), [0, 1, 2]);
    work(&mut workers);
    assert_eq!(rows(), 3 * (WINDOW + 3) + 350, "for each sample that is read one chain more");
}

#[test]
fn a_request_of_many_windows_is_finished_by_a_reader_that_comes_now_and_then() {
    let (model, _) = Spy::ready(2);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let mut ticket = engine
        .submit(&asked(
            &model,
            &RawSampleRequest {
                n: Some(1000),
                first_index: Some(u32::MAX - 999),
                sampler: Some(steps(2)),
                ..RawSampleRequest::default()
            },
        ))
        .unwrap();
    let (mut indices, mut visits) = (Vec::new(), 0);
    loop {
        work(&mut workers);
        let (more, end) = there(&mut ticket);
        indices.extend(more);
        visits += 1;
        if end {
            break;
        }
    }
    assert_eq!(indices, (u32::MAX - 999..=u32::MAX).collect::<Vec<_>>());
    assert_eq!(visits, 1000_u64.div_ceil(WINDOW));
    assert_eq!((engine.snapshot().slots_used, engine.snapshot().busy), (0, false));
}

#[test]
fn the_window_is_twice_the_slots_where_that_is_more() {
    let (model, script) = Spy::ready(1);
    let config = EngineConfig { slots: 100, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let _unread = engine.submit(&request(&model, 1000, 1)).unwrap();
    work(&mut workers);
    assert_eq!(script.lock().unwrap().runs.iter().map(|&(_, rows)| rows).sum::<usize>(), 200);
}

#[test]
fn who_leaves_while_nobody_reads_is_forgotten_at_once_and_an_engine_that_drains_ends() {
    let (model, _) = Spy::ready(1);
    let (engine, workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let mut unread = engine.submit(&request(&model, 1000, 1)).unwrap();
    let threads: Vec<_> = workers.into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    assert_eq!(index(unread.blocking_next()), 0);
    engine.drain();
    drop(unread);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((engine.snapshot().requests_running, engine.snapshot().chains_waiting), (0, 0));
}

#[test]
fn requests_that_are_not_read_leave_the_queue_to_those_that_are() {
    let (model, _) = Spy::ready(1);
    let config = EngineConfig { max_queued_evaluations: 2 * WINDOW, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let unread: Vec<_> = (0..5)
        .map(|_| {
            let ticket = engine.submit(&request(&model, 100_000, 2)).unwrap();
            work(&mut workers);
            ticket
        })
        .collect();
    assert_eq!(engine.snapshot().queued_evaluations, 0);
    assert!(engine.submit(&request(&model, 100, 3)).is_err(), "the bound is as it was");
    drop(unread);
}

#[test]
fn a_deadline_holds_for_a_request_that_waits_for_its_reader() {
    let (model, _) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let raw = RawSampleRequest { n: Some(1000), deadline_ms: Some(200), ..RawSampleRequest::default() };
    let request = asked(&model, &RawSampleRequest { sampler: Some(steps(1)), ..raw });
    let ticket = engine.submit(&request).unwrap();
    work(&mut workers);
    while Instant::now() < request.deadline() {
        std::hint::spin_loop();
    }
    assert!(!workers[0].step());
    assert_eq!(ticket.blocking_collect(), Err(Failure::Deadline));
}
