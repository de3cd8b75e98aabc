//! Whatever comes, goes and fails: everyone hears an end, no byte changes, and nothing is left.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::company::Dice;
use common::spy::{Fault, Spy};
use common::{alone, asked, bits, ready, steps, two_bumps, work};
use smld::engine::{
    EngineConfig, Event, Failure, Priority, RawSampleRequest, Refused, SampleRequest, Snapshot, Ticket, engine,
};
use smld::score::ReadyModel;
use std::sync::Arc;

const MOST_REQUESTS: usize = 12;

fn visitor(models: &[ReadyModel], dice: &mut Dice) -> SampleRequest {
    let raw = RawSampleRequest {
        n: Some(dice.between(1, 12)),
        seed: Some(dice.next()),
        sampler: Some(steps(dice.between(1, 20) as u32)),
        priority: Some(Priority::ALL[dice.below(2) as usize]),
        ..RawSampleRequest::default()
    };
    asked(&models[dice.below(models.len() as u64) as usize], &raw)
}

fn is_within_its_bounds(snapshot: &Snapshot) {
    assert!(snapshot.slots_used <= snapshot.slots_capacity, "{snapshot:?}");
    assert!(snapshot.requests_running + snapshot.requests_waiting <= MOST_REQUESTS, "{snapshot:?}");
    assert!(snapshot.bulk_evaluations <= snapshot.queued_evaluations, "{snapshot:?}");
}

/// Hears a request to its end. Whether that was a failure of the model.
fn hear(request: &SampleRequest, mut ticket: Ticket) -> bool {
    let mut session = request.model().open(1).unwrap();
    let mut samples = 0;
    loop {
        match ticket.blocking_next() {
            Some(Event::Sample { index, x, .. }) => {
                assert_eq!(bits(&x), bits(&alone(session.as_mut(), request, index)));
                samples += 1;
            }
            Some(Event::Done(summary)) => {
                assert_eq!((samples, summary.evaluations), (request.n(), request.evaluations()));
                return false;
            }
            Some(Event::Failed(Failure::Model { .. })) => return true,
            other => panic!("{other:?} in place of an end"),
        }
    }
}

/// Plays random moves and hears everyone who stayed. How many of their requests ended well, and how many failed.
fn weather(seed: u64) -> (u32, u32) {
    let mut dice = Dice(seed);
    let workers = dice.between(1, 3) as usize;
    let (fragile, script) = Spy::ready(workers);
    let models = [fragile, ready(two_bumps(2), workers)];
    let config = EngineConfig {
        workers,
        batch_rows: dice.between(1, 9) as usize,
        slots: dice.between(1, 16) as usize,
        max_requests: MOST_REQUESTS,
        max_queued_evaluations: 2000,
    };
    let (engine, mut workers) = engine(&models, config, Arc::new(())).unwrap();
    let mut visits = Vec::new();
    for _ in 0..300 {
        match dice.below(16) {
            0..3 => {
                let request = visitor(&models, &mut dice);
                match engine.submit(&request) {
                    Ok(ticket) => visits.push((request, ticket)),
                    Err(Refused::AtCapacity { .. }) => {}
                    Err(refused @ (Refused::Invalid(_) | Refused::Draining)) => panic!("{refused}"),
                }
            }
            3 if !visits.is_empty() => drop(visits.swap_remove(dice.below(visits.len() as u64) as usize)),
            4 => {
                let fault = [Fault::None, Fault::None, Fault::None, Fault::Error][dice.below(4) as usize];
                script.lock().unwrap().fault = fault;
            }
            _ => {
                let worker = dice.below(workers.len() as u64) as usize;
                workers[worker].step();
            }
        }
        is_within_its_bounds(&engine.snapshot());
    }
    script.lock().unwrap().fault = Fault::None;
    work(&mut workers);
    let end = engine.snapshot();
    assert_eq!((end.slots_used, end.queued_evaluations, end.chains_waiting, end.busy), (0, 0, 0, false));
    let failed = visits.into_iter().map(|(request, ticket)| hear(&request, ticket));
    failed.fold((0, 0), |(well, ill), failed| if failed { (well, ill + 1) } else { (well + 1, ill) })
}

#[test]
fn over_random_arrivals_departures_priorities_and_failures_all_is_answered_and_nothing_is_left() {
    let (well, ill) = (0..200).map(weather).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert!(well > 1000 && ill > 200, "{well} requests ended well and {ill} failed: too few to tell");
}
