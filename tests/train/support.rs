//! Small data sets and plans.

use smld::sampler::{Noise, Purpose};
use smld::train::data::{Dataset, Options};
use smld::train::network::UNet;
use smld::train::network::torch::Precision;
use smld::train::optimiser::Settings;
use smld::train::plan::{Length, Plan};
use std::path::Path;

/// `count` images of 8×8 in two classes, as IDX files in `folder`: bright on the left, or bright on the right.
pub(crate) fn write_halves(folder: &Path, count: u32) {
    let mut images = vec![0, 0, 8, 3];
    let mut labels = vec![0, 0, 8, 1];
    labels.extend(count.to_be_bytes());
    for size in [count, 8, 8] {
        images.extend(size.to_be_bytes());
    }
    for i in 0..count {
        let class = (i % 2) as u8;
        labels.push(class);
        let mut shade = [0.0; 64];
        Noise::new(1, i, Purpose::Weights).uniform(0, &mut shade);
        let side = |j: usize| (j % 8 >= 4) == (class == 1);
        images.extend(
            shade.iter().enumerate().map(|(j, u)| if side(j) { 200 + (50.0 * u) as u8 } else { (50.0 * u) as u8 }),
        );
    }
    std::fs::write(folder.join("train-images-idx3-ubyte"), images).unwrap();
    std::fs::write(folder.join("train-labels-idx1-ubyte"), labels).unwrap();
}

/// The data set of [`write_halves`].
pub(crate) fn halves(count: u32) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), count);
    let options = Options { classes: Some(vec!["left".to_owned(), "right".to_owned()]), ..Options::default() };
    Dataset::open(folder.path(), &options).unwrap()
}

/// A plan for a small network of `shape`.
pub(crate) fn plan(shape: [i64; 3], steps: u32) -> Plan {
    Plan {
        data: serde_json::json!({"classes": ["left", "right"]}),
        network: UNet { shape, c1: 16, c2: 32, classes: 2, mean: 0.45, deviation: 0.4 },
        sigma_min: 0.02,
        sigma_max: 5.0,
        ln_sigma_mean: -0.8,
        ln_sigma_deviation: 1.4,
        batch: 16,
        label_drop: 0.1,
        seed: 3,
        length: Length::Steps(steps),
        precision: Precision::F32,
        optimiser: Settings { warm_up: 5, ..Settings::default() },
    }
}
