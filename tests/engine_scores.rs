//! Scores as the engine makes them: rows of the same step batches.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::Spy;
use common::{bits, collected, ready, request, roomy, two_bumps, work};
use smld::engine::{Failure, OneOrEach, RawScoreRequest, ScoreLimits, ScoreRequest, engine};
use smld::score::{ReadyModel, Rows, ScoreSession};
use std::sync::Arc;
use std::time::Duration;

const LIMITS: ScoreLimits = ScoreLimits { rows: 1000, deadline: Duration::from_secs(3600) };

fn scores(model: &ReadyModel, x: &[Vec<f32>], sigma: f64) -> ScoreRequest {
    let raw = RawScoreRequest { x: Some(x.to_vec()), sigma: Some(OneOrEach::One(sigma)), ..RawScoreRequest::default() };
    ScoreRequest::new(&raw, model.clone(), LIMITS).unwrap()
}

fn points(count: usize, dim: usize) -> Vec<Vec<f32>> {
    (0..count).map(|row| (0..dim).map(|d| 0.1 * row as f32 - 0.3 * d as f32).collect()).collect()
}

#[test]
fn scores_are_the_models_own_by_the_order_of_rows_however_they_are_cut_into_batches() {
    let mut density = two_bumps(3);
    let model = ready(density.clone(), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let x = points(50, 3);
    let company = engine.submit(&request(&model, 5, 30)).unwrap();
    let ticket = engine.score(scores(&model, &x, 0.7)).unwrap();
    work(&mut workers);
    let got = collected(ticket);
    assert_eq!((got.samples.len(), got.summary.evaluations), (50, 50));
    for ((row, score), x) in got.samples.iter().zip(&x) {
        let mut exact = [0.0; 3];
        density.evaluate(Rows { x, sigma: &[0.7], label: &[-1] }, &mut exact).unwrap();
        assert_eq!(bits(score), bits(&exact), "row {row}");
    }
    assert_eq!(collected(company).samples.len(), 5);
}

#[test]
fn rows_of_scores_and_steps_of_chains_share_a_batch() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let chains = engine.submit(&request(&model, 4, 1)).unwrap();
    let ticket = engine.score(scores(&model, &points(4, 3), 1.0)).unwrap();
    assert!(workers[0].step());
    assert_eq!(script.lock().unwrap().runs, [(1, 8)]);
    assert_eq!((collected(chains).samples.len(), collected(ticket).samples.len()), (4, 4));
    assert_eq!(engine.snapshot().slots_used, 0);
}

#[test]
fn a_score_beyond_all_numbers_is_told_with_its_row() {
    let model = ready(common::gaussian(&[0.0], 1e-30), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.score(scores(&model, &[vec![0.0], vec![1e30]], 0.0)).unwrap();
    work(&mut workers);
    assert_eq!(ticket.blocking_collect(), Err(Failure::NotFinite { row: 1, sigma: 0.0 }));
}

#[test]
fn whoever_leaves_has_no_rows_any_more() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.score(scores(&model, &points(100, 3), 1.0)).unwrap();
    assert!(workers[0].step());
    drop(ticket);
    assert!(!workers[0].step());
    assert_eq!(script.lock().unwrap().runs.len(), 1);
}
