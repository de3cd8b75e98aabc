//! The engine, driven by hand: what was asked for comes, what is not wanted any more stops.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::Spy;
use common::{LIMITS, alone, asked, bits, collected, gaussian, ready, request, roomy, steps, two_bumps, work};
use smld::engine::{
    Bound, Engine, EngineConfig, Event, Failure, Observer, Priority, RawSampleRequest, Refused, SampleRequest, Ticket,
    engine,
};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

/// Waits until `moment` is past; nothing else can make a deadline pass.
fn pass(moment: Instant) {
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

#[test]
fn a_request_gets_its_samples_by_rising_index_and_a_summary() {
    let model = ready(two_bumps(3), 2);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let raw = RawSampleRequest { n: Some(20), first_index: Some(7), seed: Some(3), ..RawSampleRequest::default() };
    let request = asked(&model, &raw);
    let ticket = engine.submit(&request).unwrap();
    work(&mut workers);
    let got = collected(ticket);
    assert_eq!(got.summary.evaluations, request.evaluations());
    let mut session = model.open(1).unwrap();
    for (expected, (index, x)) in (7..27).zip(&got.samples) {
        assert_eq!((*index, bits(x)), (expected, bits(&alone(session.as_mut(), &request, expected))));
    }
    assert_eq!(got.samples.len(), 20);
}

#[tokio::test]
async fn a_ticket_can_be_awaited_while_threads_work() {
    let model = ready(two_bumps(3), 2);
    let (engine, workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let threads: Vec<_> = workers.into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    let got = engine.submit(&request(&model, 5, 50)).unwrap().collect().await.unwrap();
    assert_eq!(got.samples.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    // The last handle takes the workers with it.
    drop(engine);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Who looks at the engine at the moment in which it is woken.
struct Looks {
    engine: Engine,
    seen: Mutex<Vec<usize>>,
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        self.seen.lock().unwrap().push(self.engine.snapshot().requests_running);
    }
}

#[test]
fn who_is_told_of_a_sample_or_a_failure_finds_the_engine_free_to_be_asked() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let looks = Arc::new(Looks { engine: engine.clone(), seen: Mutex::default() });
    let waker = Waker::from(Arc::clone(&looks));
    let waits = |ticket: &mut Ticket| pin!(ticket.next()).poll(&mut Context::from_waker(&waker)).is_pending();

    let mut ticket = engine.submit(&request(&model, 1, 2)).unwrap();
    assert!(waits(&mut ticket));
    work(&mut workers);
    assert!(!waits(&mut ticket));
    let mut ticket = engine.submit(&request(&model, 1, 2)).unwrap();
    assert!(workers[0].step());
    assert!(waits(&mut ticket));
    engine.stop();
    assert!(!waits(&mut ticket));
    assert_eq!(*looks.seen.lock().unwrap(), [0, 0]);
}

#[test]
fn the_first_images_are_told_before_the_last_are_begun() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { batch_rows: 2, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let mut ticket = engine.submit(&request(&model, 6, 2)).unwrap();
    (0..2).for_each(|_| assert!(workers[0].step()));
    assert_eq!(engine.snapshot().chains_waiting, 4);
    for expected in [0, 1] {
        assert!(matches!(ticket.blocking_next(), Some(Event::Sample { index, .. }) if index == expected));
    }
}

#[test]
fn a_request_whose_client_is_gone_has_no_further_evaluation_and_frees_its_slots() {
    let (model, script) = Spy::ready(1);
    let told = Arc::new(Told::default());
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::clone(&told) as _).unwrap();
    let ticket = engine.submit(&request(&model, 4, 100)).unwrap();
    (0..3).for_each(|_| assert!(workers[0].step()));
    assert_eq!(engine.snapshot().slots_used, 4);
    drop(ticket);
    assert!(!workers[0].step());
    assert_eq!(script.lock().unwrap().runs, [(1, 4); 3]);
    assert_eq!((engine.snapshot().slots_used, engine.snapshot().busy), (0, false));
    assert_eq!(told.lines().last().unwrap(), "cancelled 12");
}

#[test]
fn a_deadline_that_passes_ends_a_request_under_way_before_its_next_evaluation() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let raw = RawSampleRequest { n: Some(4), deadline_ms: Some(50), ..RawSampleRequest::default() };
    let request = asked(&model, &raw);
    let ticket = engine.submit(&request).unwrap();
    workers[0].step();
    pass(request.deadline());
    let runs = script.lock().unwrap().runs.len();
    assert!(!workers[0].step());
    assert_eq!(ticket.blocking_collect(), Err(Failure::Deadline));
    assert_eq!((script.lock().unwrap().runs.len(), engine.snapshot().slots_used), (runs, 0));
}

