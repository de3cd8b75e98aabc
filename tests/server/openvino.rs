//! OpenVINO from the outside: served where it is there, and refused where a part of it is not. Where nothing of it was fetched
//! these are no tests, and say so.

use crate::program::{Program, output};
use serde_json::{Value, json};
use std::path::Path;

const FETCHED: &str = ".deps/onnxruntime-openvino";
const MODEL: &str = "models/two-moons.onnx";

fn fetched() -> bool {
    let fetched = Path::new(FETCHED).exists();
    if !fetched {
        eprintln!("not tried: `scripts/fetch onnxruntime-openvino` gets OpenVINO");
    }
    fetched
}

#[tokio::test]
async fn a_model_that_openvino_runs_says_so_and_gives_the_same_bytes_twice() {
    if !fetched() {
        return;
    }
    let library = format!("{FETCHED}/libonnxruntime.so");
    let arguments = ["--provider", "openvino", "--onnxruntime", &library, "--workers", "2"];
    let program = Program::serving(MODEL, &arguments);
    let model: Value = program.get("/v1/models/two-moons").await.json().await.unwrap();
    assert_eq!((&model["provider"], &model["ready"]), (&"openvino".into(), &true.into()));
    let samples = async || {
        let answer = program.samples(&json!({ "n": 11, "seed": 5 })).await;
        answer.json::<Value>().await.unwrap()["points"].clone()
    };
    let once = samples().await;
    assert_eq!(once.as_array().unwrap().len(), 11);
    if model["reproducible"] == true {
        assert_eq!(once, samples().await);
    }
}

#[test]
fn a_part_of_openvino_that_is_missing_stops_the_start_with_the_remedy() {
    if !fetched() {
        return;
    }
    for (missing, told) in [
        ("libonnxruntime_providers_openvino.so", "libonnxruntime_providers_openvino.so: cannot open"),
        ("libopenvino.so.2541", "libopenvino.so.2541: cannot open"),
        ("libopenvino_intel_cpu_plugin.so", "Device CPU is not available"),
    ] {
        // Links, on the disk where the files are: onnxruntime looks beside itself.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for file in Path::new(FETCHED).canonicalize().unwrap().read_dir().unwrap() {
            let file = file.unwrap();
            if file.file_name() != missing {
                std::fs::hard_link(file.path(), folder.path().join(file.file_name())).unwrap();
            }
        }
        let library = folder.path().join("libonnxruntime.so");
        let arguments = ["--listen", "127.0.0.1:0", "--models", MODEL, "--provider", "openvino", "--onnxruntime"];
        let output = output(&[&arguments[..], &[library.to_str().unwrap()]].concat());
        let reason = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{missing} is not needed");
        assert!(reason.contains("OpenVINO was asked for and cannot be loaded") && reason.contains(told), "{reason}");
    }
}
