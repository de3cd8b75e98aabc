//! The lines of README.md do what they say.

use crate::program::Program;
use crate::python::{run, snippet};

include!("../clients/draw.rs");

fn program() -> Program {
    Program::serving("models/fashion-mnist.onnx", &[])
}

#[test]
fn the_lines_in_python_draw_sneakers() {
    let (program, folder) = (program(), tempfile::tempdir().unwrap());
    let lines = snippet("import openai");
    assert!(lines.contains("localhost:8080"));
    run(folder.path(), &["-c", &lines.replace("localhost:8080", &program.address)]);
    for file in ["sneaker-0.png", "sneaker-1.png"] {
        assert!(std::fs::read(folder.path().join(file)).unwrap().starts_with(b"\x89PNG"), "{file}");
    }
}

#[test]
fn the_lines_in_rust_draw_sneakers() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    assert!(readme.contains(include_str!("../clients/draw.rs")), "they are those that are run here");
    let program = program();
    let picture = sneakers(&format!("http://{}", program.address)).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
}