#[test]
fn a_deadline_holds_for_a_request_that_has_not_begun_and_its_neighbour_goes_on() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { slots: 1, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let first = engine.submit(&request(&model, 1, 30)).unwrap();
    workers[0].step();
    let raw = RawSampleRequest { deadline_ms: Some(1), ..RawSampleRequest::default() };
    let late = asked(&model, &raw);
    let ticket = engine.submit(&late);
    pass(late.deadline());
    work(&mut workers);
    // Either it was foreseen, or it happened.
    match ticket {
        Ok(ticket) => assert_eq!(ticket.blocking_collect(), Err(Failure::Deadline)),
        Err(refused) => assert!(matches!(refused, Refused::AtCapacity { .. } | Refused::Invalid(_))),
    }
    assert_eq!(collected(first).samples.len(), 1);
}

#[test]
fn a_draining_engine_refuses_newcomers_and_finishes_what_it_has() {
    let model = ready(gaussian(&[0.0], 1.0), 2);
    let (engine, workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let ticket = engine.submit(&request(&model, 9, 20)).unwrap();
    engine.drain();
    assert_eq!(engine.submit(&request(&model, 1, 1)).err(), Some(Refused::Draining));
    assert!(engine.snapshot().draining);
    let threads: Vec<_> = workers.into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(collected(ticket).samples.len(), 9);
}

#[test]
fn a_stopped_engine_fails_what_is_left_and_its_workers_end() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let tickets = [engine.submit(&request(&model, 1, 1000)).unwrap(), engine.submit(&request(&model, 99, 10)).unwrap()];
    workers[0].step();
    engine.stop();
    workers.pop().unwrap().run();
    for ticket in tickets {
        assert_eq!(ticket.blocking_collect(), Err(Failure::Stopped));
    }
    assert_eq!(engine.submit(&request(&model, 1, 1)).err(), Some(Refused::Draining));
}

#[test]
fn when_the_last_worker_is_gone_nobody_waits_for_it() {
    let model = ready(gaussian(&[0.0], 1.0), 2);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let ticket = engine.submit(&request(&model, 1, 10)).unwrap();
    workers.pop();
    assert!(engine.submit(&request(&model, 1, 10)).is_ok());
    drop(workers);
    assert_eq!(ticket.blocking_collect(), Err(Failure::Stopped));
}

#[test]
fn a_model_that_the_engine_was_made_without_is_refused() {
    let (engine, _workers) = engine(&[ready(two_bumps(2), 1)], roomy(1), Arc::new(())).unwrap();
    let refused = engine.submit(&request(&ready(gaussian(&[0.0], 1.0), 1), 1, 1)).err().unwrap();
    assert!(refused.to_string().contains("without the model 'gaussian'"));
}

#[test]
fn past_the_bounds_a_request_is_refused_with_the_bound_and_a_time_to_come_back() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { max_requests: 2, max_queued_evaluations: 100, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let reason = |refused: Option<Refused>| match refused {
        Some(Refused::AtCapacity { reason, retry_after, .. }) if retry_after >= Duration::from_secs(1) => reason,
        other => panic!("{other:?} in place of a refusal"),
    };
    let first = engine.submit(&request(&model, 6, 10)).unwrap();
    assert!(reason(engine.submit(&request(&model, 1, 41)).err()).contains("60 evaluations are queued"));
    assert_eq!(engine.place(Priority::Interactive), Ok(()));
    let second = engine.submit(&request(&model, 4, 10)).unwrap();
    assert!(reason(engine.submit(&request(&model, 1, 1)).err()).contains("2 requests"));
    assert!(reason(engine.place(Priority::Interactive).err()).contains("2 requests"));
    work(&mut workers);
    assert_eq!(engine.place(Priority::Interactive), Ok(()));
    assert!(engine.submit(&request(&model, 1, 1)).is_ok());
    assert_eq!((collected(first).samples.len(), collected(second).samples.len()), (6, 4));
}

