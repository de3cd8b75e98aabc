//! Small data sets and plans.

use smld::sampler::{Noise, Purpose};
use smld::train::data::{Dataset, Options};
use smld::train::network::torch::Precision;
use smld::train::network::{Mlp, Network, UNet};
use smld::train::objective::{ObjectiveSpec, Trace};
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

/// Denoising score matching over a continuum.
const CONTINUOUS: ObjectiveSpec =
    ObjectiveSpec::DsmContinuous { sigma_min: 0.02, sigma_max: 5.0, ln_sigma_mean: -0.8, ln_sigma_deviation: 1.4 };

/// One of every objective.
pub(crate) const OBJECTIVES: [ObjectiveSpec; 7] = [
    CONTINUOUS,
    ObjectiveSpec::DsmLadder { sigma_min: 0.1, sigma_max: 4.0, levels: 8 },
    ObjectiveSpec::Dsm { sigma: 0.3 },
    ObjectiveSpec::Esm { sigma: 0.3 },
    ObjectiveSpec::Ism { sigma: 0.3, trace: Trace::Exact },
    ObjectiveSpec::Ism { sigma: 0.3, trace: Trace::Hutchinson },
    ObjectiveSpec::Ssm { sigma: 0.3 },
];

/// `count` points `[2]` on a noisy ring, as `points.npy` in `folder`.
pub(crate) fn write_ring(folder: &Path, count: u32) {
    write_points(folder, count, |z| {
        let scale = (1.0 + 0.1 * z[0]) / z[0].hypot(z[1]);
        z.map(|z| scale * z)
    });
}

/// `count` points that `point` makes of normal numbers, as `points.npy` in `folder`.
pub(crate) fn write_points(folder: &Path, count: u32, point: impl Fn([f32; 2]) -> [f32; 2]) {
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 2), }}");
    bytes.extend(format!("{header:<117}\n").bytes());
    for i in 0..count {
        let mut z = [0.0; 2];
        Noise::new(1, i, Purpose::Data).normal(0, &mut z);
        bytes.extend(point(z).iter().flat_map(|x| x.to_le_bytes()));
    }
    std::fs::write(folder.join("points.npy"), bytes).unwrap();
}

/// The data set of [`write_ring`].
pub(crate) fn ring(count: u32) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    write_ring(folder.path(), count);
    Dataset::open(&folder.path().join("points.npy"), &Options::default()).unwrap()
}

/// A plan for points of `dim` elements in `classes` classes.
pub(crate) fn plan_of_points(dim: i64, classes: i64, objective: ObjectiveSpec, steps: u32) -> Plan {
    Plan {
        network: Network::Mlp(Mlp { shape: [dim], hidden: 96, classes, mean: 0.1, deviation: 0.7 }),
        range: [-1.5, 1.25],
        objective,
        data: serde_json::json!({"classes": (0..classes).map(|class| class.to_string()).collect::<Vec<_>>()}),
        ..plan([1, 8, 8], steps)
    }
}

/// A plan for a small network of `shape`.
pub(crate) fn plan(shape: [i64; 3], steps: u32) -> Plan {
    Plan {
        data: serde_json::json!({"classes": ["left", "right"]}),
        network: Network::UNet(UNet { shape, c1: 16, c2: 32, classes: 2, mean: 0.45, deviation: 0.4 }),
        range: [0.0, 1.0],
        objective: CONTINUOUS,
        batch: 16,
        label_drop: 0.1,
        seed: 3,
        length: Length::Steps(steps),
        precision: Precision::F32,
        optimiser: Settings { warm_up: 5, ..Settings::default() },
        sampler: None,
        from: None,
    }
}
