//! The commands `features` and `evaluate`, as a person types them.

use crate::support::{
    begun, done, done_unread, halves, json, normal, refused, write_gaussian, write_halves, write_npy,
};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;

#[test]
fn features_are_trained_and_samples_are_compared_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, "train", 0, 256);
    write_halves(folder, "t10k", 1, 64);
    let features = ["features", "--data", ".", "--out", "f.onnx", "--classes", "left,right", "--batch", "16"];
    done(folder, &[&features[..], &["--steps", "30"]].concat());

    // The held-out rows themselves, as a file of samples: both columns are of the same rows.
    let test: Vec<f32> = halves(1, 64).iter().map(|&byte| f32::from(byte) / 255.0).collect();
    write_npy(&folder.join("test.npy"), "(64, 1, 8, 8)", &test);
    let evaluate = ["evaluate", "--data", ".", "--classes", "left,right", "--features", "f.onnx"];
    let table = done(folder, &[&evaluate[..], &["--samples", "test.npy", "--json", "test.json"]].concat());
    assert!(table.contains("Fréchet distance") && table.contains("taken for left"), "{table}");
    let report = json(folder, "test.json");
    let [samples, real] = ["samples", "held_out"].map(|side| &report["figures"][side]);
    assert_eq!(samples["cover"], real["cover"]);
    assert_eq!(samples["nearest"], real["nearest"]);
    let distance = |side: &Value| side["frechet"]["distance"].as_f64().unwrap();
    // 64 rows leave eigenvalues of about zero, and the root of a rounding error is a thousand million times as large.
    assert!((distance(samples) - distance(real)).abs() < 1e-4);
    assert_eq!(samples["classes"]["counts"], serde_json::json!([32, 32]));
    assert_eq!((&samples["classes"]["as_asked"], &real["classes"]["as_asked"]), (&Value::Null, &1.0.into()));
    assert_eq!(report["features"]["width"], 64);

    // Training rows as samples are copies, every one.
    let copies: Vec<f32> = halves(0, 64).iter().map(|&byte| f32::from(byte) / 255.0).collect();
    write_npy(&folder.join("copies.npy"), "(64, 1, 8, 8)", &copies);
    done(folder, &[&evaluate[..], &["--samples", "copies.npy", "--json", "copies.json"]].concat());
    let copied = &json(folder, "copies.json")["figures"]["samples"];
    assert_eq!(
        (&copied["nearest"]["share_nearer"], &copied["nearest_features"]["share_nearer"]),
        (&1.0.into(), &1.0.into())
    );

    // By their own 64 values 64 rows have no covariance.
    let bare = done(folder, &["evaluate", "--data", ".", "--classes", "left,right", "--samples", "copies.npy"]);
    assert!(bare.contains("so few rows have no covariance of so many numbers"), "{bare}");

    // A model that is hardly trained: its samples are drawn, the same every time, and are not the data's.
    let fit = ["fit", "--data", ".", "--out", "m.onnx", "--batch", "16", "--width", "16,32", "--classes", "left,right"];
    done(folder, &[&fit[..], &["--steps", "2"]].concat());
    let sampler = r#"{"method":"langevin","sigma":0.5,"steps":3}"#;
    let draw = [&evaluate[..], &["m.onnx", "--n", "40", "--sampler", sampler, "--each-class", "--json"]].concat();
    done(folder, &[&draw[..], &["once.json"]].concat());
    done(folder, &[&draw[..], &["again.json"]].concat());
    let once = json(folder, "once.json");
    assert_eq!(once, json(folder, "again.json"));
    assert_eq!((&once["samples"]["evaluations"], &once["samples"]["classes"]), (&3.into(), &"each".into()));
    let [samples, real] = ["samples", "held_out"].map(|side| &once["figures"][side]);
    assert!(samples["classes"]["as_asked"].is_f64());
    assert_eq!((&samples["rows"], &real["rows"]), (&40.into(), &40.into()));
    assert!(distance(samples) > 10.0 * distance(real), "{samples} {real}");

    let says = refused(folder, &["evaluate", "m.onnx", "--data", ".", "--features", "m.onnx"]);
    assert!(says.contains("m.onnx") && says.contains("not a feature network"), "{says}");
    let says = refused(folder, &["evaluate", "f.onnx", "--data", "."]);
    assert!(says.contains("f.onnx") && says.contains("it is a feature network"), "{says}");
    let says = refused(folder, &[&draw[..], &["x.json", "--n", "41"]].concat());
    assert!(says.contains("--n"), "{says}");
    let says = refused(folder, &[&draw[..], &["nowhere/x.json"]].concat());
    assert!(says.contains("--json: there is no folder nowhere"), "{says}");
    let sample = refused(folder, &["sample", "m.onnx", "--out", "nowhere/x.png"]);
    assert!(sample.contains("--out: there is no folder nowhere"), "{sample}");
}

