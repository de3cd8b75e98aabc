//! What an evaluation costs: the arithmetic of its convolutions and matrix products.

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use serde::Deserialize;
use smld::score::ModelInfo;
use smld::score::onnx::Runtime;
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

/// A node that has run, as onnxruntime's profile tells of it.
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
    let folder = tempfile::tempdir()?;
    let mut session = open(runtime, file, &folder.path().join("profile"))?;
    let shape: Vec<usize> = std::iter::once(1).chain(info.shape.iter().copied()).collect();
    let (x, sigma, label) = (vec![0.0_f32; info.dim()], [info.sigma_max as f32], [-1_i64]);
    let x = TensorRef::from_array_view((&shape[..], &x[..]))?;
    let sigma = TensorRef::from_array_view(([1], &sigma[..]))?;
    let label = TensorRef::from_array_view(([1], &label[..]))?;
    if info.labels.is_empty() {
        session.run(ort::inputs!["x" => x, "sigma" => sigma])?;
    } else {
        session.run(ort::inputs!["x" => x, "sigma" => sigma, "label" => label])?;
    }
    let events: Vec<Event> = serde_json::from_slice(&std::fs::read(session.end_profiling()?)?)?;
    Ok(events.iter().map(|event| event.args.flops()).sum())
}

/// A session of the graph as written, that tells what it does.
fn open(runtime: &Runtime, file: &[u8], profile: &Path) -> ort::Result<Session> {
    Session::builder(runtime.environment())?
        .with_optimization_level(GraphOptimizationLevel::Disable)?
        .with_intra_threads(1)?
        .with_profiling(profile)?
        .commit_from_memory(file)
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
