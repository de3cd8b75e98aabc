//! Score networks in ONNX files, run by onnxruntime.
//!
//! [`Runtime`] is the library, [`OnnxScore`] a file that keeps the [`Contract`], and a session of it is owned by one thread.

mod contract;
mod features;
mod mixture;
mod provider;
mod runtime;
mod session;
mod signature;

pub use contract::{Contract, ContractFault, Output, score_sha256, with_sampler};
pub use features::{FeatureContract, FeatureError, FeatureNetwork, Features};
pub use mixture::mixture_file;
pub use provider::{Provider, ProviderError, UnknownProvider};
pub use runtime::{Runtime, RuntimeError};
pub use signature::SignatureFault;

use super::identity::sha256;
use super::idle::Idle;
use super::{Kind, ModelInfo, ScoreError, ScoreModel, ScoreSession};
use ort::ErrorCode;
use ort::session::Session;
use session::{OnnxSession, OpenError, open};
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
    /// The session that the file was checked with, for who opens the first.
    checked: Arc<Idle>,
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
    /// The bytes are something else, or damaged.
    #[error("it is not an ONNX file, or is not whole ({0}); copy or export it again")]
    NotOnnx(String),
    /// onnxruntime cannot run the graph.
    #[error("onnxruntime cannot run the graph ({0}); export it with opset 17 to 22 and ONNX's own operators")]
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
        let session = open(runtime, &file, Provider::Cpu, 1)?;
        let (contract, shape) = inspect(&session)?;
        let provider = match available(runtime, &file, provider) {
            Err(_) if allow_cpu_fallback => Provider::Cpu,
            tried => tried?,
        };
        let info = ModelInfo {
            kind: Kind::Network,
            shape,
            sampler: contract.default_sampler(),
            name: contract.name,
            range: contract.range,
            sigma_min: contract.sigma_min,
            sigma_max: contract.sigma_max,
            labels: contract.labels,
            sha256: sha256(&file),
            provider: provider.name().to_owned(),
            training: contract.training,
        };
        info.sampler.resolve(None, info.sigma_range()).map_err(ContractFault::from)?;
        let (info, output, checked) = (Arc::new(info), contract.output, Idle::default());
        if provider == Provider::Cpu {
            checked.keep(1, Box::new(OnnxSession::new(session, Arc::clone(&info), output)));
        }
        Ok(Self { runtime: runtime.clone(), file, info, output, provider, checked: checked.into() })
    }
}

impl ScoreModel for OnnxScore {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        if let Some(session) = self.checked.take(threads) {
            return Ok(session);
        }
        let session = open(&self.runtime, &self.file, self.provider, threads)
            .map_err(|error| ScoreError { model: self.info.name.clone(), reason: error.to_string() })?;
        Ok(Box::new(OnnxSession::new(session, Arc::clone(&self.info), self.output)))
    }
}

impl From<OpenError> for LoadFault {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Provider(error) => Self::Provider(error),
            OpenError::Runtime(error) => match error.code() {
                // The second is what a file without a graph gets, as an empty one.
                ErrorCode::InvalidProtobuf | ErrorCode::InvalidArgument => Self::NotOnnx(error.to_string()),
                _ => Self::Graph(error.to_string()),
            },
        }
    }
}

/// `provider`, once a session of it has opened.
fn available(runtime: &Runtime, file: &[u8], provider: Provider) -> Result<Provider, ProviderError> {
    let Provider::Cuda { device } = provider else { return Ok(provider) };
    match open(runtime, file, provider, 1) {
        Ok(_) => Ok(provider),
        Err(OpenError::Provider(error)) => Err(error),
        Err(OpenError::Runtime(error)) => Err(ProviderError::Unavailable { device, reason: error.to_string() }),
    }
}

/// The contract of an opened file and the shape of one sample.
fn inspect(session: &Session) -> Result<(Contract, Vec<usize>), LoadFault> {
    let metadata = session.metadata().map_err(OpenError::from)?;
    let contract = Contract::from_metadata(|key| metadata.custom(key))?;
    let shape = signature::check(session.inputs(), session.outputs(), !contract.labels.is_empty())?;
    Ok((contract, shape))
}
