//! The sets that `make data` fetches.

use crate::files::{labels, open};
use smld::train::data::Dataset;
use std::path::Path;

fn fetched(name: &str) -> Dataset {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    assert!(path.exists(), "{} is not there; run 'make data' once", path.display());
    open(path)
}

#[track_caller]
fn holds<const CLASSES: usize>(data: &Dataset, shape: &[usize], mean: f64, deviation: f64, of_each: [usize; CLASSES]) {
    assert_eq!((data.shape(), data.classes().len()), (shape, CLASSES));
    let (m, d) = data.mean_and_deviation();
    assert!((m - mean).abs() < 1e-4 && (d - deviation).abs() < 1e-4, "mean {m}, deviation {d}");
    let labels = labels(data);
    let counts: Vec<_> =
        (0..CLASSES).map(|class| labels.iter().filter(|&&label| label == class as i64).count()).collect();
    assert_eq!(counts, of_each);
}

#[test]
fn mnist_is_whole() {
    let of_each = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    holds(&fetched("mnist"), &[1, 28, 28], 0.1307, 0.3081, of_each);
}

#[test]
fn fashion_mnist_is_whole() {
    holds(&fetched("fashion-mnist"), &[1, 28, 28], 0.2860, 0.3530, [6000; 10]);
}

#[test]
fn avatars_are_whole() {
    let data = fetched("avatars");
    holds(&data, &[3, 32, 32], 0.6906, 0.2599, [10_000; 5]);
    assert_eq!(data.classes(), ["short hair", "long hair", "glasses", "hat", "beard"]);
}
