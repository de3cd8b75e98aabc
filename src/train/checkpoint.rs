//! Checkpoints: everything a run needs to go on exactly, in one safetensors file.

use super::files;
use super::network::torch::{Weights, values};
use super::optimiser::Optimiser;
use super::plan::Plan;
use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Where a run stands. All its random numbers are functions of the seed and the step, so there is no generator to keep.
pub struct State {
    /// The weights.
    pub weights: Weights,
    /// The optimiser, with the moving average.
    pub optimiser: Optimiser,
    /// What is not a tensor.
    pub progress: Progress,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u32,
    /// Seconds of training, over all its parts.
    pub seconds: f64,
}

/// The key of the header's entry that holds [`Header`].
const HEADER: &str = "smld";

#[derive(Serialize, Deserialize)]
struct Header {
    plan: Plan,
    progress: Progress,
}

impl State {
    fn groups(&self) -> [(&'static str, &Weights); 4] {
        [
            ("weights", &self.weights),
            ("average", &self.optimiser.average),
            ("first", &self.optimiser.first),
            ("second", &self.optimiser.second),
        ]
    }

    /// The beginning of another run: the averaged weights, and nothing else of this one.
    #[must_use]
    pub fn afresh(self) -> Self {
        let averages = self.optimiser.average.0.into_iter();
        let weights = Weights(averages.map(|(name, tensor)| (name, tensor.set_requires_grad(true))).collect());
        Self { optimiser: Optimiser::new(&weights), weights, progress: Progress::default() }
    }

    /// Writes the checkpoint of a run of `plan` to `path`, which is whole at any moment.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, plan: &Plan, path: &Path) -> Result<()> {
        let mut tensors = BTreeMap::new();
        for (group, weights) in self.groups() {
            for (name, tensor) in &weights.0 {
                tensors.insert(format!("{group}.{name}"), Bytes::of(tensor));
            }
        }
        let views: Result<Vec<_>, safetensors::SafeTensorError> =
            tensors.iter().map(|(name, bytes)| Ok((name, bytes.view()?))).collect();
        let header = serde_json::to_string(&Header { plan: plan.clone(), progress: self.progress })?;
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        files::write(&safetensors::serialize(views?, Some(metadata))?, path)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// Where the file cannot be read, is not a checkpoint of this program, or has other weights than its networks.
    pub fn load(path: &Path, device: Device) -> Result<(Plan, Self)> {
        let bytes = std::fs::read(path).with_context(|| format!("the checkpoint {} cannot be read", path.display()))?;
        let not_ours = || format!("{} is not a checkpoint of this trainer", path.display());
        let (_, metadata) = SafeTensors::read_metadata(&bytes).with_context(not_ours)?;
        let header = metadata.metadata().as_ref().and_then(|entries| entries.get(HEADER)).with_context(not_ours)?;
        let Header { plan, progress } = serde_json::from_str(header).with_context(not_ours)?;
        let file = SafeTensors::deserialize(&bytes).with_context(not_ours)?;
        let mut groups: BTreeMap<&str, Weights> = BTreeMap::new();
        for (name, view) in file.iter() {
            let (group, name) = name.split_once('.').with_context(not_ours)?;
            let tensor = tensor(&view).with_context(not_ours)?.to_device(device);
            let tensor = tensor.set_requires_grad(group == "weights");
            groups.entry(group).or_default().0.insert(name.to_owned(), tensor);
        }
        let mut take = |group| groups.remove(group).with_context(not_ours);
        let weights = take("weights")?;
        let optimiser = Optimiser { first: take("first")?, second: take("second")?, average: take("average")? };
        let state = Self { weights, optimiser, progress };
        let wanted = plan.weights(device);
        ensure!(
            state.groups().iter().all(|(_, group)| group.shapes() == wanted.shapes()),
            "{} is of another version of this trainer, whose networks have other weights; train it again",
            path.display()
        );
        Ok((plan, state))
    }
}

/// A tensor's shape and bytes.
struct Bytes {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Bytes {
    fn of(tensor: &Tensor) -> Self {
        let shape = tensor.size().iter().map(|&n| n as usize).collect();
        let bytes = values(tensor).iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { shape, bytes }
    }

    fn view(&self) -> Result<TensorView<'_>, safetensors::SafeTensorError> {
        TensorView::new(Dtype::F32, self.shape.clone(), &self.bytes)
    }
}

fn tensor(view: &TensorView<'_>) -> Result<Tensor> {
    if view.dtype() != Dtype::F32 {
        bail!("a tensor is of type {:?}, not float32", view.dtype());
    }
    let data: Cow<'_, [u8]> = view.data().into();
    let values: Vec<f32> = data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
    Ok(Tensor::from_slice(&values).reshape(shape).to_kind(Kind::Float))
}
