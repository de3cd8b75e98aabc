//! The log of a run, as its reporter writes it.

use smld::train::progress::Reporter;
use smld::train::run::Step;
use std::path::Path;

/// Reports `steps` to the log at `path`, where `done` were done before; the loss of a step is its number, from 0.
fn report(path: &Path, done: u32, steps: std::ops::Range<u32>) -> Reporter {
    let mut reporter = Reporter::new(path, done, 1).unwrap();
    for step in steps {
        reporter.step(&Step { step, loss: f64::from(step), rate: 0.1, done: 0.0, seconds: 1.0 }, None);
    }
    reporter
}

/// The steps of the log's lines, and their losses.
fn lines(path: &Path) -> (Vec<u64>, Vec<f64>) {
    let text = std::fs::read_to_string(path).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    entries.map(|entry| (entry["step"].as_u64().unwrap(), entry["loss"].as_f64().unwrap())).unzip()
}

#[test]
fn a_resumed_run_logs_the_steps_of_one_in_a_piece_and_the_last_few_too() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole.jsonl", "parts.jsonl"].map(|name| folder.path().join(name));
    report(&whole, 0, 0..212).end().unwrap();
    assert_eq!(lines(&whole), (vec![50, 100, 150, 200, 212], vec![24.5, 74.5, 124.5, 174.5, 205.5]));

    // Broken off at 130 with a checkpoint of 73, and after that at 160 with one of that step.
    drop(report(&parts, 0, 0..130));
    drop(report(&parts, 73, 73..160));
    report(&parts, 160, 160..212).end().unwrap();
    assert_eq!(lines(&parts).0, lines(&whole).0);
}

#[test]
fn a_run_that_ends_with_a_line_has_no_empty_one_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    report(&path, 0, 0..100).end().unwrap();
    report(&path, 100, 100..100).end().unwrap();
    assert_eq!(lines(&path).0, [50, 100]);
}
