//! What every command that compares samples with data has in common: the real rows, and the space of the comparison.

use super::bar;
use super::reading::Reading;
use super::values::Threads;
use crate::score::onnx::{FeatureNetwork, Runtime};
use crate::score::{ModelInfo, ReadyModel};
use crate::train::evaluate::{Judge, MIN_ROWS, Space};
use crate::train::split::{Split, Subset};
use crate::train::terminal;
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The options of the real side.
#[derive(Args, Debug)]
pub(super) struct Comparison {
    /// The real rows. Of a folder with test files (MNIST's t10k, CIFAR-10's test_batch) those are held out and the others are
    /// the training rows; of any other data that `fit` reads, one row in five, chosen at random but always the same, is
    /// held out.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// The feature network to compare by, made by `smld-train features`. Without one rows are compared by their own values:
    /// right for points, and for images of little use.
    #[arg(long, value_name = "FILE.onnx")]
    features: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
    /// The path of onnxruntime's library.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

/// The real side, read.
pub(super) struct Opened {
    pub(super) runtime: Runtime,
    pub(super) split: Split,
    pub(super) network: Option<FeatureNetwork>,
    pub(super) threads: usize,
}

impl Comparison {
    pub(super) fn open(&self) -> Result<Opened> {
        let threads = self.threads.count();
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let split = Split::open(&self.data, &self.reading.options())?;
        let network = self.features.as_ref().map(|path| network(&runtime, path, threads)).transpose()?;
        Ok(Opened { runtime, split, network, threads })
    }
}

/// The feature network in `path`.
fn network(runtime: &Runtime, path: &Path, threads: usize) -> Result<FeatureNetwork> {
    let about = || format!("the feature network '{}' cannot be used", path.display());
    let file = std::fs::read(path).with_context(about)?;
    FeatureNetwork::from_bytes(runtime, &file, threads).with_context(about)
}

/// Sees that a model's samples are of the data's shape.
pub(super) fn fits(info: &ModelInfo, shape: &[usize]) -> Result<()> {
    ensure!(
        info.shape == shape,
        "the model '{}' draws samples of shape {:?}, and the data's rows are of shape {shape:?}; give the data it was \
         trained on",
        info.name,
        info.shape,
    );
    Ok(())
}

/// The space of the comparison.
pub(super) fn space<'a>(training: Subset<'a>, network: Option<FeatureNetwork>) -> Result<Space<'a>> {
    let bar = bar("training rows", if network.is_some() { training.count() } else { 0 });
    let space = Space::new(training, network, |rows| bar.inc(rows))?;
    bar.finish_and_clear();
    Ok(space)
}

/// What compares samples of `model` with the rows of `split`, `n` of them at least, and the held-out rows. Says by what.
pub(super) fn judge<'a>(
    split: &'a Split,
    network: Option<FeatureNetwork>,
    model: &'a ReadyModel,
    threads: usize,
    n: u32,
) -> Result<(Judge<'a>, Subset<'a>)> {
    let least = network.as_ref().map_or(0, FeatureNetwork::width).max(MIN_ROWS - 1);
    ensure!(n as usize > least, "--n is {n}; a covariance of so many features wants more than {least} samples");
    let [training, held_out] = split.subsets(None);
    let space = space(training, network)?;
    terminal::print(&format!("{}\n", compared_by(&space)));
    Ok((Judge::new(space, model, threads)?, held_out))
}

/// What rows are compared by, for a person.
pub(super) fn compared_by(space: &Space<'_>) -> String {
    match space.network() {
        Some(network) => format!("compared by {} features of '{}'", network.width(), network.contract().name),
        None => "compared by the rows' own values: no --features were given".to_owned(),
    }
}

/// What the files of figures say of the feature network.
pub(super) fn features(network: Option<&FeatureNetwork>) -> Value {
    network.map_or(
        Value::Null,
        |network| json!({"name": network.contract().name, "sha256": network.sha256(), "width": network.width()}),
    )
}

/// What they say of the data.
pub(super) fn data(split: &Split) -> Value {
    json!({"training": split.data().describe(), "test": split.test().map(|test| test.describe())})
}
