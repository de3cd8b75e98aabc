//! What a run leaves, and how it goes on: as a person types it.

use crate::command::{said, smld_train};
use crate::support::{write_halves, write_ring};
use smld::score::ScoreModel;
use smld::score::onnx::{OnnxScore, Provider, Runtime};
use std::path::Path;

const FIT: [&str; 11] =
    ["fit", "--data", ".", "--out", "x.onnx", "--width", "16,32", "--threads", "1", "--classes", "left,right"];

fn fit(folder: &Path, arguments: &[&str]) -> String {
    let output = smld_train(folder, &[&FIT[..], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = smld_train(folder, &[&FIT[..], arguments].concat());
    assert!(!output.status.success(), "{arguments:?} was taken");
    said(&output)
}

#[test]
fn a_run_goes_on_with_its_own_length_network_and_beginning_and_cuts_its_log_to_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, 64);
    fit(folder, &["--steps", "60", "--batch", "16"]);
    let log = folder.join("runs/x/log.jsonl");
    let whole = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{whole}{{\"step\":100,\"loss\":1}}\n{{\"ste")).unwrap();
    let over = fit(folder, &["--batch", "16", "--resume"]);
    assert!(over.contains("over already") && over.contains("wrote x.onnx"), "{over}");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), whole);
    let other = refused(folder, &["--batch", "16", "--seed", "1", "--learning-rate", "0.1", "--resume"]);
    assert!(other.contains("other values of optimiser.learning_rate, seed:"), "{other}");

    // Another's checkpoint is read once, and the data may lie elsewhere.
    let from = ["fit", "--threads", "1", "--classes", "left,right", "--batch", "16", "--out", "finer.onnx"];
    let other = ["--data", ".", "--from", "nowhere.safetensors", "--run", "runs/x", "--resume"];
    assert!(said(&smld_train(folder, &[&from[..], &other].concat())).contains("did not begin --from another"));
    let begin = ["--data", ".", "--from", "runs/x/checkpoint.safetensors", "--steps", "2"];
    assert!(smld_train(folder, &[&from[..], &begin].concat()).status.success());
    std::fs::remove_file(folder.join("runs/x/checkpoint.safetensors")).unwrap();
    std::fs::create_dir(folder.join("moved")).unwrap();
    write_halves(&folder.join("moved"), 64);
    let output = smld_train(folder, &[&from[..], &["--data", "moved", "--steps", "3", "--resume"]].concat());
    assert!(output.status.success(), "{}", said(&output));
}

/// The sampler of the file `name`.
fn sampler(folder: &Path, name: &str) -> serde_json::Value {
    let model = OnnxScore::load(&Runtime::load(None).unwrap(), &folder.join(name), Provider::Cpu, false).unwrap();
    serde_json::json!(model.info().sampler)
}

#[test]
fn the_sampler_is_part_of_a_run_and_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, 64);
    let named = |steps: u32| serde_json::json!({"method": "ancestral", "steps": steps});
    let three = named(3).to_string();
    fit(folder, &["--steps", "1", "--sampler", &three]);
    fit(folder, &["--steps", "2", "--resume"]);
    assert_eq!(sampler(folder, "x.onnx"), named(3));
    // The run's picture is what the file gives.
    let sample = ["sample", "x.onnx", "--n", "16", "--threads", "1", "--out", "x.png"];
    assert!(smld_train(folder, &sample).status.success());
    let [picture, samples] =
        ["runs/x/samples-000002.png", "x.png"].map(|name| std::fs::read(folder.join(name)).unwrap());
    assert!(picture == samples, "the picture is drawn by another sampler");

    let export = ["export", "runs/x/checkpoint.safetensors", "--out"];
    assert!(smld_train(folder, &[&export[..], &["kept.onnx"]].concat()).status.success());
    assert_eq!(sampler(folder, "kept.onnx"), named(3));
    let (four, five) = (named(4).to_string(), named(5).to_string());
    assert!(smld_train(folder, &[&export[..], &["other.onnx", "--sampler", &four]].concat()).status.success());
    assert_eq!(sampler(folder, "other.onnx"), named(4));
    fit(folder, &["--steps", "3", "--resume", "--sampler", &five]);
    assert_eq!(sampler(folder, "x.onnx"), named(5));
}

