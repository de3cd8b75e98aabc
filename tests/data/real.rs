//! The two sets that `make data` fetches.

use crate::files::{labels, open};
use smld::train::data::Dataset;
use std::path::Path;

fn fetched(name: &str) -> Dataset {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    assert!(path.exists(), "{} is not there; run 'make data' once", path.display());
    open(path)
}

#[track_caller]
fn is_sixty_thousand_garments_or_digits(data: &Dataset, mean: f64, deviation: f64, of_each: [usize; 10]) {
    assert_eq!((data.len(), data.shape(), data.classes().len()), (60_000, &[1, 28, 28][..], 10));
    let (m, d) = data.mean_and_deviation();
    assert!((m - mean).abs() < 1e-4 && (d - deviation).abs() < 1e-4, "mean {m}, deviation {d}");
    let labels = labels(data);
    let counts: Vec<_> = (0..10).map(|class| labels.iter().filter(|&&label| label == class).count()).collect();
    assert_eq!(counts, of_each);
}

#[test]
fn mnist_is_whole() {
    let of_each = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    is_sixty_thousand_garments_or_digits(&fetched("mnist"), 0.1307, 0.3081, of_each);
}

#[test]
fn fashion_mnist_is_whole() {
    is_sixty_thousand_garments_or_digits(&fetched("fashion-mnist"), 0.2860, 0.3530, [6000; 10]);
}
