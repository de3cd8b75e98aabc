//! Random points, small data sets and models as files, and the program as a person calls it.

use crate::mixture::mixture_file;
use serde_json::Value;
use smld::sampler::{Noise, Purpose, SamplerSpec};
use smld::score::density::{Component, GaussianMixture};
use smld::score::onnx::with_sampler;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tch::Tensor;

/// `count` draws from N(0, I) in `dim` dimensions: [count, dim], float32.
pub(crate) fn normal(index: u32, count: usize, dim: usize) -> Tensor {
    let mut z = vec![0.0; count * dim];
    Noise::new(17, index, Purpose::Sampling).normal(0, &mut z);
    Tensor::from_slice(&z).reshape([count as i64, dim as i64])
}

/// The rows of a tensor of float64.
pub(crate) fn rows(x: &Tensor) -> Vec<Vec<f64>> {
    Vec::try_from(x.to_kind(tch::Kind::Double)).unwrap()
}

/// Bytes of `count` images of 8×8 in two classes, bright on the left or on the right, of noise that `index` decides.
pub(crate) fn halves(index: u32, count: usize) -> Vec<u8> {
    let mut shade = vec![0.0; 64 * count];
    Noise::new(1, index, Purpose::Weights).uniform(0, &mut shade);
    let bright = |i: usize| (i % 8 >= 4) == (i / 64 % 2 == 1);
    shade.iter().enumerate().map(|(i, u)| (50.0 * u) as u8 + if bright(i) { 200 } else { 0 }).collect()
}

/// Writes [`halves`] with their labels as IDX files called `name`-images-… and `name`-labels-….
pub(crate) fn write_halves(folder: &Path, name: &str, index: u32, count: usize) {
    let size = (count as u32).to_be_bytes();
    let images = [&[0, 0, 8, 3], &size[..], &[0, 0, 0, 8, 0, 0, 0, 8], &halves(index, count)].concat();
    let labels: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
    std::fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
    let labels = [&[0, 0, 8, 1], &size[..], &labels].concat();
    std::fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
}

/// Writes float32 `values` of `shape` as numpy does.
pub(crate) fn write_npy(path: &Path, shape: &str, values: &[f32]) {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let file = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &values].concat();
    std::fs::write(path, file).unwrap();
}

/// The variance of [`write_gaussian`]'s data.
pub(crate) const VARIANCE: f64 = 0.25;

/// Writes `data.npy`, `count` draws from N(0, [`VARIANCE`] I) in two dimensions, and `model.onnx`, whose score is exact and whose
/// sampler is `sampler`.
pub(crate) fn write_gaussian(folder: &Path, count: usize, sampler: &Value) {
    let rows: Vec<f32> = Vec::try_from((normal(0, count, 2) * VARIANCE.sqrt()).reshape([-1])).unwrap();
    write_npy(&folder.join("data.npy"), &format!("({count}, 2)"), &rows);
    let component = Component { weight: 1.0, mean: vec![0.0; 2], variance: VARIANCE };
    let file = mixture_file("gaussian", &GaussianMixture::new(vec![component]).unwrap(), &[]);
    let sampler: SamplerSpec = serde_json::from_value(sampler.clone()).unwrap();
    std::fs::write(folder.join("model.onnx"), with_sampler(&file, &sampler).unwrap()).unwrap();
}

/// `smld-train` in `folder`; what draws samples does so on one thread.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let threads: &[&str] = if arguments[0] == "plot" { &[] } else { &["--threads", "1"] };
    let onnxruntime = Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/onnxruntime/libonnxruntime.so");
    let mut command = Command::new(env!("CARGO_BIN_EXE_smld-train"));
    command.args(arguments).args(threads).current_dir(folder).env("SMLD_ONNXRUNTIME", onnxruntime);
    command
}

fn smld_train(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Begins what prints into a pipe.
pub(crate) fn begun(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs what must succeed though nobody reads what it prints.
pub(crate) fn done_unread(folder: &Path, arguments: &[&str]) {
    let mut child = begun(folder, arguments);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs what must succeed: what it prints.
pub(crate) fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = smld_train(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs what must fail: the error.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = smld_train(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} was taken");
    String::from_utf8(output.stderr).unwrap()
}

/// The JSON in a file of `folder`.
pub(crate) fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}
