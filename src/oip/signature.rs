//! What a model takes and gives: its metadata, and the names that a call may use.

use super::{Datatype, VERSION};
use crate::score::{Kind, ModelInfo};
use serde::Serialize;
use utoipa::ToSchema;

/// What a model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Samples.
    Sampler,
    /// The score of points that the call brings.
    Score,
}

/// Ends the name of a score network. No model's own name has a full stop.
const SCORE: &str = ".score";

impl Role {
    /// What `name` asks for, and the name of the model that it asks it of.
    pub(crate) fn of(name: &str) -> (&str, Self) {
        name.strip_suffix(SCORE).map_or((name, Self::Sampler), |model| (model, Self::Score))
    }

    /// The names by which `info` is asked for.
    pub(crate) fn names(info: &ModelInfo) -> [String; 2] {
        [Self::Sampler, Self::Score].map(|role| role.name(info))
    }

    /// The name by which it is asked of `info`.
    pub(crate) fn name(self, info: &ModelInfo) -> String {
        match self {
            Self::Sampler => info.name.clone(),
            Self::Score => format!("{}{SCORE}", info.name),
        }
    }
}

/// A model: what it takes and gives.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = InferenceModel)]
pub(crate) struct Signature {
    /// The name by which it is asked for.
    pub(crate) name: String,
    /// One only: another file is another model.
    pub(crate) versions: [&'static str; 1],
    /// What runs it.
    pub(crate) platform: &'static str,
    /// What a call may bring.
    pub(crate) inputs: Vec<Port>,
    /// What it is answered.
    pub(crate) outputs: Vec<Port>,
}

/// A tensor that a model takes or gives.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = InferencePort)]
pub(crate) struct Port {
    /// Its name.
    pub(crate) name: &'static str,
    /// The type of its elements.
    #[schema(value_type = String)]
    pub(crate) datatype: Datatype,
    /// Its sizes; −1 where a call decides.
    pub(crate) shape: Vec<i64>,
}

impl Signature {
    /// What `info` takes and gives in `role`.
    pub(crate) fn of(info: &ModelInfo, role: Role) -> Self {
        let port = |name, datatype, shape: &[i64]| Port { name, datatype, shape: shape.to_vec() };
        let rows: Vec<i64> = std::iter::once(-1).chain(info.shape.iter().map(|&size| size as i64)).collect();
        let [deadline, priority] =
            [port("deadline_ms", Datatype::Int64, &[1]), port("priority", Datatype::Bytes, &[1])];
        let (mut inputs, outputs) = match role {
            Role::Sampler => (
                vec![
                    port("n", Datatype::Int64, &[1]),
                    port("seed", Datatype::Uint64, &[1]),
                    port("first_index", Datatype::Int64, &[1]),
                    port("sampler", Datatype::Bytes, &[1]),
                    port("label", Datatype::Bytes, &[1]),
                    deadline,
                    priority,
                ],
                vec![port(samples(info), Datatype::Fp32, &rows), port("seed", Datatype::Uint64, &[1])],
            ),
            Role::Score => (
                vec![
                    port("x", Datatype::Fp32, &rows),
                    port("sigma", Datatype::Fp32, &[-1]),
                    port("label", Datatype::Int64, &[-1]),
                    deadline,
                    priority,
                ],
                vec![port("score", Datatype::Fp32, &rows)],
            ),
        };
        inputs.retain(|port| port.name != "label" || !info.labels.is_empty());
        let platform = match (role, info.kind) {
            (Role::Sampler, _) => "smld_sampler",
            (Role::Score, Kind::Network) => "onnxruntime_onnx",
            (Role::Score, Kind::Density) => "smld_density",
        };
        Self { name: role.name(info), versions: [VERSION], platform, inputs, outputs }
    }
}

/// What the samples of `info` are called.
pub(super) fn samples(info: &ModelInfo) -> &'static str {
    if info.is_image() { "images" } else { "samples" }
}
