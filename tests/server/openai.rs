//! The official client of OpenAI against the program.

use crate::program::{Program, add_key};
use crate::python::run;
use std::path::Path;

fn program() -> Program {
    Program::serving("models/fashion-mnist.onnx", &[])
}

#[test]
fn openais_client_draws_watches_and_is_told_what_cannot_be() {
    let program = program();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(root, &["tests/clients/images.py", &format!("http://{}", program.address)]);
}

#[test]
fn openais_client_brings_its_key_and_knows_why_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let (free, slow) = (add_key(&file, "free", &[]), add_key(&file, "slow", &["--requests-per-second", "0.0003"]));
    let program = Program::serving("models/fashion-mnist.onnx", &["--keys", file.to_str().unwrap()]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(root, &["tests/clients/keys.py", &format!("http://{}", program.address), &free, &slow]);
}
