//! Clients of the Open Inference Protocol against the program, and the lines of README.md that use one.

use crate::program::{MIXTURE, Program};
use crate::python::{run, snippet};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(models: &str) -> Program {
    Program::serving(models, &["--grpc-listen", "127.0.0.1:0", "--drain-seconds", "300"])
}

#[test]
fn tritons_clients_draw_and_are_told_what_cannot_be_over_both_wires() {
    let program = program("models/fashion-mnist.onnx");
    run(root(), &["tests/clients/inference.py", &program.address, &program.grpc]);
}

#[test]
fn the_services_of_grpc_can_be_found_watched_cancelled_and_are_drained() {
    let program = program(MIXTURE);
    run(root(), &["tests/clients/grpc_services.py", &program.address, &program.grpc, &program.id().to_string()]);
    let (status, log) = program.end();
    assert!(status.success() && log.contains("every request was finished"), "{status}: {log}");
    assert!(!log.contains("cut off"), "{log}");
}

#[test]
fn without_its_address_there_is_no_grpc() {
    assert_eq!(Program::start(&[]).grpc, "");
}

#[test]
fn the_lines_of_the_readme_that_call_grpc_do_what_they_say() {
    let (program, folder) = (program("models/fashion-mnist.onnx"), tempfile::tempdir().unwrap());
    let snippet = snippet("import tritonclient");
    assert!(snippet.contains("localhost:8001"));
    run(folder.path(), &["-c", &snippet.replace("localhost:8001", &program.grpc)]);
}