#[test]
fn features_of_few_images_have_batches_of_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), "train", 0, 20);
    let features = ["features", "--data", ".", "--out", "f.onnx", "--classes", "left,right", "--steps", "1"];
    done(folder.path(), &features);
    let file = std::fs::read(folder.path().join("f.onnx")).unwrap();
    assert!(String::from_utf8_lossy(&file).contains(r#""batch":20"#));
}

#[test]
fn a_model_with_the_classes_of_the_data_in_another_order_is_refused_with_the_order_to_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (class, bright) in [("cat", 0), ("dog", 4)] {
        std::fs::create_dir_all(folder.join("pets").join(class)).unwrap();
        for i in 0..4 {
            let image =
                image::GrayImage::from_fn(8, 8, |x, _| image::Luma([if x / 4 * 4 == bright { 200 + i } else { i }]));
            image.save(folder.join(format!("pets/{class}/{i}.png"))).unwrap();
        }
    }
    let fit = ["fit", "--data", "pets", "--out", "pets.onnx", "--width", "16,32", "--steps", "1"];
    done(folder, &[&fit[..], &["--classes", "dog,cat"]].concat());
    let evaluate = ["evaluate", "pets.onnx", "--data", "pets", "--label", "cat"];
    let says = refused(folder, &evaluate);
    assert!(says.contains("the model 'pets'") && says.contains("give --classes 'dog,cat'"), "{says}");
    // In their order there is nothing more to say than that the rows are few.
    let says = refused(folder, &[&evaluate[..], &["--classes", "dog,cat"]].concat());
    assert!(says.contains("at least 40 of each"), "{says}");
}

#[test]
fn points_are_compared_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The model is 0.2·N((−5, −5), I) + 0.8·N((5, 5), I); the data are drawn from it.
    let points: Vec<f32> = Vec::try_from(normal(0, 2000, 2).reshape([-1])).unwrap();
    let points: Vec<f32> =
        points.iter().enumerate().map(|(i, z)| z + if i / 2 % 5 == 0 { -5.0 } else { 5.0 }).collect();
    write_npy(&folder.join("points.npy"), "(2000, 2)", &points);
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mixture.onnx");
    let model = model.to_str().unwrap();
    let sampler = r#"{"method":"annealed_langevin","sigma_max":20,"sigma_min":0.1,"levels":10,"steps_per_level":100,"epsilon":0.001}"#;
    let evaluate = ["evaluate", model, "--data", "points.npy", "--n", "400", "--sampler", sampler, "--json", "p.json"];
    let table = done(folder, &evaluate);
    assert!(table.contains("own values"), "{table}");
    let figures = &json(folder, "p.json")["figures"];
    assert!(!table.contains("held-out rows:"), "{table}");
    assert_eq!(figures["samples"]["classes"], Value::Null);
    // The samples find both modes in nearly their shares: precise, and far nearer than one mode alone would be.
    let cover = &figures["samples"]["cover"];
    assert!(cover["precision"].as_f64().unwrap() > 0.85 && cover["coverage"].as_f64().unwrap() > 0.7, "{cover}");
    assert!(figures["held_out"]["frechet"]["distance"].as_f64().unwrap() < 0.5, "{figures}");
}

const GAUSSIAN: [&str; 8] = ["evaluate", "model.onnx", "--data", "data.npy", "--n", "40", "--json", "g.json"];

#[test]
fn figures_whose_table_nobody_reads_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &serde_json::json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    done_unread(folder, &GAUSSIAN);
    let kept = json(folder, "g.json");
    assert!(kept["figures"].is_object() && kept["denoising"].is_object(), "{kept}");
}

#[test]
fn figures_are_kept_before_anything_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &serde_json::json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let mut child = begun(folder, &GAUSSIAN);
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let kept = folder.join("g.json").exists();
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(first.contains("compared by") && kept, "{first}");
}

#[test]
fn a_mark_of_fewer_rows_than_samples_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, count) in [("data.npy", 250), ("samples.npy", 60)] {
        let points: Vec<f32> = Vec::try_from(normal(0, count, 2).reshape([-1])).unwrap();
        write_npy(&folder.join(name), &format!("({count}, 2)"), &points);
    }
    let table = done(folder, &["evaluate", "--data", "data.npy", "--samples", "samples.npy"]);
    assert!(table.contains("60 samples, and only 50 held-out rows"), "{table}");
}

