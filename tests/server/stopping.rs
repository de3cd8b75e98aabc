//! How the program ends.

use super::program::{MIXTURE, Program, command, output};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Longer than any machine takes that works at all.
const LONG: Duration = Duration::from_secs(120);

/// `steps` steps of one chain, seconds of them to the hundred thousand.
fn chain(steps: u32) -> Value {
    json!({ "sampler": { "method": "langevin", "sigma": 1.0, "steps": steps } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_requests_under_way_finish() {
    for signal in ["TERM", "INT"] {
        let program = Program::start(&["--drain-seconds", "300"]);
        let under_way = tokio::spawn(program.samples(&chain(100_000)));
        program.running(1).await;
        program.signal(signal);
        let answer = under_way.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap()["evaluations"], 100_000);
        let (status, log) = program.end();
        assert!(status.success() && log.contains("every request was finished"), "{status}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_grace_is_over_requests_are_told_so_and_the_program_says_how_many() {
    let program = Program::start(&["--drain-seconds", "0"]);
    let under_way = tokio::spawn(program.samples(&chain(1_000_000)));
    program.running(1).await;
    program.signal("TERM");
    let answer = under_way.await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.json::<Value>().await.unwrap()["type"], "urn:smld:problem:stopped");
    let (status, log) = program.end();
    assert!(status.success() && log.contains("unfinished=1"), "{status}: {log}");
}

/// What systemd hears (sd_notify(3)).
#[test]
fn a_supervisor_is_told_that_requests_are_taken_that_work_goes_on_and_that_the_server_goes_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = command(&["--listen", "127.0.0.1:0", "--models", MIXTURE]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    // From the beginning, as systemd does: few words wait for who does not listen.
    let (sender, words) = sync_channel(64);
    std::thread::spawn(move || {
        let mut text = [0; 256];
        while let Ok(length) = socket.recv(&mut text) {
            let word = std::str::from_utf8(&text[..length]).unwrap().trim().to_owned();
            if sender.send(word).is_err() {
                return;
            }
        }
    });
    let program = Program::run(command, "http");
    let wait_for = |wanted: &str| while words.recv_timeout(LONG).unwrap() != wanted {};
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    wait_for("WATCHDOG=1");
    program.signal("TERM");
    wait_for("STOPPING=1");
    assert!(program.end().0.success());
}

/// onnxruntime cannot be left while it loads.
#[test]
fn a_signal_while_models_load_ends_the_program_in_order() {
    for _ in 0..3 {
        let mut program = command(&["--listen", "127.0.0.1:0", "--models", "models"]);
        let mut program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("loads its models"), "{first}");
        let kill = Command::new("kill").arg(program.id().to_string()).status().unwrap();
        assert!(kill.success());
        let output = program.wait_with_output().unwrap();
        assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
}

/// Whoever collects the log reads nothing else.
#[test]
fn the_reason_that_stops_a_start_is_a_line_of_the_log_where_that_is_json() {
    let start = |log: &str| {
        let rest = ["--log-format", "json", "--log", log, "--models", "no-such-folder"];
        let output = output(&[&["--listen", "127.0.0.1:0"], &rest[..]].concat());
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = start("off");
    assert!(said.starts_with("smld: ") && said.contains("no-such-folder is neither"), "{said}");
    let log = start("info");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!(last["level"], "ERROR");
    assert!(last["reason"].as_str().unwrap().contains("no-such-folder is neither"), "{last}");
}

#[test]
fn a_model_that_cannot_be_served_stops_the_start_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.onnx"), "no network").unwrap();
    let refused = |models: &str| {
        let output = output(&["--listen", "127.0.0.1:0", "--models", models]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let reason = refused(folder.path().to_str().unwrap());
    assert!(reason.contains("broken.onnx") && reason.contains("cannot be served"), "{reason}");
    let reason = refused("no-such-folder");
    assert!(reason.contains("no-such-folder is neither a file nor a folder"), "{reason}");
    let reason = refused("tests/server");
    assert!(reason.contains("there are no models to serve"), "{reason}");
    let reason = refused("tests/fixtures/mixture.onnx,tests/fixtures/mixture.onnx");
    assert!(reason.contains("two models are called"), "{reason}");
}

#[test]
fn an_address_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = output(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("choose another with --listen"));
}