#[test]
fn a_picture_that_cannot_be_had_ends_nothing_and_a_checkpoint_that_cannot_be_kept_is_told_after_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, 64);
    std::fs::create_dir_all(folder.join("runs/x/samples-000001.png")).unwrap();
    let told = fit(folder, &["--steps", "1"]);
    assert!(told.contains("no picture of step 1") && told.contains("samples-000001.png"), "{told}");
    assert!(folder.join("x.onnx").exists());

    std::fs::remove_file(folder.join("x.onnx")).unwrap();
    std::fs::create_dir_all(folder.join("full/checkpoint.safetensors.partial")).unwrap();
    let told = refused(folder, &["--steps", "1", "--run", "full"]);
    assert!(told.contains("checkpoint.safetensors cannot be written"), "{told}");
    assert!(folder.join("x.onnx").exists());
}

#[test]
fn what_the_end_would_refuse_is_refused_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, 64);
    let early = |arguments: &[&str]| {
        let told = refused(folder, arguments);
        assert!(!folder.join("runs/x/log.jsonl").exists(), "{arguments:?} began: {told}");
        told
    };
    let far = early(&["--steps", "1", "--sampler", r#"{"method":"langevin","sigma":500}"#]);
    assert!(far.contains("could not be served") && far.contains("sigma"), "{far}");
    let long = early(&["--steps", "1", "--objective", "dsm-ladder", "--levels", "300000"]);
    assert!(long.contains("levels"), "{long}");
    let tiny = early(&["--steps", "1", "--objective", "dsm", "--sigma", "1e-30"]);
    assert!(tiny.matches("beyond what float32 holds").count() == 1, "{tiny}");
    let vanishing = early(&["--steps", "1", "--sigma-max", "1e20"]);
    assert!(vanishing.contains("at σ = 100000000000000000000 the score vanishes in float32"), "{vanishing}");
    for minutes in ["inf", "nan", "1e18", "0"] {
        assert!(early(&["--minutes", minutes]).contains("--minutes"), "{minutes}");
        assert!(early(&["--steps", "1", "--checkpoint-minutes", minutes]).contains("--checkpoint-minutes"));
    }
    for rate in ["inf", "nan", "0"] {
        assert!(early(&["--steps", "1", "--learning-rate", rate]).contains("--learning-rate"), "{rate}");
    }
    let alike = ["fit", "--data", ".", "--out", "x.onnx", "--steps", "1", "--classes", "a,A"];
    let told = said(&smld_train(folder, &alike));
    assert!(told.contains("none of them twice") && !folder.join("runs/x/log.jsonl").exists(), "{told}");
    let hidden = early(&["--steps", "1", "--label-drop", "1"]);
    assert!(hidden.contains("--label-drop") && hidden.contains("from 0 to below 1"), "{hidden}");
    for command in ["fit", "features", "sample", "evaluate"] {
        let told = said(&smld_train(folder, &[command, "--threads", "0"]));
        assert!(told.contains("--threads"), "{command}: {told}");
    }
}

#[test]
fn options_that_mean_nothing_for_points_are_refused_and_a_batch_has_no_more_rows_than_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_ring(folder, 64);
    let points = |arguments: &[&str]| {
        let ring = ["fit", "--data", "points.npy", "--out", "ring.onnx", "--threads", "1"];
        said(&smld_train(folder, &[&ring[..], arguments].concat()))
    };
    assert!(points(&["--steps", "1", "--kernels", "muon"]).contains("--kernels muon is for convolutions"));
    assert!(points(&["--steps", "1", "--label-drop", "0.2"]).contains("--label-drop hides classes"));
    assert!(points(&["--steps", "1"]).contains("wrote ring.onnx"));
    let from = ["--from", "runs/ring/checkpoint.safetensors", "--run", "finer", "--precision", "bf16"];
    assert!(points(&from).contains("--precision bf16 is for convolutions"));

    // Of levels that lie beside those that were tried, the middle is trained for.
    write_halves(folder, 30);
    fit(folder, &["--steps", "1", "--sigma-min", "5", "--sigma-max", "50"]);
    let file = std::fs::read(folder.join("x.onnx")).unwrap();
    let training = String::from_utf8_lossy(&file);
    assert!(training.contains(r#""ln_sigma_mean":2.76"#) && training.contains(r#""batch":30"#));
}

#[test]
fn a_teacher_without_classes_does_not_teach_any() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, 64);
    std::fs::create_dir(folder.join("bare")).unwrap();
    let images = "train-images-idx3-ubyte";
    std::fs::copy(folder.join(images), folder.join("bare").join(images)).unwrap();
    let teacher =
        ["fit", "--data", "bare", "--out", "teacher.onnx", "--width", "16,32", "--threads", "1", "--steps", "1"];
    let output = smld_train(folder, &teacher);
    assert!(output.status.success(), "{}", said(&output));
    let told = refused(folder, &["--objective", "distil", "--teacher", "teacher.onnx", "--steps", "1"]);
    assert!(told.contains("the teacher has no classes, and the data have left, right"), "{told}");
}
