//! What is answered: samples and scores as tensors.

use super::signature::samples;
use super::{Datatype, Signature};
use crate::engine::{InvalidRequest, SampleRequest, Samples};
use crate::score::ModelInfo;

/// An output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Output {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its axes.
    pub(crate) shape: Vec<usize>,
    /// Its elements, row by row.
    pub(crate) numbers: Numbers,
}

/// The elements of an output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// float32.
    Fp32(Vec<f32>),
    /// 64 bits, without a sign.
    Uint64(Vec<u64>),
}

impl Numbers {
    /// What they are.
    pub(crate) fn datatype(&self) -> Datatype {
        match self {
            Self::Fp32(_) => Datatype::Fp32,
            Self::Uint64(_) => Datatype::Uint64,
        }
    }

    /// Their bytes, little-endian.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Fp32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
            Self::Uint64(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        }
    }
}

impl Output {
    /// The samples of `request`, and their seed: the one that was asked for, or drawn.
    pub(crate) fn sampled(request: &SampleRequest, drawn: &Samples) -> Vec<Self> {
        let info = request.model().info();
        let seed = Numbers::Uint64(vec![request.seed()]);
        vec![Self::rows(samples(info), info, drawn), Self { name: "seed", shape: vec![1], numbers: seed }]
    }

    /// The scores of points of `info`.
    pub(crate) fn scored(info: &ModelInfo, scores: &Samples) -> Vec<Self> {
        vec![Self::rows("score", info, scores)]
    }

    fn rows(name: &'static str, info: &ModelInfo, rows: &Samples) -> Self {
        let shape = [&[rows.samples.len()], info.shape.as_slice()].concat();
        let numbers = rows.samples.iter().flat_map(|(_, x)| x.iter().copied()).collect();
        Self { name, shape, numbers: Numbers::Fp32(numbers) }
    }
}

impl Signature {
    /// The places among [`outputs`](Self::outputs) of those called `asked`; of all where nothing is asked for by name.
    ///
    /// # Errors
    /// Where there is none of a name, or a name comes twice.
    pub(crate) fn choice(&self, asked: &[String]) -> Result<Vec<usize>, InvalidRequest> {
        if asked.is_empty() {
            return Ok((0..self.outputs.len()).collect());
        }
        let mut places = Vec::new();
        for name in asked {
            let fault = |reason: String| InvalidRequest::new(name, reason);
            let place = self.outputs.iter().position(|port| port.name == name).ok_or_else(|| {
                let known: Vec<&str> = self.outputs.iter().map(|port| port.name).collect();
                fault(format!("'{}' has no such output; it has {}", self.name, known.join(", ")))
            })?;
            if places.contains(&place) {
                return Err(fault("this output is asked for twice".to_owned()));
            }
            places.push(place);
        }
        Ok(places)
    }
}