#[test]
fn what_is_too_large_for_the_queue_by_itself_is_told_so_and_not_to_come_back() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { max_queued_evaluations: 100, ..roomy(1) };
    let (engine, _workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let _fits = engine.submit(&request(&model, 5, 20)).unwrap();
    let fault = |asked: &SampleRequest| match engine.submit(asked) {
        Err(Refused::Invalid(fault)) => fault.to_string(),
        other => panic!("{:?}", other.err()),
    };
    let told = fault(&request(&model, 6, 20));
    assert!(
        told.starts_with("n: makes 120 evaluations") && told.contains("and 100 evaluations are the most"),
        "{told}"
    );
    let raw = RawSampleRequest { n: Some(4), sampler: Some(steps(20)), ..RawSampleRequest::default() };
    let bulk = asked(&model, &RawSampleRequest { priority: Some(Priority::Bulk), ..raw });
    let told = fault(&bulk);
    assert!(told.contains("makes 80 evaluations") && told.contains("and 75 bulk evaluations are the most"), "{told}");
}

#[test]
fn bulk_fills_three_quarters_of_each_bound_and_interactive_requests_find_the_rest() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let ask = |config: EngineConfig, priorities: &[Priority], n| {
        let (engine, _workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
        let raw = |&priority| RawSampleRequest {
            n: Some(n),
            sampler: Some(steps(10)),
            priority: Some(priority),
            ..RawSampleRequest::default()
        };
        // Those that were taken stay: their tickets do.
        let answers: Vec<_> = priorities.iter().map(|priority| engine.submit(&asked(&model, &raw(priority)))).collect();
        let bound = |answer: &Result<_, Refused>| match answer {
            Ok(_) => None,
            Err(Refused::AtCapacity { bound, .. }) => Some(*bound),
            Err(refused @ (Refused::Invalid(_) | Refused::Draining)) => panic!("{refused}"),
        };
        answers.iter().map(bound).collect::<Vec<_>>()
    };
    let (bulk, interactive) = (Priority::Bulk, Priority::Interactive);
    let order = [bulk, bulk, bulk, bulk, interactive, interactive];
    let requests = ask(EngineConfig { max_requests: 4, ..roomy(1) }, &order, 1);
    assert_eq!(requests, [None, None, None, Some(Bound::Requests), None, Some(Bound::Requests)]);
    let queue = ask(EngineConfig { max_queued_evaluations: 80, ..roomy(1) }, &order, 2);
    assert_eq!(queue, [None, None, None, Some(Bound::Queue), None, Some(Bound::Queue)]);
}

#[test]
fn a_place_is_one_for_a_priority_and_none_where_nothing_is_taken() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { max_requests: 4, ..roomy(1) };
    let (engine, _workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let bulk = RawSampleRequest { priority: Some(Priority::Bulk), ..RawSampleRequest::default() };
    let held: Vec<_> = (0..3).map(|_| engine.submit(&asked(&model, &bulk)).unwrap()).collect();
    assert!(matches!(engine.place(Priority::Bulk), Err(Refused::AtCapacity { bound: Bound::Requests, .. })));
    assert_eq!(engine.place(Priority::Interactive), Ok(()));
    // Who goes away leaves the place to others.
    drop(held);
    assert_eq!(engine.place(Priority::Bulk), Ok(()));
    engine.drain();
    assert_eq!(engine.place(Priority::Interactive), Err(Refused::Draining));
}

#[test]
fn a_bulk_request_yields_between_steps_and_is_finished_all_the_same() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { batch_rows: 4, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let raw = RawSampleRequest { priority: Some(Priority::Bulk), n: Some(4), ..RawSampleRequest::default() };
    let bulk = engine.submit(&asked(&model, &RawSampleRequest { sampler: Some(steps(40)), ..raw })).unwrap();
    assert!(workers[0].step());
    assert_eq!(engine.snapshot().bulk_evaluations, 156);
    let interactive = engine.submit(&request(&model, 100, 30)).unwrap();
    (0..16).for_each(|_| assert!(workers[0].step()));
    assert_eq!(engine.snapshot().bulk_evaluations, 152, "of 64 rows bulk had four");
    work(&mut workers);
    assert_eq!(collected(interactive).samples.len(), 100);
    assert_eq!(collected(bulk).samples.len(), 4);
}

