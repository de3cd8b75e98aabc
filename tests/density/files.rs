//! `*.density.json`: what they describe, and how they are refused.

use smld::sampler::SamplerSpec;
use smld::score::density::{DensityModel, NAMES, by_name};
use smld::score::{Kind, ScoreModel, prepare};
use std::path::Path;
use std::sync::Arc;

/// The files of the standard densities.
const STANDARD: [&str; 8] = [
    r#"{"density": "banana", "bend": 0.5, "variance": 0.25}"#,
    r#"{"density": "checkerboard", "cells": 4, "side": 1}"#,
    r#"{"density": "funnel", "dim": 2, "deviation": 3}"#,
    r#"{"density": "gaussian", "mean": [0, 0], "variance": 1}"#,
    r#"{"density": "gaussian_mixture", "components": [
        {"weight": 0.2, "mean": [-5, -5], "variance": 1}, {"weight": 0.8, "mean": [5, 5], "variance": 1}]}"#,
    r#"{"density": "ring", "radius": 1, "variance": 0.01}"#,
    r#"{"density": "swiss_roll", "noise": 0.1}"#,
    r#"{"density": "two_moons", "noise": 0.1}"#,
];

#[test]
fn a_file_describes_the_density_of_its_kind_and_is_known_by_its_name_and_digest() {
    for (file, name) in STANDARD.into_iter().zip(NAMES) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("my-{name}.density.json"));
        std::fs::write(&path, file).unwrap();
        let (model, standard) = (DensityModel::load(&path).unwrap(), by_name(name).unwrap());
        let info = model.info();
        assert_eq!((info.name.clone(), info.kind, info.sha256.len()), (format!("my-{name}"), Kind::Density, 64));
        assert_eq!([info.sigma_min, info.sigma_max], standard.sigma_range());
        let sigma = info.sigma_min;
        assert_eq!(model.density().log_density(&[0.3, -1.2], sigma), standard.log_density(&[0.3, -1.2], sigma));
        info.sampler.resolve(None, info.sigma_range()).unwrap();
        assert!(prepare(Arc::new(model), &[1, 2]).unwrap().batch_invariant());
    }
}

#[test]
fn a_kernel_density_and_a_covariance_are_described_by_their_numbers() {
    let kernel = br#"{"density": "kernel", "points": [[0, 0, 1], [2, 0, 1]], "bandwidth": 0.5}"#;
    assert_eq!(DensityModel::from_bytes("k", kernel).unwrap().info().shape, [3]);
    let gaussian = br#"{"density": "gaussian", "mean": [0, 0], "covariance": [[1, 0.5], [0.5, 1]]}"#;
    // The eigenvalues are ½ and 3/2.
    let detail = DensityModel::from_bytes("g", gaussian).unwrap().density().detail();
    assert!((detail - 0.5_f64.sqrt()).abs() < 1e-15, "{detail}");
}

