//! Clients of the Open Inference Protocol against the program, and the lines of README.md that use one.

use crate::access::Certified;
use crate::program::{MIXTURE, Program, add_key, command, output};
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
fn over_grpc_a_key_is_wanted_as_over_http_and_calls_are_encrypted_by_the_same_certificate() {
    let (certified, folder) = (Certified::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("keys.toml");
    let (free, few) = (add_key(&file, "free", &[]), add_key(&file, "few", &["--max-evaluations", "10"]));
    let [cert, key, keys] = [&certified.cert, &certified.key, &file].map(|path| path.to_str().unwrap());
    let grpc = ["--listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0", "--models", MIXTURE];
    let access = ["--tls-cert", cert, "--tls-key", key, "--keys", keys];
    let program = Program::run(command(&[&grpc[..], &access].concat()), "https");
    run(root(), &["tests/clients/grpc_keys.py", &program.grpc, cert, &free, &few]);
}

#[test]
fn an_address_of_grpc_that_others_reach_is_opened_only_where_it_is_said_who_may_ask() {
    let refused = output(&["--models", MIXTURE, "--listen", "127.0.0.1:0", "--grpc-listen", "0.0.0.0:0"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("0.0.0.0:0") && said.contains("--keys FILE"), "{said}");
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
