//! Feature networks: classifiers whose features tell how alike two sets of samples are. Their files lie beside the score
//! networks' and follow a contract of their own.

use super::contract::{LABELS, NAME, TRAINING, labels, name, parse};
use super::session::{OpenError, open};
use super::signature::{axes, find, free_batch, text};
use super::{ContractFault, LoadFault, Provider, Runtime, SignatureFault, sha256};
use ort::session::Session;
use ort::value::{Outlet, TensorElementType, TensorRef};
use serde_json::Value;

/// The version of the feature networks' contract that this build writes and reads.
const VERSION: &str = "1";
/// The key that makes a file one of a feature network.
pub(super) const FEATURES: &str = "smld.features";

/// A feature network's description of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureContract {
    /// Its name: `[a-z0-9][a-z0-9-]*`.
    pub name: String,
    /// The names of the classes that it tells apart.
    pub labels: Vec<String>,
    /// How it was trained, or null.
    pub training: Value,
}

impl FeatureContract {
    /// The metadata of a file that keeps this contract, as pairs of key and value.
    #[must_use]
    pub fn to_metadata(&self) -> Vec<(String, String)> {
        let labels = serde_json::json!(self.labels).to_string();
        let metadata = [
            (FEATURES, VERSION.to_owned()),
            (NAME, self.name.clone()),
            (LABELS, labels),
            (TRAINING, self.training.to_string()),
        ];
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn from_metadata(value: impl Fn(&str) -> Option<String>) -> Result<Self, ContractFault> {
        let required = |key: &'static str| value(key).ok_or(ContractFault::Missing(key));
        match value(FEATURES) {
            Some(version) if version == VERSION => {}
            Some(found) => return Err(ContractFault::Version { found }),
            None => return Err(ContractFault::NotFeatures),
        }
        Ok(Self {
            name: parse(NAME, required(NAME)?, "a name of a-z, 0-9 and -, as fashion-mnist", name)?,
            labels: parse(LABELS, required(LABELS)?, "a JSON array of class names, none of them twice", labels)?,
            training: value(TRAINING).map_or(Ok(Value::Null), |text| {
                parse(TRAINING, text, "JSON", |text| serde_json::from_str(text).ok())
            })?,
        })
    }
}

/// A feature network at work, owned by one thread.
pub struct FeatureNetwork {
    session: Session,
    contract: FeatureContract,
    /// [0, …shape].
    shape: Vec<usize>,
    width: usize,
    sha256: String,
}

/// What a feature network makes of rows, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// [rows, width].
    pub features: Vec<f32>,
    /// [rows, classes]: the logarithms of the classes' probabilities, up to a constant a row.
    pub logits: Vec<f32>,
}

/// A run of a feature network failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the feature network '{name}' failed: {reason}")]
pub struct FeatureError {
    /// Its name.
    pub name: String,
    /// What went wrong, in the runtime's words.
    pub reason: String,
}

impl FeatureNetwork {
    /// Opens the feature network whose file has the bytes `file`, on `threads` threads of the CPU.
    ///
    /// # Errors
    /// [`LoadFault`] with the first fault of the file.
    pub fn from_bytes(runtime: &Runtime, file: &[u8], threads: usize) -> Result<Self, LoadFault> {
        let session = open(runtime, file, Provider::Cpu, threads, &[])?;
        let metadata = session.metadata().map_err(OpenError::from)?;
        let contract = FeatureContract::from_metadata(|key| metadata.custom(key))?;
        drop(metadata);
        let (row, width) = check(session.inputs(), session.outputs(), contract.labels.len())?;
        let shape = std::iter::once(0).chain(row).collect();
        Ok(Self { session, contract, shape, width, sha256: sha256(file) })
    }

    /// What the file says of itself.
    #[must_use]
    pub fn contract(&self) -> &FeatureContract {
        &self.contract
    }

    /// The shape of one row, [C, H, W].
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape[1..]
    }

    /// How many features a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The SHA-256 of the file.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Evaluates the rows of `x`, [rows, …shape] in the numbers of the data it was trained on.
    ///
    /// # Errors
    /// [`FeatureError`] where the run fails.
    pub fn evaluate(&mut self, x: &[f32]) -> Result<Features, FeatureError> {
        self.run(x).map_err(|error| FeatureError { name: self.contract.name.clone(), reason: error.to_string() })
    }

    fn run(&mut self, x: &[f32]) -> ort::Result<Features> {
        self.shape[0] = x.len() / self.shape[1..].iter().product::<usize>();
        let x = TensorRef::from_array_view((&self.shape[..], x))?;
        let outputs = self.session.run(ort::inputs!["x" => x])?;
        let values = |name: &str| -> ort::Result<Vec<f32>> { Ok(outputs[name].try_extract_tensor()?.1.to_vec()) };
        Ok(Features { features: values("features")?, logits: values("logits")? })
    }
}

/// Checks the inputs and outputs of a network of `classes` classes. The shape of a row, and how many features it has.
fn check(inputs: &[Outlet], outputs: &[Outlet], classes: usize) -> Result<(Vec<usize>, usize), SignatureFault> {
    let x = axes("x", TensorElementType::Float32, find("input", "x", inputs)?)?;
    if x.len() != 4 {
        return Err(SignatureFault::Rank { name: "x", found: text(x), wanted: "[batch, C, H, W]" });
    }
    free_batch("x", x)?;
    if x[1..].iter().any(|&size| size < 1) {
        return Err(SignatureFault::FreeAxis { name: "x", found: text(x) });
    }
    let width = |name| {
        let shape = axes(name, TensorElementType::Float32, find("output", name, outputs)?)?;
        match *shape {
            [_, width] if width > 0 => free_batch(name, shape).map(|()| width as usize),
            _ => Err(SignatureFault::Rank { name, found: text(shape), wanted: "[batch, columns]" }),
        }
    };
    let (features, logits) = (width("features")?, width("logits")?);
    if logits != classes {
        return Err(SignatureFault::Classes { logits, classes });
    }
    Ok((x[1..].iter().map(|&size| size as usize).collect(), features))
}
