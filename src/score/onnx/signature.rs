//! The inputs and outputs of a score network, compared with the contract.

use ort::value::{Outlet, TensorElementType, ValueType};

/// Of one sample: 256 MiB, of which a step has many times as much.
const MOST_NUMBERS: usize = 1 << 26;

/// Inputs or outputs that break the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// An input or output that every network has is not there.
    #[error("the {kind} '{name}' is missing (the graph has {found}); rename the graph's own, or export it again")]
    Missing {
        /// `input` or `output`.
        kind: &'static str,
        /// The name.
        name: &'static str,
        /// The names that there are.
        found: String,
    },
    /// An input that nobody would fill.
    #[error("the input '{0}' is not one of x, sigma and label; make it a constant of the graph")]
    Unknown(String),
    /// The elements have another type.
    #[error("'{name}' holds {found}; it must be a tensor of {wanted}: add a Cast inside the graph")]
    Type {
        /// The input or output.
        name: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        wanted: TensorElementType,
    },
    /// The wrong number of axes.
    #[error("'{name}' has the shape {found}; it must be {wanted}")]
    Rank {
        /// The input or output.
        name: &'static str,
        /// Its shape.
        found: String,
        /// The shapes it may have.
        wanted: &'static str,
    },
    /// The first axis has a size.
    #[error("the first axis of '{name}' is fixed at {size}; export the graph with a free batch axis")]
    FixedBatch {
        /// The input or output.
        name: &'static str,
        /// Its size.
        size: i64,
    },
    /// Another axis has none.
    #[error("'{name}' has the shape {found}; only the first axis may be free: export the graph with the others fixed")]
    FreeAxis {
        /// The input or output.
        name: &'static str,
        /// Its shape.
        found: String,
    },
    /// x and score differ in shape.
    #[error("'score' has the shape {score} and 'x' has {x}; they must be the same")]
    ScoreShape {
        /// The shape of x.
        x: String,
        /// The shape of score.
        score: String,
    },
    /// An input for classes without names.
    #[error("there is an input 'label', but the metadata key 'smld.labels' is missing; add the names of the classes")]
    NoNames,
    /// A feature network that tells apart other classes than it names.
    #[error(
        "'logits' has {logits} columns, and the metadata key 'smld.labels' names {classes} classes; they must be as many"
    )]
    Classes {
        /// The columns of logits.
        logits: usize,
        /// The names.
        classes: usize,
    },
    /// A sample of more numbers than a machine has room for.
    #[error(
        "'x' has the shape {found}; a sample has at most {MOST_NUMBERS} numbers: export the graph for smaller ones"
    )]
    TooLarge {
        /// The shape of x.
        found: String,
    },
    /// Names of classes without an input.
    #[error(
        "the metadata key 'smld.labels' names classes, but there is no input 'label'; take the key away or add the input"
    )]
    NoLabel,
}

/// Checks a network's inputs and outputs; `labelled` where its metadata name classes. The shape of one sample.
pub(super) fn check(inputs: &[Outlet], outputs: &[Outlet], labelled: bool) -> Result<Vec<usize>, SignatureFault> {
    let x = find("input", "x", inputs)?;
    let sigma = find("input", "sigma", inputs)?;
    let score = find("output", "score", outputs)?;
    if let Some(input) = inputs.iter().find(|input| !["x", "sigma", "label"].contains(&input.name())) {
        return Err(SignatureFault::Unknown(input.name().to_owned()));
    }
    match find("input", "label", inputs) {
        Ok(_) if !labelled => return Err(SignatureFault::NoNames),
        Err(_) if labelled => return Err(SignatureFault::NoLabel),
        Ok(label) => vector("label", TensorElementType::Int64, label)?,
        Err(_) => {}
    }
    vector("sigma", TensorElementType::Float32, sigma)?;
    let x = axes("x", TensorElementType::Float32, x)?;
    if !matches!(x.len(), 2 | 4) {
        let wanted = "[batch, C, H, W] for images or [batch, D] for points";
        return Err(SignatureFault::Rank { name: "x", found: text(x), wanted });
    }
    free_batch("x", x)?;
    let score = axes("score", TensorElementType::Float32, score)?;
    if score.len() != x.len() {
        return Err(SignatureFault::ScoreShape { x: text(x), score: text(score) });
    }
    free_batch("score", score)?;
    for (name, shape) in [("x", x), ("score", score)] {
        if shape[1..].iter().any(|&size| size < 1) {
            return Err(SignatureFault::FreeAxis { name, found: text(shape) });
        }
    }
    if x != score {
        return Err(SignatureFault::ScoreShape { x: text(x), score: text(score) });
    }
    let shape: Vec<usize> = x[1..].iter().map(|&size| size as usize).collect();
    let numbers = shape.iter().try_fold(1_usize, |numbers, &size| numbers.checked_mul(size));
    if numbers.is_none_or(|numbers| numbers > MOST_NUMBERS) {
        return Err(SignatureFault::TooLarge { found: text(x) });
    }
    Ok(shape)
}

/// The names of the first axes of a network's inputs, each once; empty where an axis has no name.
pub(super) fn first_axes(inputs: &[Outlet]) -> Vec<String> {
    let name = |input: &Outlet| match input.dtype() {
        ValueType::Tensor { dimension_symbols, .. } => dimension_symbols.first().cloned(),
        _ => None,
    };
    let mut names: Vec<String> = inputs.iter().filter_map(name).collect();
    names.sort();
    names.dedup();
    names
}

pub(super) fn find<'a>(
    kind: &'static str,
    name: &'static str,
    outlets: &'a [Outlet],
) -> Result<&'a Outlet, SignatureFault> {
    outlets.iter().find(|outlet| outlet.name() == name).ok_or_else(|| {
        let names: Vec<&str> = outlets.iter().map(Outlet::name).collect();
        SignatureFault::Missing { kind, name, found: names.join(", ") }
    })
}

/// The sizes of the axes of a tensor of `wanted`; −1 is a free one.
pub(super) fn axes<'a>(
    name: &'static str,
    wanted: TensorElementType,
    outlet: &'a Outlet,
) -> Result<&'a [i64], SignatureFault> {
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } if *ty == wanted => Ok(shape),
        ValueType::Tensor { ty, .. } => Err(SignatureFault::Type { name, found: ty.to_string(), wanted }),
        other => Err(SignatureFault::Type { name, found: other.to_string(), wanted }),
    }
}

/// A tensor `[batch]`.
fn vector(name: &'static str, element: TensorElementType, outlet: &Outlet) -> Result<(), SignatureFault> {
    let shape = axes(name, element, outlet)?;
    match shape.len() {
        1 => free_batch(name, shape),
        _ => Err(SignatureFault::Rank { name, found: text(shape), wanted: "[batch]" }),
    }
}

pub(super) fn free_batch(name: &'static str, shape: &[i64]) -> Result<(), SignatureFault> {
    match shape[0] {
        -1 => Ok(()),
        size => Err(SignatureFault::FixedBatch { name, size }),
    }
}

pub(super) fn text(shape: &[i64]) -> String {
    let axis = |&size: &i64| if size < 0 { "?".to_owned() } else { size.to_string() };
    format!("[{}]", shape.iter().map(axis).collect::<Vec<_>>().join(", "))
}
