//! Score networks in ONNX files, run by onnxruntime.
//!
//! [`Runtime`] is the library, [`OnnxScore`] a file that keeps the [`Contract`], and a session of it is owned by one thread.

mod contract;
mod mixture;
mod provider;
mod runtime;
mod signature;

pub use contract::{Contract, ContractFault, Output};
pub use mixture::mixture_file;
pub use provider::{Provider, ProviderError, UnknownProvider};
pub use runtime::{Runtime, RuntimeError};
pub use signature::SignatureFault;

use super::{Kind, ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A score network: a file that keeps the contract, held in memory. Cloning shares it.
#[derive(Clone, Debug)]
pub struct OnnxScore {
    runtime: Runtime,
    file: Arc<[u8]>,
    info: Arc<ModelInfo>,
    output: Output,
    provider: Provider,
}

/// A file that cannot be served, and why.
#[derive(Debug, thiserror::Error)]
#[error("the model '{}' cannot be served: {fault}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: LoadFault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The bytes are not a graph that onnxruntime understands.
    #[error("onnxruntime does not take it for an ONNX file of a version it knows: {0}")]
    Graph(String),
    /// Its metadata break the contract.
    #[error(transparent)]
    Contract(#[from] ContractFault),
    /// Its inputs or outputs break the contract.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// What should run it cannot be had.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl OnnxScore {
    /// Reads the file at `path` and checks it against the contract, to be run by `provider`; with `allow_cpu_fallback` by
    /// the CPU where that cannot be had, which [`ModelInfo::provider`] then says.
    ///
    /// # Errors
    /// [`LoadError`] with the first fault of the file, or of the provider.
    pub fn load(
        runtime: &Runtime,
        path: &Path,
        provider: Provider,
        allow_cpu_fallback: bool,
    ) -> Result<Self, LoadError> {
        let fault = |fault| LoadError { path: path.to_owned(), fault };
        let file = std::fs::read(path).map_err(|error| fault(error.into()))?;
        Self::from_bytes(runtime, file, provider, allow_cpu_fallback).map_err(fault)
    }

    /// As [`load`](Self::load), from the bytes of a file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(
        runtime: &Runtime,
        file: impl Into<Arc<[u8]>>,
        provider: Provider,
        allow_cpu_fallback: bool,
    ) -> Result<Self, LoadFault> {
        let file = file.into();
        // On the CPU first: what fails here is the file's fault, what fails afterwards the provider's.
        let session = open(runtime, &file, Provider::Cpu, 1).map_err(|error| LoadFault::Graph(error.to_string()))?;
        let (contract, shape) = inspect(&session)?;
        drop(session);
        let provider = match available(runtime, &file, provider) {
            Err(_) if allow_cpu_fallback => Provider::Cpu,
            tried => tried?,
        };
        let sha256 = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        let info = ModelInfo {
            kind: Kind::Network,
            shape,
            sampler: contract.default_sampler(),
            name: contract.name,
            range: contract.range,
            sigma_min: contract.sigma_min,
            sigma_max: contract.sigma_max,
            labels: contract.labels,
            sha256,
            provider: provider.name().to_owned(),
            training: contract.training,
        };
        info.sampler.resolve(None, info.sigma_range()).map_err(ContractFault::from)?;
        Ok(Self { runtime: runtime.clone(), file, info: info.into(), output: contract.output, provider })
    }
}

impl ScoreModel for OnnxScore {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        let session = open(&self.runtime, &self.file, self.provider, threads)
            .map_err(|error| ScoreError { model: self.info.name.clone(), reason: error.to_string() })?;
        let shape = std::iter::once(0).chain(self.info.shape.iter().copied()).collect();
        Ok(Box::new(OnnxSession { session, shape, info: Arc::clone(&self.info), output: self.output }))
    }
}

/// A session and the shape of its last x, [rows, …shape].
struct OnnxSession {
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

/// A session of `threads` threads.
fn open(runtime: &Runtime, file: &[u8], provider: Provider, threads: usize) -> Result<Session, OpenError> {
    let builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        .with_memory_pattern(true)?;
    Ok(provider.register(builder)?.commit_from_memory(file)?)
}

/// A session that cannot be opened.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("{0}")]
    Runtime(String),
}

impl<R> From<ort::Error<R>> for OpenError {
    fn from(error: ort::Error<R>) -> Self {
        Self::Runtime(error.to_string())
    }
}

/// `provider`, once a session of it has opened.
fn available(runtime: &Runtime, file: &[u8], provider: Provider) -> Result<Provider, ProviderError> {
    let Provider::Cuda { device } = provider else { return Ok(provider) };
    match open(runtime, file, provider, 1) {
        Ok(_) => Ok(provider),
        Err(OpenError::Provider(error)) => Err(error),
        Err(OpenError::Runtime(reason)) => Err(ProviderError::Unavailable { device, reason }),
    }
}

/// The contract of an opened file and the shape of one sample.
fn inspect(session: &Session) -> Result<(Contract, Vec<usize>), LoadFault> {
    let metadata = session.metadata().map_err(|error| LoadFault::Graph(error.to_string()))?;
    let contract = Contract::from_metadata(|key| metadata.custom(key))?;
    let shape = signature::check(session.inputs(), session.outputs(), !contract.labels.is_empty())?;
    Ok((contract, shape))
}
