//! The committed files are what the writer writes. `SMLD_WRITE_FIXTURES=1 cargo test --test onnx` writes them anew.

use crate::mixture::mixture_file;
use crate::support::{runtime, two_modes};
use smld::score::ScoreModel;
use smld::score::onnx::{OnnxScore, Provider};
use std::path::Path;

fn committed(name: &str, labels: &[&str]) {
    let (path, written) =
        (Path::new("tests/fixtures").join(format!("{name}.onnx")), mixture_file(name, &two_modes(), labels));
    if std::env::var_os("SMLD_WRITE_FIXTURES").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == written, "{} is not what the writer writes", path.display());
    let model = OnnxScore::load(&runtime(), &path, Provider::Cpu, false).unwrap();
    assert_eq!(model.info().labels, labels);
    assert_eq!(model.info().sampler, two_modes().named(name).info().sampler);
}

#[test]
fn the_mixture_is_what_the_writer_writes() {
    committed("mixture", &[]);
}

#[test]
fn the_class_conditional_mixture_is_what_the_writer_writes() {
    committed("classes", &["low", "high"]);
}