#[test]
fn the_digest_is_of_the_bytes_of_the_file() {
    let digest = |file: &[u8]| DensityModel::from_bytes("m", file).unwrap().info().sha256.clone();
    // By sha256sum.
    let file = br#"{"density": "two_moons", "noise": 0.1}"#;
    assert_eq!(digest(file), "bb85a8b9a661114be7bc36a5e9a4b7d4fcc7fbce3aa7b64142aa3ca4ccc1c068");
    assert_ne!(digest(file), digest(br#"{"density":"two_moons", "noise": 0.1}"#));
}

#[test]
fn the_sampler_of_a_file_goes_before_the_density_s_own() {
    let file = br#"{"sampler": {"method": "langevin", "tau": 0.25}, "density": "two_moons", "noise": 0.1}"#;
    let model = DensityModel::from_bytes("m", file).unwrap();
    let SamplerSpec::Langevin(spec) = &model.info().sampler else { panic!("{:?}", model.info().sampler) };
    assert_eq!(spec.tau, Some(0.25));
}

#[test]
fn log_p_is_told_where_it_is_known_and_not_beyond() {
    let funnel = DensityModel::new("funnel", by_name("funnel").unwrap());
    assert!(funnel.log_density(&[0.0, 0.0], 0.0).is_some() && funnel.log_density(&[0.0, 0.0], 0.1).is_none());
    let board = DensityModel::new("board", by_name("checkerboard").unwrap());
    assert!(board.log_density(&[0.0, 0.0], 0.02).is_some() && board.log_density(&[0.0, 0.0], 0.0).is_none());
}

#[test]
fn every_fault_of_a_file_has_its_own_sentence() {
    let points = format!(r#"{{"density": "kernel", "points": [{}[0]], "bandwidth": 1}}"#, "[0],".repeat(20_000));
    for (file, sentences) in [
        ("", ["it is not JSON", "write it as"]),
        (r#"{"density": "gaussian", "mean": [1e39], "variance": 1}"#, ["1e39 from the origin", "another unit"]),
        (r#"{"density": "checkerboard", "cells": 4, "side": 1e-30}"#, ["sampler.epsilon", "float32"]),
        (r#"{"density": "gaussian", "mean": [0, 0], "variance": 1e70}"#, ["sampler.epsilon", "float32"]),
        (r#"{"density": "ring""#, ["it is not JSON", "write it as"]),
        ("[]", ["an object with the key density", "docs/DENSITIES.md"]),
        (r#"{"noise": 0.1}"#, ["missing field `density`", "docs/DENSITIES.md"]),
        (r#"{"density": "rnig", "radius": 1}"#, ["unknown variant `rnig`", "`two_moons`"]),
        (r#"{"density": "ring", "radius": 1}"#, ["missing field `variance`", "docs/DENSITIES.md"]),
        (r#"{"density": "two_moons", "noise": 0.1, "nose": 1}"#, ["unknown field `nose`", "`noise`"]),
        (r#"{"density": "two_moons", "noise": 0.1, "noise": 1}"#, ["duplicate field `noise`", "docs/DENSITIES.md"]),
        (r#"{"density": "two_moons", "noise": "much"}"#, ["expected f64", "docs/DENSITIES.md"]),
        (r#"{"density": "two_moons", "noise": 0}"#, ["noise: is 0", "from 0.001"]),
        (r#"{"density": "gaussian", "mean": [0]}"#, ["give either variance", "or covariance"]),
        (
            r#"{"density": "gaussian", "mean": [0], "variance": 1, "covariance": [[1]]}"#,
            ["give either", "or covariance"],
        ),
        (r#"{"density": "gaussian", "mean": [], "variance": 1}"#, ["mean: must have one", "as [0.0, 0.0]"]),
        (r#"{"density": "gaussian", "mean": [0, 0], "covariance": [[1, 0.2], [0.1, 1]]}"#, ["not symmetric", "twice"]),
        (
            r#"{"density": "gaussian", "mean": [0, 0], "covariance": [[1, 2], [2, 1]]}"#,
            ["positive definite", "diagonal"],
        ),
        (
            r#"{"density": "gaussian_mixture", "components": [{"weight": 1, "mean": [0], "variance": 1, "x": 1}]}"#,
            ["unknown field `x`", "`weight`"],
        ),
        (
            r#"{"density": "gaussian_mixture", "components": [{"weight": -1, "mean": [0], "variance": 1}]}"#,
            ["component 0", "above zero"],
        ),
        (r#"{"density": "kernel", "points": [[0, 1], [0]], "bandwidth": 1}"#, ["point 1 has 1", "make them equal"]),
        (r#"{"density": "kernel", "points": [[0]], "bandwidth": 0}"#, ["bandwidth: is 0", "above zero"]),
        (&points, ["are 20001", "20000 are the most"]),
        (r#"{"density": "ring", "radius": -1, "variance": 1}"#, ["radius: is -1", "above zero"]),
        (r#"{"density": "checkerboard", "cells": 1, "side": 1}"#, ["cells: is 1", "between 2 and 64"]),
        (r#"{"density": "funnel", "dim": 1, "deviation": 3}"#, ["dim: is 1", "between 2 and"]),
        (
            r#"{"density": "funnel", "dim": 2, "deviation": 3, "sampler": {"method": "langevin", "sigma": 1}}"#,
            ["sampler.sigma: is 1", "noise levels"],
        ),
        (
            r#"{"density": "banana", "bend": 1, "variance": 1, "sampler": {"method": "ancestral"}}"#,
            ["sampler.method: goes down noise levels", "use langevin"],
        ),
        (
            r#"{"density": "ring", "radius": 1, "variance": 1, "sampler": {"method": "langevin", "tua": 1}}"#,
            ["unknown field `tua`", "`tau`"],
        ),
    ] {
        let fault = DensityModel::from_bytes("m", file.as_bytes()).unwrap_err().to_string();
        assert!(sentences.iter().all(|sentence| fault.contains(sentence)), "{file:.80}: {fault}");
    }
}

#[test]
fn a_file_that_is_not_there_or_has_no_models_name_is_told_with_its_path() {
    let refused = |path: &Path| DensityModel::load(path).unwrap_err().to_string();
    let absent = refused(Path::new("no-such.density.json"));
    assert!(absent.contains("'no-such.density.json'") && absent.contains("cannot be read"), "{absent}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Two Moons.density.json");
    std::fs::write(&path, STANDARD[7]).unwrap();
    let named = refused(&path);
    assert!(named.contains("Two Moons.density.json") && named.contains("rename it"), "{named}");
}
