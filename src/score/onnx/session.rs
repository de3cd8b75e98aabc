//! One onnxruntime session: opened with the settings that were measured best, and fed with views of the caller's rows.

use super::{Output, Provider, ProviderError, Runtime};
use crate::score::{ModelInfo, Rows, ScoreError, ScoreSession};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;
use std::sync::Arc;

/// How long threads that have nothing to do spin.
const SPIN_MICROSECONDS: &str = "200";

/// Opens a session of `threads` threads on a file's bytes. The free axes that `fixed` names have the size beside their name.
pub(super) fn open(
    runtime: &Runtime,
    file: &[u8],
    provider: Provider,
    threads: usize,
    fixed: &[(&str, usize)],
) -> Result<Session, OpenError> {
    let mut builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        // Threads spin for their next part, or every operator would have to wake them: a lone row took three quarters of the time on
        // two threads. They go on for a moment after a run, for the next step of a chain follows at once, and a processor that
        // falls asleep between the two wakes slowly; then they sleep, or they would take it from the other sessions.
        .with_intra_op_spinning(true)?
        .with_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)?
        .with_memory_pattern(true)?;
    for &(axis, size) in fixed {
        builder = builder.with_dimension_override(axis, size as i64)?;
    }
    Ok(provider.register(runtime, builder, threads)?.commit_from_memory(file)?)
}

/// A session that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Runtime(#[from] ort::Error),
}

impl From<ort::Error<SessionBuilder>> for OpenError {
    fn from(error: ort::Error<SessionBuilder>) -> Self {
        Self::Runtime(error.into())
    }
}

/// A session and the shape of its last x, [rows, …shape].
pub(super) struct OnnxSession {
    session: Session,
    shape: Vec<usize>,
    info: Arc<ModelInfo>,
    output: Output,
}

impl ScoreSession for OnnxSession {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        self.run(rows, score)
            .map_err(|error| ScoreError { model: self.info.name.clone(), reason: error.to_string() })?;
        let dim = self.info.dim();
        let by_row = score.chunks_mut(dim).zip(rows.x.chunks(dim)).zip(rows.sigma);
        match self.output {
            Output::Score => {}
            Output::Denoised => {
                for ((score, x), sigma) in by_row {
                    score.iter_mut().zip(x).for_each(|(s, x)| *s = (*s - x) / (sigma * sigma));
                }
            }
            Output::Epsilon => {
                for ((score, _), sigma) in by_row {
                    score.iter_mut().for_each(|s| *s /= -sigma);
                }
            }
        }
        Ok(())
    }
}

impl OnnxSession {
    /// A session at work on the model of `info`, whose graph gives `output`.
    pub(super) fn new(session: Session, info: Arc<ModelInfo>, output: Output) -> Self {
        let shape = std::iter::once(0).chain(info.shape.iter().copied()).collect();
        Self { session, shape, info, output }
    }

    /// Runs the graph on views of `rows` and copies what it gives to `output`.
    fn run(&mut self, rows: Rows<'_>, output: &mut [f32]) -> ort::Result<()> {
        self.shape[0] = rows.count();
        let x = TensorRef::from_array_view((&self.shape[..], rows.x))?;
        let sigma = TensorRef::from_array_view(([rows.count()], rows.sigma))?;
        let outputs = if self.info.labels.is_empty() {
            self.session.run(ort::inputs!["x" => x, "sigma" => sigma])?
        } else {
            let label = TensorRef::from_array_view(([rows.count()], rows.label))?;
            self.session.run(ort::inputs!["x" => x, "sigma" => sigma, "label" => label])?
        };
        let (shape, data) = outputs["score"].try_extract_tensor::<f32>()?;
        if data.len() != output.len() {
            return Err(ort::Error::new(format!("{} rows gave a score of shape {shape}", rows.count())));
        }
        output.copy_from_slice(data);
        Ok(())
    }
}
