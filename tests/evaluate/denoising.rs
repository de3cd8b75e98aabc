//! How well a network takes noise away, against what is known of exact scores.

use crate::support::{VARIANCE, done, json, normal, write_gaussian, write_npy};
use serde_json::Value;
use smld::score::density::{DensityModel, Kernel};
use smld::score::{ModelInfo, ScoreModel};
use smld::train::data::Options;
use smld::train::evaluate::{Apart, Denoising, DenoisingLevel, Level, Loss};
use smld::train::split::Split;
use std::sync::Arc;

/// E ‖D(x + σz) − x‖² of N(0, v I) is v σ²/(v + σ²) in every element, the unit: who knows the deviation knows all.
#[test]
fn of_a_gaussian_the_exact_score_has_the_loss_one_at_every_level() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 2000, &serde_json::json!({"method": "langevin", "sigma": 0.1, "tau": 0.002, "steps": 3}));
    let evaluate = ["evaluate", "model.onnx", "--data", "data.npy", "--n", "400", "--json", "g.json"];
    let table = done(folder, &evaluate);
    assert!(table.contains("denoising loss") && table.contains("training rows"), "{table}");
    let denoising = &json(folder, "g.json")["denoising"];
    assert_eq!(denoising["rows"], serde_json::json!([400, 400]));
    let levels = denoising["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 7);
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(number(&levels[0]["sigma"]) > 10.0 * VARIANCE.sqrt());
    for level in levels {
        for side in ["training", "held_out"] {
            let [mean, error] = ["mean", "standard_error"].map(|name| number(&level[side][name]));
            // χ² of 800 numbers: a deviation of 1/20 of the mean. Four of them, and as much as the data's own deviation may be off.
            assert!((error - 0.05).abs() < 0.01 && (mean - 1.0).abs() < 4.0 * error + 0.05, "{level}");
        }
    }
}

#[test]
fn who_remembers_the_training_rows_takes_noise_from_them_and_not_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let points: Vec<f32> = Vec::try_from(normal(0, 500, 2).reshape([-1])).unwrap();
    let file = folder.path().join("data.npy");
    write_npy(&file, "(500, 2)", &points);
    let split = Split::open(&file, &Options::default()).unwrap();
    let [training, held_out] = split.subsets(None);
    let rows: Vec<Vec<f64>> = training
        .values(0..training.count())
        .chunks(2)
        .map(|row| row.iter().copied().map(f64::from).collect())
        .collect();
    let model = DensityModel::new("remembers", Arc::new(Kernel::new(&rows, 1e-3).unwrap()));
    let info = ModelInfo { sigma_min: 0.01, sigma_max: 10.0, ..model.info().clone() };
    let mut session = model.open(1).unwrap();
    let subsets = [training.first(100), held_out];
    let denoising = Denoising::new(&info, session.as_mut(), &subsets, 1.0, |_| ()).unwrap();
    let [first, last] = [0, 6].map(|i| denoising.levels[i]);
    assert_eq!((first.sigma, last.sigma), (10.0, 0.01));
    let alike = |DenoisingLevel { training, held_out, .. }: DenoisingLevel| {
        (training.mean - held_out.mean).abs() < 4.0 * training.standard_error.hypot(held_out.standard_error)
    };
    assert!(alike(first), "{first:?}");
    assert!(last.training.mean < 0.1 && last.held_out.mean > 1.0, "{last:?}");
}

#[test]
fn small_noise_levels_are_told_by_their_digits() {
    let loss = Loss { mean: 1.0, standard_error: 0.1 };
    let level = DenoisingLevel { sigma: 1.5e-5, training: loss, held_out: loss };
    let denoising = Denoising { rows: [1, 1], levels: vec![level] }.to_string();
    let levels = vec![Level { sigma: 1.5e-5, rms: 0.0, largest: 0.0 }];
    let apart = Apart { provider: "openvino".to_owned(), levels }.to_string();
    assert!([&denoising, &apart].iter().all(|text| text.contains("at σ = 1.50e-5 ")), "{denoising}{apart}");
}
