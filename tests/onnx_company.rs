//! A sample of a network has the same bytes alone and in any company.
#![cfg(feature = "onnx")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::company::samples_are_the_same_in_any_company;
use smld::score::ScoreModel;
use smld::score::onnx::{OnnxScore, Provider, Runtime};
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
    let models = [network("models/mnist.onnx"), network("models/fashion-mnist.onnx")];
    samples_are_the_same_in_any_company(&models, 1000, 3);
}
