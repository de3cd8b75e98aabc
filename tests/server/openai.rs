//! The official client of OpenAI against the program, and the lines of README.md that use it.

use crate::program::Program;
use crate::python::{run, snippet};
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
fn the_lines_of_the_readme_do_what_they_say() {
    let (program, folder) = (program(), tempfile::tempdir().unwrap());
    let snippet = snippet("import openai");
    assert!(snippet.contains("localhost:8080"));
    run(folder.path(), &["-c", &snippet.replace("localhost:8080", &program.address)]);
    for file in ["sneaker-0.png", "sneaker-1.png"] {
        assert!(std::fs::read(folder.path().join(file)).unwrap().starts_with(b"\x89PNG"), "{file}");
    }
}