#[test]
fn figures_of_small_points_have_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, index, count) in [("data.npy", 0, 400), ("samples.npy", 1, 60)] {
        let points: Vec<f32> = Vec::try_from((normal(index, count, 2) * 1e-4).reshape([-1])).unwrap();
        write_npy(&folder.join(name), &format!("({count}, 2)"), &points);
    }
    let table = done(folder, &["evaluate", "--data", "data.npy", "--samples", "samples.npy"]);
    let digits = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].replace('±', "").split_whitespace().map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>()
    };
    let (distances, medians) = (digits("Fréchet distance"), digits("to the nearest training row, median"));
    assert_eq!((distances.len(), medians.len()), (4, 2));
    assert!(distances.iter().chain(&medians).all(|&figure| figure > 0.0 && figure < 1e-4), "{table}");
}

/// Where OpenVINO is not there, the refusal.
#[test]
fn how_far_a_providers_scores_are_from_the_cpus_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = root.join("models/two-moons.onnx");
    let evaluate = ["evaluate", model.to_str().unwrap(), "--data", "two-moons", "--n", "40", "--provider", "openvino"];
    let library = root.join(".deps/onnxruntime-openvino/libonnxruntime.so");
    if !cfg!(feature = "openvino") || !library.exists() {
        assert!(refused(folder, &evaluate).contains("OpenVINO was asked for"));
        return;
    }
    let library = ["--json", "o.json", "--onnxruntime", library.to_str().unwrap()];
    let table = done(folder, &[&evaluate[..], &library].concat());
    assert!(table.contains("scores by openvino less the CPU's"), "{table}");
    let report = json(folder, "o.json");
    assert_eq!(
        (&report["samples"]["provider"], &report["apart"]["provider"]),
        (&"openvino".into(), &"openvino".into())
    );
    let levels = report["apart"]["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 5);
    for level in levels {
        let [rms, largest] = ["rms", "largest"].map(|key| level[key].as_f64().unwrap());
        assert!(0.0 < rms && rms <= largest && largest < 1e-3, "{level}");
    }
}

#[test]
fn bad_input_is_answered_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder, "train", 0, 64);
    let says = |arguments: &[&str]| refused(folder, arguments);
    write_npy(&folder.join("points.npy"), "(50, 2)", &[0.5; 100]);
    assert!(says(&["features", "--data", "points.npy", "--out", "x.onnx"]).contains("points are compared as they are"));
    assert!(says(&["features", "--data", ".", "--out", "x.onnx", "--batch", "16", "--steps", "0"]).contains("--steps"));
    assert!(says(&["features", "--data", ".", "--out", "x.onnx", "--batch", "65"]).contains("--batch"));
    assert!(says(&["evaluate", "--data", "."]).contains("--samples"));
    assert!(says(&["evaluate", "--data", ".", "--samples", "points.npy"]).contains("[1, 8, 8]"));
    write_npy(&folder.join("few.npy"), "(2, 1, 8, 8)", &[0.5; 128]);
    assert!(says(&["evaluate", "--data", ".", "--samples", "few.npy"]).contains("at least 40"));
    write_halves(folder, "t10k", 1, 64);
    write_npy(&folder.join("wide.npy"), "(40, 1, 8, 8)", &[-1.0; 2560]);
    assert!(says(&["evaluate", "--data", ".", "--samples", "wide.npy"]).contains("[0, 1]"));
    write_npy(&folder.join("short.npy"), "(40, 1, 8, 8)", &[0.5; 2500]);
    assert!(says(&["evaluate", "--data", ".", "--samples", "short.npy"]).contains("short.npy is truncated"));
    write_npy(&folder.join("long.npy"), "(40, 1, 8, 8)", &[0.5; 2561]);
    assert!(says(&["evaluate", "--data", ".", "--samples", "long.npy"]).contains("long.npy goes on after the data"));
    let columns = std::fs::read(folder.join("long.npy")).unwrap();
    let columns =
        String::from_utf8_lossy(&columns[10..128]).replace("'fortran_order': False", "'fortran_order': True ");
    let columns = [b"\x93NUMPY\x01\x00\x76\x00", columns.as_bytes(), &[0; 10_240]].concat();
    std::fs::write(folder.join("columns.npy"), columns).unwrap();
    assert!(says(&["evaluate", "--data", ".", "--samples", "columns.npy"]).contains("Fortran order"));
    assert!(!folder.join("x.onnx").exists());
}
