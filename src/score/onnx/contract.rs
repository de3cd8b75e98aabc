//! What a score network's file says of itself: the metadata that the trainer writes and the server reads.

use super::features::FEATURES;
use crate::onnx::{NotOnnx, with_metadata};
use crate::sampler::{AnnealedLangevinSpec, InvalidSampler, LangevinSpec, SamplerSpec};
use crate::score::identity::{is_name, sha256};
use serde_json::Value;
use std::collections::HashSet;

/// The version of the contract that this build writes and reads.
const VERSION: &str = "1";

const CONTRACT: &str = "smld.contract";
pub(super) const NAME: &str = "smld.name";
const OUTPUT: &str = "smld.output";
const SIGMA_MIN: &str = "smld.sigma_min";
const SIGMA_MAX: &str = "smld.sigma_max";
const RANGE: &str = "smld.range";
pub(super) const LABELS: &str = "smld.labels";
const LABEL_WEIGHTS: &str = "smld.label_weights";
const SAMPLER: &str = "smld.sampler";
pub(super) const TRAINING: &str = "smld.training";

/// What the output of a network holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// The score s itself.
    #[default]
    Score,
    /// The denoised mean D: s = (D − x)/σ² (Tweedie's formula).
    Denoised,
    /// The noise ε in x = x₀ + σ ε: s = −ε/σ.
    Epsilon,
}

/// A file's description of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// The model's name: `[a-z0-9][a-z0-9-]*`.
    pub name: String,
    /// What the output holds.
    pub output: Output,
    /// The smallest noise level the network was trained for.
    pub sigma_min: f64,
    /// The largest; equal to the smallest where there is one level only.
    pub sigma_max: f64,
    /// What black and white are in the model's own numbers.
    pub range: [f32; 2],
    /// The names of the classes; empty where there are none.
    pub labels: Vec<String>,
    /// How often each class comes, of the sum of all; empty where all come equally often, or there are none.
    pub label_weights: Vec<f64>,
    /// The sampler to use when a request names none.
    pub sampler: Option<SamplerSpec>,
    /// How the network was trained, or null.
    pub training: Value,
}

/// Metadata that break the contract.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ContractFault {
    /// A key that every file has is not there.
    #[error("the metadata key '{0}' is missing; write the file with smld-train, or add the key to its metadata_props")]
    Missing(&'static str),
    /// A feature network where a score network is wanted.
    #[error(
        "it is a feature network, which tells images apart; a score network is wanted, as smld-train fit writes it"
    )]
    IsFeatures,
    /// Something else where a feature network is wanted.
    #[error(
        "it is not a feature network (its metadata lack 'smld.features'); one is wanted that smld-train features has written"
    )]
    NotFeatures,
    /// A value that is not what its key asks for.
    #[error("the metadata key '{key}' is '{value}'; it must be {wanted}")]
    Unreadable {
        /// The key.
        key: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The file follows another version.
    #[error(
        "the file follows version {found} of the contract, and this smld reads version 1: use the smld that goes with it, or export it again"
    )]
    Version {
        /// The version in the file.
        found: String,
    },
    /// The noise levels are in the wrong order.
    #[error("smld.sigma_min is {min}, above smld.sigma_max = {max}; exchange them")]
    Levels {
        /// The smallest noise level, as written.
        min: f64,
        /// The largest, as written.
        max: f64,
    },
    /// An output that is divided by σ, with noise levels down to zero.
    #[error(
        "smld.sigma_min is 0, and the score of a '{output}' output divides by σ; give the smallest level of training"
    )]
    LevelZero {
        /// What the output holds.
        output: &'static str,
    },
    /// The sampler is none.
    #[error("the metadata key 'smld.sampler' is no sampler in JSON: {0}")]
    NotSampler(String),
    /// The sampler does not fit the noise levels.
    #[error("the metadata key 'smld.sampler' does not fit the model: {0}")]
    Sampler(InvalidSampler),
}

/// Not as its source: the sentence has the reason in it, and who tells the sources too would say it twice.
impl From<InvalidSampler> for ContractFault {
    fn from(fault: InvalidSampler) -> Self {
        Self::Sampler(fault)
    }
}

impl Contract {
    /// The contract of a network called `name` that gives the score at the noise levels `[sigma_min, sigma_max]`, and has
    /// nothing more to tell: no classes, no sampler, no history.
    #[must_use]
    pub fn new(name: impl Into<String>, [sigma_min, sigma_max]: [f64; 2], range: [f32; 2]) -> Self {
        let (output, sampler, training) = (Output::Score, None, Value::Null);
        let (labels, label_weights) = (Vec::new(), Vec::new());
        Self { name: name.into(), output, sigma_min, sigma_max, range, labels, label_weights, sampler, training }
    }

