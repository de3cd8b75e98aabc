//! The program as a client of itself.

use crate::program::Program;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn smld(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smld")).args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_written_as_the_server_answers_them() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let (folder, url) = (folder.path(), format!("http://{}", program.address));
    let sampler = r#"{"method":"langevin","sigma":1,"tau":0.1,"steps":20}"#;
    let asked = ["sample", "--url", &url, "-n", "3", "--seed", "7", "--first-index", "5", "--sampler", sampler, "-o"];
    let ask = |more: &[&str]| smld(folder, &[&asked[..], more].concat());

    let output = ask(&["points.json"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("3 samples, seed 7, in points.json"));
    let found: Value = serde_json::from_slice(&read(folder, "points.json")).unwrap();
    let sampler: Value = serde_json::from_str(sampler).unwrap();
    let body = json!({"n": 3, "seed": 7, "first_index": 5, "sampler": sampler});
    let answer: Value = program.samples(&body).await.json().await.unwrap();
    assert_eq!(found["points"], answer["points"]);

    for file in ["points.npy", "points.tar", "points.zip", "points.png", "points.webp", "points.jpg"] {
        let output = ask(&[file]);
        assert!(output.status.success(), "{}", said(&output));
    }
    let output = ask(&["-", "--format", "npy"]);
    assert_eq!(output.stdout, read(folder, "points.npy"));
    assert!(read(folder, "points.zip").starts_with(b"PK"));
    assert!(read(folder, "points.webp").starts_with(b"RIFF"));
    assert!(read(folder, "points.jpg").starts_with(b"\xff\xd8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_tells_what_made_it_and_is_made_again_the_same() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let (folder, url) = (folder.path(), program.address.as_str());
    let output = smld(folder, &["sample", "--url", url, "-n", "20", "--seed", "3", "-o", "a.png"]);
    assert!(output.status.success(), "{}", said(&output));
    let output = smld(folder, &["info", "a.png", "--again", "--url", url]);
    assert!(output.status.success() && said(&output).contains("the same, to the last byte"), "{}", said(&output));
    let recipe: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&recipe["seed"], &recipe["n"], &recipe["model"]), (&json!(3), &json!(20), &json!("mixture")));

    // Another model under the same name is not the same.
    let other = Program::serving("models/two-modes.density.json", &[]);
    let output = smld(folder, &["info", "a.png", "--again", "--url", &other.address]);
    assert!(!output.status.success() && said(&output).contains("there is no model 'mixture'"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_for_a_person_and_for_a_program() {
    let (program, folder) = (Program::serving("models/moons.density.json", &[]), tempfile::tempdir().unwrap());
    let output = smld(folder.path(), &["models", "--url", &program.address]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("NAME") && table.lines().nth(1).unwrap().starts_with("moons  density  2"), "{table}");
    let output = smld(folder.path(), &["models", "--url", &program.address, "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["models"][0]["name"], "moons");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said_and_leaves_the_file_that_was_there() {
    let (program, folder) = (Program::start(&["--max-n", "10"]), tempfile::tempdir().unwrap());
    let (folder, url) = (folder.path(), format!("http://{}", program.address));
    std::fs::write(folder.join("kept.json"), "kept").unwrap();
    std::fs::write(folder.join("text.png"), "no picture").unwrap();
    let bad = |arguments: &[&str]| {
        let output = smld(folder, arguments);
        assert!(!output.status.success(), "{arguments:?} went well");
        said(&output)
    };
    let sample = ["sample", "--url", &url, "-o", "kept.json"];
    let ask = |more: &[&str]| bad(&[&sample[..], more].concat());
    assert!(ask(&["-n", "11"]).contains("422") && ask(&["-n", "11"]).contains("(n): "));
    assert!(ask(&["--model", "none"]).contains("404"));
    assert!(ask(&["--sampler", "[]"]).contains("a JSON object is wanted"));
    assert!(bad(&["sample", "--url", &url, "-o", "a.gif"]).contains(".npy"));
    assert!(bad(&["sample", "--url", "ftp://a", "-o", "a.png"]).contains("no address of a server"));
    assert!(bad(&["sample", "--url", &url, "-o", "nowhere/a.json"]).contains("nowhere/a.json: "));
    assert!(bad(&["info", "text.png"]).contains("text.png: it is no PNG"));
    assert!(bad(&["info", "none.png"]).contains("none.png: "));
    assert_eq!(read(folder, "kept.json"), b"kept");

    // A port that was free a moment ago, and where nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(bad(&["models", "--url", &free.to_string()]).contains("is a server running there?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_put_on_a_server_and_told_by_its_latencies() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let sampler = r#"{"method":"langevin","sigma":1,"tau":0.1,"steps":20}"#;
    let load = ["load", "--url", &program.address, "-n", "2", "--sampler", sampler, "--seconds", "0.3"];
    let ask = |more: &[&str]| smld(folder.path(), &[&load[..], more].concat());

    let output = ask(&["--clients", "3", "--json", "--plot", "load.svg"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("2 samples of \"mixture\", 40 evaluations"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["answered"].as_u64().unwrap() >= 3 && report["answered"] == report["requests"], "{report}");
    assert!(report["latency_seconds"]["p50"].as_f64() <= report["latency_seconds"]["max"].as_f64());
    assert!(read(folder.path(), "load.svg").starts_with(b"<svg"));

    // Six are due within the time, and this machine keeps up or tells how many it did not send.
    let output = ask(&["--rate", "20", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    assert!(count("answered") > 0 && count("answered") + count("unsent") == 6, "{report}");
    let table = String::from_utf8(ask(&["--rate", "20"]).stdout).unwrap();
    assert!(table.contains(" answered, 0 refused, 0 failed") && table.contains("p99"), "{table}");

    assert!(said(&ask(&["--model", "none"])).contains("404"));
    for rate in ["0", "1e-30", "1e30", "NaN"] {
        assert!(said(&ask(&["--rate", rate])).contains("a number above zero"), "{rate}");
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = smld(folder.path(), &["completions", shell]);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("first-index"), "{shell}");
    }
    assert!(smld(folder.path(), &["man", "pages"]).status.success());
    for page in ["smld", "smld-serve", "smld-key", "smld-sample", "smld-models", "smld-info", "smld-load"] {
        assert!(folder.path().join(format!("pages/{page}.1")).exists(), "{page}");
    }
}
