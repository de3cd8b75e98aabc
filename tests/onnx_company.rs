//! A sample of a network has the same bytes alone and in any company.
#![cfg(feature = "onnx")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::company::samples_are_the_same_in_any_company;
use smld::onnx::GraphBuilder;
use smld::score::onnx::{Contract, OnnxScore, Provider, Runtime};
use smld::score::{ScoreModel, prepare};
use std::path::Path;
use std::sync::Arc;

fn network(file: &str) -> Arc<dyn ScoreModel> {
    let runtime = Runtime::load(None).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    Arc::new(OnnxScore::load(&runtime, &path, Provider::Cpu, false).unwrap())
}

#[test]
fn over_a_thousand_random_schedules_the_fixtures_samples_have_the_bytes_of_those_made_alone() {
    let models = [network("tests/fixtures/mixture.onnx"), network("tests/fixtures/classes.onnx")];
    samples_are_the_same_in_any_company(&models, 1000, 2);
}

#[test]
fn over_a_thousand_random_schedules_the_shipped_models_images_have_the_bytes_of_those_made_alone() {
    let models = ["mnist", "fashion-mnist", "avatars"].map(|name| network(&format!("models/{name}.onnx")));
    samples_are_the_same_in_any_company(&models, 1000, 3);
}

/// −x log(1 + σ)/(1 + σ²), whose logarithm is rounded by a row's place in its batch.
fn variant() -> Arc<dyn ScoreModel> {
    let mut graph = GraphBuilder::new("variant");
    let x = graph.input_f32("x", &[2]);
    let sigma = graph.input_f32("sigma", &[]);
    let column = graph.constant_i64("column", &[2], &[-1, 1]);
    let one = graph.constant_f32("one", &[], &[1.0]);
    let above = graph.node("Add", &[&sigma, &one], &[]);
    let log = graph.node("Log", &[&above], &[]);
    let square = graph.node("Mul", &[&sigma, &sigma], &[]);
    let divisor = graph.node("Add", &[&square, &one], &[]);
    let slope = graph.node("Div", &[&log, &divisor], &[]);
    let slope = graph.node("Reshape", &[&slope, &column], &[]);
    let climb = graph.node("Mul", &[&x, &slope], &[]);
    let score = graph.node("Neg", &[&climb], &[]);
    graph.output_f32("score", &score, &[2]);
    let contract = Contract::new("variant", [0.01, 10.0], [-1.0, 1.0]);
    let file = graph.finish(&contract.to_metadata());
    Arc::new(OnnxScore::from_bytes(&Runtime::load(None).unwrap(), file, Provider::Cpu, false).unwrap())
}

#[test]
fn samples_of_a_network_that_rounds_by_the_batch_have_the_bytes_of_those_made_alone_too() {
    let model = variant();
    let ready = prepare(Arc::clone(&model), &[1]).unwrap();
    assert_eq!((ready.batch_invariant(), ready.fixed_rows()), (false, Some(1)));
    samples_are_the_same_in_any_company(&[model], 300, 4);
}