    /// The metadata of a file that keeps this contract, as pairs of key and value.
    #[must_use]
    pub fn to_metadata(&self) -> Vec<(String, String)> {
        let [low, high] = self.range;
        // The shortest decimals that read back as the same numbers.
        let mut metadata = vec![
            (CONTRACT, VERSION.to_owned()),
            (NAME, self.name.clone()),
            (OUTPUT, self.output.name().to_owned()),
            (SIGMA_MIN, self.sigma_min.to_string()),
            (SIGMA_MAX, self.sigma_max.to_string()),
            (RANGE, format!("{low},{high}")),
        ];
        if !self.labels.is_empty() {
            metadata.push((LABELS, serde_json::json!(self.labels).to_string()));
        }
        if !self.label_weights.is_empty() {
            metadata.push((LABEL_WEIGHTS, serde_json::json!(self.label_weights).to_string()));
        }
        if let Some(sampler) = &self.sampler {
            metadata.push((SAMPLER, serde_json::json!(sampler).to_string()));
        }
        if !self.training.is_null() {
            metadata.push((TRAINING, self.training.to_string()));
        }
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Reads the contract from metadata, where `value` finds the value of a key.
    ///
    /// # Errors
    /// The first key that is missing or cannot be.
    pub fn from_metadata(value: impl Fn(&str) -> Option<String>) -> Result<Self, ContractFault> {
        let required = |key: &'static str| value(key).ok_or(ContractFault::Missing(key));
        if value(CONTRACT).is_none() && value(FEATURES).is_some() {
            return Err(ContractFault::IsFeatures);
        }
        let version = required(CONTRACT)?;
        if version != VERSION {
            return Err(ContractFault::Version { found: version });
        }
        let level = |key| {
            let wanted = "a finite number, zero or above";
            parse(key, required(key)?, wanted, |text| text.parse().ok().filter(|&s: &f64| s.is_finite() && s >= 0.0))
        };
        let labels = value(LABELS).map_or(Ok(Vec::new()), |text| {
            parse(LABELS, text, "a JSON array of class names, none of them twice", labels)
        })?;
        let label_weights = value(LABEL_WEIGHTS).map_or(Ok(Vec::new()), |text| {
            let wanted = "a JSON array of numbers, one for each class of smld.labels, none below zero and one above";
            parse(LABEL_WEIGHTS, text, wanted, |text| weights(text, labels.len()))
        })?;
        let contract = Self {
            name: parse(NAME, required(NAME)?, "a name of a-z, 0-9 and -, as fashion-mnist", name)?,
            output: value(OUTPUT).map_or(Ok(Output::default()), |text| {
                parse(OUTPUT, text, "score, denoised or epsilon", Output::from_name)
            })?,
            sigma_min: level(SIGMA_MIN)?,
            sigma_max: level(SIGMA_MAX)?,
            range: parse(RANGE, required(RANGE)?, "two numbers, black's below white's, as -1,1", range)?,
            labels,
            label_weights,
            sampler: value(SAMPLER)
                .map(|text| serde_json::from_str(&text).map_err(|error| ContractFault::NotSampler(error.to_string())))
                .transpose()?,
            training: value(TRAINING).map_or(Ok(Value::Null), |text| {
                parse(TRAINING, text, "JSON", |text| serde_json::from_str(text).ok())
            })?,
        };
        let Self { sigma_min: min, sigma_max: max, output, .. } = contract;
        match output {
            _ if min > max => Err(ContractFault::Levels { min, max }),
            _ if max == 0.0 => Err(ContractFault::Unreadable {
                key: SIGMA_MAX,
                value: "0".to_owned(),
                wanted: "a finite number above zero",
            }),
            Output::Denoised | Output::Epsilon if min == 0.0 => Err(ContractFault::LevelZero { output: output.name() }),
            Output::Score | Output::Denoised | Output::Epsilon => Ok(contract),
        }
    }

    /// The sampler to use when a request names none: the file's, or annealing where there are levels to go down.
    #[must_use]
    pub fn default_sampler(&self) -> SamplerSpec {
        self.sampler.clone().unwrap_or_else(|| match self.sigma_min < self.sigma_max {
            true => SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec::default()),
            false => SamplerSpec::Langevin(LangevinSpec::default()),
        })
    }
}

/// `file` with `sampler` as the one to use when a request names none.
///
/// # Errors
/// Where the file is not an ONNX file.
pub fn with_sampler(file: &[u8], sampler: &SamplerSpec) -> Result<Vec<u8>, NotOnnx> {
    with_metadata(file, SAMPLER, &serde_json::json!(sampler).to_string())
}

/// SHA-256 of `file` but for its sampler, in hexadecimal: [`with_sampler`] does not change it.
///
/// # Errors
/// Where the file is not an ONNX file.
pub fn score_sha256(file: &[u8]) -> Result<String, NotOnnx> {
    Ok(sha256(&with_metadata(file, SAMPLER, "")?))
}

impl Output {
    const ALL: [Self; 3] = [Self::Score, Self::Denoised, Self::Epsilon];

    fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Denoised => "denoised",
            Self::Epsilon => "epsilon",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|output| output.name() == name)
    }
}

pub(super) fn parse<T>(
    key: &'static str,
    value: String,
    wanted: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ContractFault> {
    read(&value).ok_or(ContractFault::Unreadable { key, value, wanted })
}

pub(super) fn name(text: &str) -> Option<String> {
    is_name(text).then(|| text.to_owned())
}

fn range(text: &str) -> Option<[f32; 2]> {
    let (low, high) = text.split_once(',')?;
    let (low, high): (f32, f32) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low < high && (high - low).is_finite()).then_some([low, high])
}

/// Requests name classes without regard to case, so two that differ in case alone are one.
pub(super) fn labels(text: &str) -> Option<Vec<String>> {
    let labels: Vec<String> = serde_json::from_str(text).ok()?;
    let distinct: HashSet<String> = labels.iter().map(|label| label.to_ascii_lowercase()).collect();
    (!labels.is_empty() && distinct.len() == labels.len()).then_some(labels)
}

/// The weights of `classes` classes.
fn weights(text: &str, classes: usize) -> Option<Vec<f64>> {
    let weights: Vec<f64> = serde_json::from_str(text).ok()?;
    let sum: f64 = weights.iter().sum();
    let can_be = weights.iter().all(|&weight| weight >= 0.0) && sum > 0.0 && sum.is_finite();
    (weights.len() == classes && can_be).then_some(weights)
}
