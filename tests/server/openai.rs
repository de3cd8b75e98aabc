//! The official client of OpenAI against the program.

use crate::program::Program;
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
