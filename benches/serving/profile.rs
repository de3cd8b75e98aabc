//! What onnxruntime tells of a run, node by node.

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use serde::de::DeserializeOwned;
use smld::score::ModelInfo;
use smld::score::onnx::Runtime;
use std::error::Error;
use std::path::Path;

/// The events, one a node and phase, of `runs` runs on one thread of the network in `file`, which `info` describes, with `rows`
/// rows.
///
/// # Errors
/// Where onnxruntime cannot run the file or its profile has another form.
pub(crate) fn of<Event: DeserializeOwned>(
    runtime: &Runtime,
    file: &[u8],
    info: &ModelInfo,
    level: GraphOptimizationLevel,
    [rows, runs]: [usize; 2],
) -> Result<Vec<Event>, Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let mut session = open(runtime, file, level, &folder.path().join("profile"))?;
    let shape: Vec<usize> = std::iter::once(rows).chain(info.shape.iter().copied()).collect();
    let (x, sigma, label) = (vec![0.0_f32; rows * info.dim()], vec![info.sigma_max as f32; rows], vec![-1_i64; rows]);
    for _ in 0..runs {
        let x = TensorRef::from_array_view((&shape[..], &x[..]))?;
        let sigma = TensorRef::from_array_view(([rows], &sigma[..]))?;
        let label = TensorRef::from_array_view(([rows], &label[..]))?;
        if info.labels.is_empty() {
            session.run(ort::inputs!["x" => x, "sigma" => sigma])?;
        } else {
            session.run(ort::inputs!["x" => x, "sigma" => sigma, "label" => label])?;
        }
    }
    Ok(serde_json::from_slice(&std::fs::read(session.end_profiling()?)?)?)
}

/// A session of one thread that tells what it does.
fn open(runtime: &Runtime, file: &[u8], level: GraphOptimizationLevel, profile: &Path) -> ort::Result<Session> {
    Session::builder(runtime.environment())?
        .with_optimization_level(level)?
        .with_intra_threads(1)?
        .with_profiling(profile)?
        .commit_from_memory(file)
}
