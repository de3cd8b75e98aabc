//! The commands, as a person types them.

use crate::mixture::mixture_file;
use crate::support::{write_halves, write_points, write_ring};
use smld::score::density::{Component, GaussianMixture};
use std::path::Path;
use std::process::{Command, Output};

pub(crate) fn smld_train(folder: &Path, arguments: &[&str]) -> Output {
    let onnxruntime = Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/onnxruntime/libonnxruntime.so");
    Command::new(env!("CARGO_BIN_EXE_smld-train"))
        .args(arguments)
        .current_dir(folder)
        .env("SMLD_ONNXRUNTIME", onnxruntime)
        .output()
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const FIT: [&str; 12] =
    ["fit", "--data", ".", "--out", "halves.onnx", "--batch", "16", "--width", "16,32", "--threads", "1", "--classes"];

#[test]
fn fit_writes_a_file_with_its_log_pictures_and_checkpoint_and_sample_draws_from_it() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), 64);
    let fit: Vec<&str> = FIT.iter().copied().chain(["left,right", "--steps", "60"]).collect();
    let output = smld_train(folder.path(), &fit);
    assert!(output.status.success(), "{}", said(&output));
    let log = std::fs::read_to_string(folder.path().join("runs/halves/log.jsonl")).unwrap();
    let entry: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(entry["step"], 50);
    assert!(entry["loss"].is_f64());
    assert!(folder.path().join("runs/halves/samples-000060.png").exists());
    assert!(folder.path().join("runs/halves/checkpoint.safetensors").exists());

    let sample = ["sample", "halves.onnx", "--n", "4", "--label", "right", "--out", "grid.png"];
    let output = smld_train(folder.path(), &sample);
    assert!(output.status.success(), "{}", said(&output));
    let grid = image::open(folder.path().join("grid.png")).unwrap();
    assert!(grid.width() > 16 && grid.height() > 16);

    let sample = ["sample", "halves.onnx", "--n", "2", "--each-class", "--out", "classes.png"];
    assert!(smld_train(folder.path(), &sample).status.success());
    // Two of each of two classes: the grid of four.
    assert_eq!(image::open(folder.path().join("classes.png")).unwrap().width(), grid.width());

    let again = smld_train(folder.path(), &fit);
    assert!(!again.status.success() && said(&again).contains("--resume"), "{}", said(&again));

    let longer: Vec<&str> = FIT.iter().copied().chain(["left,right", "--steps", "70", "--resume"]).collect();
    assert!(smld_train(folder.path(), &longer).status.success());
    assert!(folder.path().join("runs/halves/samples-000070.png").exists());
    let other: Vec<&str> = FIT.iter().copied().chain(["left,right", "--seed", "1", "--resume"]).collect();
    let other = said(&smld_train(folder.path(), &other));
    assert!(other.contains("of another run, with other values of seed"), "{other}");

    let from = [
        "fit",
        "--out",
        "finer.onnx",
        "--threads",
        "1",
        "--steps",
        "2",
        "--from",
        "runs/halves/checkpoint.safetensors",
    ];
    let finer: Vec<&str> =
        from.into_iter().chain(["--data", ".", "--batch", "16", "--classes", "left,right"]).collect();
    let output = smld_train(folder.path(), &finer);
    assert!(output.status.success(), "{}", said(&output));
    let file = std::fs::read(folder.path().join("finer.onnx")).unwrap();
    assert!(String::from_utf8_lossy(&file).contains(r#""steps":70"#), "where it began is not told");
    let longer: Vec<&str> = finer.iter().copied().chain(["--resume"]).collect();
    assert!(smld_train(folder.path(), &longer).status.success());
    let points: Vec<&str> = from.into_iter().chain(["--data", "two-moons"]).collect();
    assert!(said(&smld_train(folder.path(), &points)).contains("that network is for [1, 8, 8] with 2 classes"));

    let sampler = r#"{"method":"langevin","sigma":0.5,"steps":3}"#;
    let export = ["export", "runs/halves/checkpoint.safetensors", "--out", "again.onnx", "--sampler", sampler];
    assert!(smld_train(folder.path(), &export).status.success());
    assert!(folder.path().join("again.onnx").exists());
}

#[test]
fn fit_takes_points_and_any_objective() {
    let folder = tempfile::tempdir().unwrap();
    write_ring(folder.path(), 64);
    let fit = ["fit", "--data", "points.npy", "--out", "ring.onnx", "--threads", "1", "--width", "16"];
    let ism = ["--objective", "ism", "--sigma", "0.3", "--steps", "60"];
    let arguments: Vec<&str> = fit.into_iter().chain(ism).collect();
    let output = smld_train(folder.path(), &arguments);
    assert!(output.status.success(), "{}", said(&output));
    assert!(folder.path().join("ring.onnx").metadata().unwrap().len() < 200_000);
    let resume: Vec<&str> = arguments.iter().copied().chain(["--resume"]).collect();
    assert!(smld_train(folder.path(), &resume).status.success());
    let other: Vec<&str> = fit.into_iter().chain(["--objective", "ssm", "--sigma", "0.3", "--resume"]).collect();
    assert!(said(&smld_train(folder.path(), &other)).contains("of another run"));

    let moons = ["fit", "--data", "two-moons", "--count", "100", "--out", "moons.onnx", "--steps", "1"];
    let output = smld_train(folder.path(), &moons);
    assert!(output.status.success() && said(&output).contains("100 rows of [2]"), "{}", said(&output));

    std::fs::write(folder.path().join("t.density.json"), r#"{"density": "ring", "radius": 1, "variance": 0.01}"#)
        .unwrap();
    std::fs::write(folder.path().join("flat.density.json"), r#"{"density": "gaussian", "mean": [0], "variance": 1}"#)
        .unwrap();
    let distil = ["--run", "pupil", "--objective", "distil", "--teacher", "t.density.json", "--steps", "2"];
    let output = smld_train(folder.path(), &fit.into_iter().chain(distil).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", said(&output));
    let file = std::fs::read(folder.path().join("ring.onnx")).unwrap();
    assert!(String::from_utf8_lossy(&file).contains(r#""objective":"distil""#));

    let bad = |arguments: &[&str]| {
        let all: Vec<&str> = fit[..5].iter().chain(arguments).copied().collect();
        let output = smld_train(folder.path(), &all);
        assert!(!output.status.success(), "{arguments:?} was taken");
        said(&output)
    };
    assert!(bad(&["--objective", "dsm"]).contains("--sigma"));
    assert!(bad(&["--objective", "dsm", "--sigma", "0"]).contains("above zero"));
    assert!(bad(&["--objective", "dsm", "--sigma", "1", "--levels", "3"]).contains("--levels means nothing"));
    assert!(bad(&["--objective", "ssm", "--sigma", "1", "--trace", "exact"]).contains("--trace means nothing"));
    assert!(bad(&["--sigma", "1"]).contains("--sigma means nothing"));
    assert!(bad(&["--objective", "dsm-ladder", "--levels", "1"]).contains("at least 2"));
    assert!(bad(&["--objective", "distil"]).contains("--teacher"));
    assert!(bad(&["--teacher", "t.density.json"]).contains("--teacher means nothing"));
    let distil = ["--objective", "distil", "--teacher"];
    assert!(bad(&[&distil[..], &["nowhere.onnx"]].concat()).contains("nowhere.onnx"));
    assert!(bad(&[&distil[..], &["flat.density.json"]].concat()).contains("of shape [1], the data's of [2]"));
    assert!(
        bad(&[&distil[..], &["t.density.json", "--sigma-max", "1e6"]].concat()).contains("within the noise levels")
    );
    assert!(bad(&["--count", "10"]).contains("'count' means nothing"));
    assert!(bad(&["--width", "48,128"]).contains("one number"));
    assert!(bad(&["--precision", "bf16"]).contains("convolutions"));
}

/// What `fit` says of `data` beside a step of training.
fn said_of(folder: &Path, data: &str, more: &[&str]) -> String {
    let run = tempfile::tempdir_in(folder).unwrap();
    let fit = ["fit", "--data", data, "--out", "x.onnx", "--steps", "1", "--threads", "1", "--run"];
    let output = smld_train(folder, &[&fit[..], &[run.path().to_str().unwrap()], more].concat());
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn fit_warns_of_a_coordinate_that_the_noise_hides() {
    let folder = tempfile::tempdir().unwrap();
    write_points(folder.path(), 512, |[x, y]| [2000.0 + 0.5 * x.signum(), 0.7 * y]);
    // Over all coordinates the deviation is 1000, and the smallest level a hundredth of that.
    let told = said_of(folder.path(), "points.npy", &[]);
    assert!(told.contains("coordinate 0 (from 0) has deviation 0.5, "), "{told}");
    assert!(told.contains("less than 10 times the smallest noise level, 10,"), "{told}");
    assert!(told.contains("bring all coordinates to one place and scale before training"), "{told}");
    let told = said_of(folder.path(), "points.npy", &["--sigma-min", "0.01"]);
    assert!(!told.contains("coordinate"), "{told}");

    write_points(folder.path(), 512, |[x, _]| [x, 3.0]);
    let told = said_of(folder.path(), "points.npy", &[]);
    assert!(told.contains("coordinate 1 (from 0) has deviation 0: it is the same in every row"), "{told}");
}

#[test]
fn fit_warns_of_no_coordinate_of_plain_points_of_images_or_where_one_level_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!said_of(folder.path(), "two-moons", &[]).contains("coordinate"));
    let one = ["--objective", "dsm", "--sigma", "0.3"];
    assert!(!said_of(folder.path(), "two-moons", &one).contains("coordinate"));
    write_halves(folder.path(), 64);
    let told = said_of(folder.path(), ".", &["--width", "16,32", "--sigma-min", "1"]);
    assert!(!told.contains("coordinate"), "{told}");
}

#[test]
fn samples_that_have_no_picture_are_refused_before_any_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let component = Component { weight: 1.0, mean: vec![0.0; 3], variance: 1.0 };
    let file = mixture_file("solid", &GaussianMixture::new(vec![component]).unwrap(), &[]);
    std::fs::write(folder.path().join("solid.onnx"), file).unwrap();
    // A class that the model does not have would be refused by the first draw.
    let sample = ["sample", "solid.onnx", "--label", "seven", "--out", "x.png"];
    let told = said(&smld_train(folder.path(), &sample));
    assert!(told.contains("samples of shape [3] have no picture"), "{told}");
}

#[test]
fn bad_input_is_answered_with_what_is_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), 64);
    let bad = |arguments: &[&str]| {
        let output = smld_train(folder.path(), arguments);
        assert!(!output.status.success(), "{arguments:?} was taken");
        assert!(!folder.path().join("x.onnx").exists());
        said(&output)
    };
    let densities = "banana, checkerboard, funnel, gaussian, mixture, ring, swiss-roll, two-moons";
    let told = format!(
        "smld-train: nowhere is not there; give a file, a folder, or one of the densities to draw from: {densities}\n"
    );
    assert_eq!(bad(&["fit", "--data", "nowhere", "--out", "x.onnx"]), told);
    assert!(bad(&["fit", "--data", ".", "--out", "Big Name.onnx"]).contains("lower-case"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--batch", "65"]).contains("--batch"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--width", "17,32"]).contains("multiples of 16"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--width", "16"]).contains("two numbers"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--sigma-min", "30"]).contains("--sigma-max"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--resume"]).contains("checkpoint"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--device", "cuda"]).contains("--device cpu"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--steps", "0"]).contains("--steps"));
    assert!(bad(&["fit", "--data", ".", "--out", "x.onnx", "--minutes", "0"]).contains("--minutes"));
    assert!(bad(&["fit", "--data", ".", "--out", "nowhere/x.onnx"]).contains("nowhere"));
    assert!(bad(&["sample", "nowhere.onnx", "--out", "x.png"]).contains("nowhere.onnx"));
}
