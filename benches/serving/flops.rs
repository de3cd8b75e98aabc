//! What an evaluation costs: the arithmetic of its convolutions and matrix products.

use crate::profile;
use ort::session::builder::GraphOptimizationLevel;
use serde::Deserialize;
use smld::score::ModelInfo;
use smld::score::onnx::Runtime;
use std::collections::HashMap;
use std::error::Error;

/// A node that has run.
#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    args: Arguments,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments {
    op_name: String,
    input_type_shape: Vec<Tensor>,
    output_type_shape: Vec<Tensor>,
}

/// Its only key is the type of the elements, its value the shape.
type Tensor = HashMap<String, Vec<u64>>;

/// Floating-point operations of one row through the network in `file`, which `info` describes: two for each multiplication
/// and addition of its convolutions and matrix products; norms, activations and other elementwise work are not counted.
///
/// The shapes are those that onnxruntime finds when it runs the graph as written, without optimisations, which would fuse
/// nodes and pad channels.
///
/// # Errors
/// Where onnxruntime cannot run the file or its profile has another form.
pub(crate) fn of_one_row(
    runtime: &Runtime,
    file: &[u8],
    info: &ModelInfo,
) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let events: Vec<Event> = profile::of(runtime, file, info, GraphOptimizationLevel::Disable, [1, 1])?;
    Ok(events.iter().map(|event| event.args.flops()).sum())
}

impl Arguments {
    fn flops(&self) -> u64 {
        let shape = |tensors: &[Tensor], place: usize| -> Vec<u64> {
            tensors.get(place).and_then(|tensor| tensor.values().next().cloned()).unwrap_or_default()
        };
        let input = |place| shape(&self.input_type_shape, place);
        let elements: u64 = shape(&self.output_type_shape, 0).iter().product();
        // How many products are summed up into one element of the output.
        let terms = match self.op_name.as_str() {
            // A kernel is [channels out, channels in of one group, height, width].
            "Conv" => input(1).iter().skip(1).product(),
            "MatMul" => input(0).last().copied().unwrap_or(0),
            // The output is [rows, columns], and the first factor has a row for each, whichever way it lies.
            "Gemm" => input(0).iter().product::<u64>() / shape(&self.output_type_shape, 0)[..1].iter().product::<u64>(),
            _ => 0,
        };
        2 * elements * terms
    }
}
