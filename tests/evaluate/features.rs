//! Feature networks: described once and read twice, and not mistaken for score networks.

use crate::support::write_halves;
use smld::score::onnx::{FeatureNetwork, OnnxScore, Provider, Runtime};
use smld::train::data::{Dataset, Options};
use smld::train::evaluate::Space;
use smld::train::features::{FeaturePlan, FeatureRun, accuracy, file, verify};
use smld::train::network::Classifier;
use smld::train::optimiser::Settings;
use smld::train::plan::Length;
use smld::train::split::Split;
use std::path::Path;

fn halves() -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), "train", 0, 64);
    Dataset::open(folder.path(), &options()).unwrap()
}

fn options() -> Options {
    Options { classes: Some(vec!["left".to_owned(), "right".to_owned()]), ..Options::default() }
}

fn plan(data: &Dataset, seed: u64) -> FeaturePlan {
    FeaturePlan {
        data: data.describe(),
        network: Classifier { shape: [1, 8, 8], classes: 2, mean: 0.45, deviation: 0.4 },
        batch: 16,
        seed,
        length: Length::Steps(30),
        optimiser: Settings { warm_up: 5, ..Settings::default() },
    }
}

#[test]
fn a_network_learns_its_classes_the_same_way_every_time_and_its_file_says_what_it_is() {
    tch::set_num_threads(1);
    let (runtime, data) = (Runtime::load(None).unwrap(), halves());
    let trained = |seed| {
        let mut run = FeatureRun::begin(plan(&data, seed), &data);
        let losses: Vec<f64> = (0..30).map(|_| run.step().unwrap()).collect();
        (run, losses)
    };
    let (mut run, losses) = trained(3);
    assert_eq!(trained(3).1, losses);
    assert_ne!(trained(4).1, losses);
    assert!(losses[29] < 0.2 * losses[0], "{losses:?}");
    assert_eq!(run.done(), 1.0);
    assert_eq!(accuracy(&mut run, &data), 1.0);

    let file = file(&run, "halves", data.classes(), Some(0.5));
    verify(&file, &runtime, &mut run, &data).unwrap();
    let network = FeatureNetwork::from_bytes(&runtime, &file, 1).unwrap();
    assert_eq!((network.shape(), network.width()), (&[1, 8, 8][..], 64));
    let contract = network.contract();
    assert_eq!((contract.name.as_str(), &contract.labels[..]), ("halves", data.classes()));
    assert_eq!((&contract.training["accuracy"], &contract.training["steps"]), (&0.5.into(), &30.into()));

    run.step().unwrap();
    let fault = verify(&file, &runtime, &mut run, &data).unwrap_err().to_string();
    assert!(fault.contains("differ by"), "{fault}");
}

#[test]
fn a_file_of_the_other_kind_is_told_apart() {
    let (runtime, data) = (Runtime::load(None).unwrap(), halves());
    let features = file(&FeatureRun::begin(plan(&data, 0), &data), "halves", data.classes(), None);
    let fault = OnnxScore::from_bytes(&runtime, features, Provider::Cpu, false).unwrap_err().to_string();
    assert!(fault.contains("it is a feature network"), "{fault}");
    let score = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mixture.onnx");
    let fault = FeatureNetwork::from_bytes(&runtime, &std::fs::read(score).unwrap(), 1).err().unwrap().to_string();
    assert!(fault.contains("not a feature network") && fault.contains("smld-train features"), "{fault}");
    let names = ["one".to_owned()];
    let fewer = file(&FeatureRun::begin(plan(&data, 0), &data), "halves", &names, None);
    let fault = FeatureNetwork::from_bytes(&runtime, &fewer, 1).err().unwrap().to_string();
    assert!(fault.contains("2 columns") && fault.contains("1 classes"), "{fault}");
}

#[test]
fn a_network_with_the_classes_of_the_data_in_another_order_compares_nothing() {
    let (runtime, folder) = (Runtime::load(None).unwrap(), tempfile::tempdir().unwrap());
    write_halves(folder.path(), "train", 0, 64);
    let split = Split::open(folder.path(), &options()).unwrap();
    let run = FeatureRun::begin(plan(split.data(), 0), split.data());
    let space = |labels: [&str; 2]| {
        let file = file(&run, "halves", &labels.map(str::to_owned), None);
        let [training, _] = split.subsets(None);
        Space::new(training, Some(FeatureNetwork::from_bytes(&runtime, &file, 1).unwrap()), |_| ()).map(|_| ())
    };
    let fault = space(["right", "left"]).unwrap_err().to_string();
    assert!(fault.contains("feature network 'halves'") && fault.contains("--classes 'right,left'"), "{fault}");
    assert!(space(["0", "1"]).is_ok());
}