#[test]
fn what_cannot_be_in_time_at_the_measured_rate_is_refused_at_once() {
    let model = ready(gaussian(&[0.0; 64], 1.0), 1);
    let config = EngineConfig { max_queued_evaluations: u64::MAX, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let raw = |deadline_ms| RawSampleRequest { n: Some(1 << 20), deadline_ms, ..RawSampleRequest::default() };
    // Nothing is known yet, so it is given its chance.
    drop(engine.submit(&asked(&model, &raw(Some(1)))).unwrap());
    let measured = engine.submit(&request(&model, 8, 20)).unwrap();
    work(&mut workers);
    collected(measured);
    // A hundred million evaluations and more, in a millisecond.
    let Err(Refused::Invalid(fault)) = engine.submit(&asked(&model, &raw(Some(1)))) else {
        panic!("a hundred million evaluations in a millisecond were promised")
    };
    assert!(fault.field == "deadline_ms" && fault.reason.contains("if nothing else were under way"), "{fault}");
    assert!(engine.submit(&request(&model, 1, 1)).is_ok());
}

#[test]
fn a_chain_has_every_thread_while_it_is_alone_and_one_otherwise() {
    let (model, script) = Spy::ready(2);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    assert_eq!(script.lock().unwrap().opened, [1], "of three sessions two were opened for the warm-up");
    let one = engine.submit(&request(&model, 1, 4)).unwrap();
    work(&mut workers);
    collected(one);
    assert_eq!(script.lock().unwrap().runs, [(2, 1); 4]);
    let two = engine.submit(&request(&model, 2, 4)).unwrap();
    work(&mut workers);
    collected(two);
    let script = script.lock().unwrap();
    // By hand one worker follows the other, so the first image is finished before the second begins; that is then alone.
    assert_eq!(script.runs[4..], [[(1, 1); 4], [(2, 1); 4]].concat());
    assert_eq!(script.opened.len(), 1, "every session is open before the first request");
}

#[test]
fn the_snapshot_tells_how_things_stand() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let config = EngineConfig { batch_rows: 4, slots: 16, ..roomy(1) };
    let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
    let idle = engine.snapshot();
    assert_eq!((idle.busy, idle.since_last_step, idle.slots_capacity), (false, None, 16));
    let _one = engine.submit(&request(&model, 10, 5)).unwrap();
    workers[0].step();
    let _two = engine.submit(&request(&model, 3, 7)).unwrap();
    let now = engine.snapshot();
    assert_eq!((now.requests_running, now.requests_waiting, now.chains_waiting), (1, 1, 9));
    assert_eq!((now.queued_evaluations, now.slots_used, now.busy), (46 + 21, 4, true));
    assert!(now.since_last_step.is_some());
}

/// Writes down what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Observer for Told {
    fn step(&self, model: &str, rows: usize, _: Duration) {
        self.note(format!("step {model} {rows}"));
    }
    fn started(&self, model: &str, priority: Priority, _: Duration) {
        self.note(format!("started {model} {}", priority.name()));
    }
    fn sampled(&self, model: &str) {
        self.note(format!("sampled {model}"));
    }
    fn cancelled(&self, evaluations: u64) {
        self.note(format!("cancelled {evaluations}"));
    }
}

#[test]
fn the_observer_hears_of_every_step_start_and_sample_in_order() {
    let model = ready(gaussian(&[0.0], 1.0), 1);
    let told = Arc::new(Told::default());
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::clone(&told) as _).unwrap();
    let ticket = engine.submit(&request(&model, 2, 2)).unwrap();
    work(&mut workers);
    collected(ticket);
    let step = "step gaussian 2";
    assert_eq!(told.lines(), ["started gaussian interactive", step, step, "sampled gaussian", "sampled gaussian"]);
}

#[test]
fn many_clients_of_threads_that_run_freely_get_the_bytes_of_the_samples_made_alone() {
    let models = [ready(two_bumps(5), 3), ready(gaussian(&[0.5; 7], 0.3), 3)];
    let config = EngineConfig { batch_rows: 4, slots: 10, ..roomy(3) };
    let (engine, workers) = engine(&models, config, Arc::new(())).unwrap();
    let threads: Vec<_> = workers.into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (engine, models) = (engine.clone(), &models);
            scope.spawn(move || {
                for turn in 0..20 {
                    let model = &models[(client + turn) % 2];
                    let raw = RawSampleRequest {
                        n: Some(1 + (client + turn) as u64 % 6),
                        seed: Some((100 * client + turn) as u64),
                        sampler: Some(steps(5 + turn as u32)),
                        ..RawSampleRequest::default()
                    };
                    let request = SampleRequest::new(&raw, model.clone(), LIMITS, 0).unwrap();
                    let ticket = engine.submit(&request).unwrap();
                    if turn % 5 == 4 {
                        drop(ticket);
                        continue;
                    }
                    let mut session = model.open(1).unwrap();
                    for (index, x) in collected(ticket).samples {
                        assert_eq!(bits(&x), bits(&alone(session.as_mut(), &request, index)));
                    }
                }
            });
        }
    });
    engine.drain();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((engine.snapshot().slots_used, engine.snapshot().busy), (0, false));
}
