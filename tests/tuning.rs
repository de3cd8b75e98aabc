//! What is measured of a model before it is served, and what follows.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::Spy;
use common::{gaussian, ready, request, roomy, work};
use smld::engine::{RawSampleRequest, Refused, SampleRequest, engine};
use smld::score::{ReadyModel, tune};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

const ENOUGH: Duration = Duration::from_secs(60);

fn pinned(rows: usize) -> Option<NonZero<usize>> {
    NonZero::new(rows)
}

/// (sessions, threads, rows) of every step measured.
fn steps(model: &ReadyModel) -> Vec<(usize, usize, usize)> {
    model.tuning().unwrap().steps.iter().map(|step| (step.sessions, step.threads, step.rows)).collect()
}

#[test]
fn every_size_up_to_eight_is_measured_on_all_workers_at_once_and_a_lone_row_on_both_sessions() {
    let model = tune(&ready(gaussian(&[0.0; 4], 1.0), 2), 2, None, ENOUGH).unwrap();
    assert_eq!(steps(&model)[..6], [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)]);
    let tuning = model.tuning().unwrap();
    assert!(steps(&model).contains(&(2, 1, tuning.batch_rows)), "{tuning}");
    for step in &tuning.steps {
        let rate = (step.sessions * step.rows) as f64 / step.seconds;
        assert!((step.rows_per_second / rate - 1.0).abs() < 1e-12, "{step:?}");
    }
    let layouts: &[usize] = if tuning.lone_threads == 2 { &[1, 2] } else { &[1] };
    assert_eq!(model.layouts(), layouts, "the slower session for a lone chain is not opened");
    assert_eq!(serde_json::json!(model)["tuning"]["batch_rows"], tuning.batch_rows);
}

#[test]
fn a_lone_row_is_measured_on_more_threads_while_they_pay() {
    let model = tune(&ready(gaussian(&[0.0; 4], 1.0), 8), 8, pinned(1), ENOUGH).unwrap();
    let (lone, full): (Vec<_>, Vec<_>) = steps(&model).into_iter().partition(|&(sessions, ..)| sessions == 1);
    let tried: Vec<usize> = lone.into_iter().map(|(_, threads, _)| threads).collect();
    assert!(tried.len() > 1 && [1, 2, 4, 8].starts_with(&tried), "{tried:?}");
    assert_eq!(full, [(8, 1, 1)]);
    let threads = model.tuning().unwrap().lone_threads;
    assert!(tried.contains(&threads));
    assert_eq!(model.layouts(), if threads == 1 { vec![1] } else { vec![1, threads] });
}

#[test]
fn a_pinned_size_is_what_is_run_and_the_last_that_is_measured() {
    let model = tune(&ready(gaussian(&[0.0; 4], 1.0), 1), 1, pinned(6), ENOUGH).unwrap();
    assert_eq!(steps(&model), [(1, 1, 1), (1, 1, 2), (1, 1, 4), (1, 1, 6)]);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let _ticket = engine.submit(&request(&model, 20, 1)).unwrap();
    assert!(workers[0].step());
    assert_eq!(engine.snapshot().chains_waiting, 14, "six rows were in the batch, whatever the engine's own number");
}

#[test]
fn without_time_one_run_of_each_session_is_all_there_is() {
    let (model, script) = Spy::ready(2);
    let model = tune(&model, 2, pinned(16), Duration::ZERO).unwrap();
    assert_eq!(steps(&model), [(1, 1, 1), (1, 2, 1), (2, 1, 1)]);
    assert_eq!(script.lock().unwrap().runs, [(1, 1), (2, 1), (1, 1), (1, 1)]);
    assert_eq!(model.tuning().unwrap().batch_rows, 16);
    let unpinned = tune(&Spy::ready(2).0, 2, None, Duration::ZERO).unwrap();
    assert_eq!(unpinned.tuning().unwrap().batch_rows, 8);
}

#[test]
fn the_sessions_that_were_measured_are_those_that_serve() {
    let (model, script) = Spy::ready(2);
    let model = tune(&model, 2, None, ENOUGH).unwrap();
    assert_eq!(script.lock().unwrap().opened, [1], "of three sessions two were opened for the warm-up");
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(2), Arc::new(())).unwrap();
    let ticket = engine.submit(&request(&model, 5, 3)).unwrap();
    work(&mut workers);
    assert_eq!(ticket.blocking_collect().unwrap().samples.len(), 5);
    assert_eq!(script.lock().unwrap().opened, [1]);
}

#[test]
fn the_very_first_request_that_cannot_be_in_time_is_refused() {
    let model = tune(&ready(gaussian(&[0.0; 64], 1.0), 1), 1, None, ENOUGH).unwrap();
    let (engine, _workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let raw = RawSampleRequest { n: Some(1 << 19), deadline_ms: Some(1), ..RawSampleRequest::default() };
    let raw = RawSampleRequest { sampler: Some(common::steps(1000)), ..raw };
    let request = SampleRequest::new(&raw, model, common::LIMITS, 0).unwrap();
    assert!(matches!(engine.submit(&request), Err(Refused::Invalid(_))));
}
