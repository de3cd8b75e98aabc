//! The shipped feature networks, on the data that `make data` fetches.

use smld::sampler::{Noise, Purpose};
use smld::score::onnx::{FeatureNetwork, Runtime};
use smld::train::data::Options;
use smld::train::evaluate::{Kept, Report, Space};
use smld::train::split::Split;
use std::path::Path;

const ROWS: usize = 500;

fn report(name: &str) -> Report {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let split = Split::open(&root.join("data").join(name), &Options::default()).unwrap();
    let file = std::fs::read(root.join(format!("models/features/{name}.onnx"))).unwrap();
    let network = FeatureNetwork::from_bytes(&Runtime::load(None).unwrap(), &file, 1).unwrap();
    let [training, held_out] = split.subsets(None);
    let mut space = Space::new(training.first(4000), Some(network), |_| {}).unwrap();
    let [mut real, mut noise] = [Kept::default(), Kept::default()];
    space.add(&mut real, &held_out.values(0..ROWS), &held_out.labels(0..ROWS)).unwrap();
    let mut values = vec![0.0; ROWS * split.data().shape().iter().product::<usize>()];
    Noise::new(0, 0, Purpose::Sampling).uniform(0, &mut values);
    space.add(&mut noise, &values, &[-1; ROWS]).unwrap();
    Report::new(&space, &noise, &real).unwrap()
}

#[test]
fn held_out_rows_are_near_the_training_rows_and_uniform_noise_is_far_from_them() {
    tch::set_num_threads(1);
    for (name, count, accuracy) in [("mnist", 10, 0.97), ("fashion-mnist", 10, 0.86), ("avatars", 5, 0.97)] {
        let Report { samples: noise, held_out: real, classes } = report(name);
        assert!(noise.frechet.distance > 100.0 * real.frechet.distance, "{name}: {noise:?} {real:?}");
        assert!(real.frechet.standard_error < 5e-3 * noise.frechet.distance, "{name}: {real:?}");
        assert!(noise.cover.precision < 0.02 && noise.cover.coverage < 0.02, "{name}: {noise:?}");
        assert!(real.cover.precision > 0.7 && real.cover.recall > 0.7 && real.cover.coverage > 0.7, "{name}: {real:?}");
        assert!(noise.nearest.median > 2.0 * real.nearest.median);
        let known = real.classes.unwrap();
        assert!(known.as_asked.unwrap() > accuracy, "{name}: {known:?}");
        assert_eq!((classes.len(), known.counts.iter().sum()), (count, ROWS));
    }
}
