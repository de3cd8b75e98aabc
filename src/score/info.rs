//! What a model is, for those who choose it and those who run it.

use crate::sampler::{Noise, Purpose, SamplerSpec, SigmaRange};
use serde::Serialize;

/// Where a model's score comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A network in an ONNX file.
    Network,
    /// A density known in closed form.
    Density,
}

/// A model's description.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct ModelInfo {
    /// The name by which requests ask for it: `[a-z0-9][a-z0-9-]*`.
    pub name: String,
    /// Where the score comes from.
    pub kind: Kind,
    /// The shape of one sample: [C, H, W] for images, `[D]` for points.
    pub shape: Vec<usize>,
    /// What black and white are in the model's own numbers.
    pub range: [f32; 2],
    /// The smallest noise level it knows.
    pub sigma_min: f64,
    /// The largest noise level it knows.
    pub sigma_max: f64,
    /// The names of the classes; empty where there are none. A class's number is its place here.
    pub labels: Vec<String>,
    /// How often each class comes where a request names none, of the sum of all; empty where there are no classes.
    pub label_weights: Vec<f64>,
    /// The sampler to use when a request names none.
    pub sampler: SamplerSpec,
    /// SHA-256 of the file, in hexadecimal; empty for a model without a file.
    pub sha256: String,
    /// What runs it: `cpu`, `cuda`, `openvino`, `openvino:bf16` or `exact`.
    pub provider: String,
    /// How it was trained: the file's `smld.training`, or null.
    pub training: serde_json::Value,
}

/// A class that the model does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UnknownLabel {
    /// What is wrong and which classes there are.
    pub reason: String,
}

impl ModelInfo {
    /// The number of elements of one sample.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether samples are images, [C, H, W] with one or three channels.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(self.shape[..], [1 | 3, _, _])
    }

    /// What samplers have to know of it.
    #[must_use]
    pub fn sigma_range(&self) -> SigmaRange {
        SigmaRange { min: self.sigma_min, max: self.sigma_max, dim: self.dim() }
    }

    /// The name of class `label`; none for −1.
    #[must_use]
    pub fn label_name(&self, label: i64) -> Option<&str> {
        usize::try_from(label).ok().map(|label| self.labels[label].as_str())
    }

    /// The number of the class that is drawn for sample `index` of `seed`, −1 where there are none: p(x) = Σ p(c) p(x|c) is drawn from
    /// by drawing c first, as often as in the data.
    #[must_use]
    pub fn drawn_label(&self, seed: u64, index: u32) -> i64 {
        let mut share = [0.0];
        Noise::new(seed, index, Purpose::Class).uniform(0, &mut share);
        // The classes lie side by side, each as wide as its weight.
        let place = f64::from(share[0]) * self.label_weights.iter().sum::<f64>();
        let mut ends = self.label_weights.iter().scan(0.0, |end, weight| {
            *end += weight;
            Some(*end)
        });
        // The last one that can come takes what rounding leaves.
        let last = || self.label_weights.iter().rposition(|&weight| weight > 0.0);
        ends.position(|end| place < end).or_else(last).map_or(-1, |label| label as i64)
    }

    /// The number of the class called `name`, or whose number `name` is; −1 is none.
    ///
    /// # Errors
    /// [`UnknownLabel`], with the classes that there are.
    pub fn label(&self, name: &str) -> Result<i64, UnknownLabel> {
        if self.labels.is_empty() {
            return Err(UnknownLabel { reason: format!("the model '{}' has no classes; leave label out", self.name) });
        }
        let named = self.labels.iter().position(|label| label.eq_ignore_ascii_case(name));
        let named = named.map(|number| number as i64);
        let numbered = || name.parse().ok().filter(|number| (-1..self.labels.len() as i64).contains(number));
        named.or_else(numbered).ok_or_else(|| {
            const TOLD: usize = 20;
            let (told, rest) = self.labels.split_at(self.labels.len().min(TOLD));
            let others = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
            let (told, last) = (told.join(", "), self.labels.len() - 1);
            let name_of_model = &self.name;
            let reason = format!(
                "the model '{name_of_model}' has no class '{name}'; it has {told}{others} (or their numbers, 0 to {last}; -1 for none)"
            );
            UnknownLabel { reason }
        })
    }
}
