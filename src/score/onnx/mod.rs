//! Score networks in ONNX files, run by onnxruntime.
//!
//! [`Runtime`] is the library, [`OnnxScore`] a file that keeps the [`Contract`], and a session of it is owned by one thread.

mod contract;
mod features;
mod openvino;
mod provider;
mod runtime;
mod session;
mod signature;

pub use contract::{Contract, ContractFault, Output, score_sha256, with_sampler};
pub use features::{FeatureContract, FeatureError, FeatureNetwork, Features};
pub use provider::{Precision, Provider, ProviderError, UnknownProvider};
pub use runtime::{Runtime, RuntimeError};
pub use signature::SignatureFault;

use super::identity::sha256;
use super::idle::Idle;
use super::padded::Padded;
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
    /// The names of its inputs' first axes, each once; an axis without a name has an empty one.
    axes: Arc<[String]>,
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
    /// Its weights are in other files, which do not come with it.
    #[error(
        "its weights lie in a file beside it (external data); put them into it: onnx.save(onnx.load('model.onnx'), 'whole.onnx')"
    )]
    ExternalData,
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
        let session = open(runtime, &file, Provider::Cpu, 1, &[])?;
        let (contract, shape) = inspect(&session)?;
        let axes = signature::first_axes(session.inputs()).into();
        // Classes of which nothing is told come equally often.
        let label_weights = match contract.label_weights.is_empty() {
            true => vec![1.0; contract.labels.len()],
            false => contract.label_weights.clone(),
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
            label_weights,
            sha256: sha256(&file),
            provider: Provider::Cpu.name().to_owned(),
            training: contract.training,
        };
        info.sampler.resolve(None, info.sigma_range()).map_err(ContractFault::from)?;
        let (runtime, info, output, checked) = (runtime.clone(), Arc::new(info), contract.output, Idle::default());
        checked.keep(1, Box::new(OnnxSession::new(session, Arc::clone(&info), output)));
        let on_cpu = Self { runtime, file, info, output, provider: Provider::Cpu, axes, checked: checked.into() };
        if provider == Provider::Cpu {
            return Ok(on_cpu);
        }
        match on_cpu.on(provider) {
            Err(_) if allow_cpu_fallback => Ok(on_cpu),
            tried => Ok(tried?),
        }
    }

    /// The same network on `provider`, of which a session is open.
    fn on(&self, provider: Provider) -> Result<Self, ProviderError> {
        let info = Arc::new(ModelInfo { provider: provider.name().to_owned(), ..ModelInfo::clone(&self.info) });
        let model = Self { provider, info, checked: Arc::default(), ..self.clone() };
        let session = model.worker(1).map_err(|error| provider.refusal(error))?;
        model.checked.keep(1, session);
        Ok(model)
    }

    /// What a worker of `threads` threads needs: a session, or one for each number of rows that the provider runs.
    fn worker(&self, threads: usize) -> Result<Box<dyn ScoreSession>, OpenError> {
        let session = |fixed: &[(&str, usize)]| -> Result<Box<dyn ScoreSession>, OpenError> {
            let session = open(&self.runtime, &self.file, self.provider, threads, fixed)?;
            Ok(Box::new(OnnxSession::new(session, Arc::clone(&self.info), self.output)))
        };
        let sizes = self.provider.sizes(threads);
        if sizes.is_empty() {
            return session(&[]);
        }
        if self.axes.iter().any(String::is_empty) {
            return Err(ProviderError::NamelessAxis.into());
        }
        let of_size = |&rows: &usize| {
            let fixed: Vec<(&str, usize)> = self.axes.iter().map(|axis| (axis.as_str(), rows)).collect();
            Ok((rows, session(&fixed)?))
        };
        Ok(Box::new(Padded::new(sizes.iter().map(of_size).collect::<Result<_, OpenError>>()?)))
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
        self.worker(threads).map_err(|error| ScoreError { model: self.info.name.clone(), reason: error.to_string() })
    }
}

impl From<OpenError> for LoadFault {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Provider(error) => Self::Provider(error),
            // It looks for them beside a file, and is given bytes.
            OpenError::Runtime(error) if error.to_string().to_lowercase().contains("external data") => {
                Self::ExternalData
            }
            OpenError::Runtime(error) => match error.code() {
                // The second is what a file without a graph gets, as an empty one.
                ErrorCode::InvalidProtobuf | ErrorCode::InvalidArgument => Self::NotOnnx(error.to_string()),
                _ => Self::Graph(error.to_string()),
            },
        }
    }
}

/// The contract of an opened file and the shape of one sample.
fn inspect(session: &Session) -> Result<(Contract, Vec<usize>), LoadFault> {
    let metadata = session.metadata().map_err(OpenError::from)?;
    let contract = Contract::from_metadata(|key| metadata.custom(key))?;
    let shape = signature::check(session.inputs(), session.outputs(), !contract.labels.is_empty())?;
    Ok((contract, shape))
}
