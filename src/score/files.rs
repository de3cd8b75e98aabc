//! Model files: which there are, and what loads them.

use super::ScoreModel;
use super::density::{DensityFileError, DensityModel, SUFFIX};
use super::onnx::{LoadError, OnnxScore, Provider, Runtime, RuntimeError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that gives no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// Nothing is there, or nothing that can be read.
    #[error("--models: {} is neither a file nor a folder to read: {source}", path.display())]
    Nowhere {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a network, and nothing to run it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The network cannot be served.
    #[error(transparent)]
    Network(#[from] LoadError),
    /// The density cannot be served.
    #[error(transparent)]
    Density(#[from] DensityFileError),
}

/// The model files that `paths` name: a folder stands for its `.onnx` and `.density.json` files.
///
/// # Errors
/// Where a path is neither a file nor a folder that can be read.
pub fn model_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ModelFileError> {
    let mut files = Vec::new();
    for path in paths {
        let fault = |source| ModelFileError::Nowhere { path: path.clone(), source };
        if path.is_file() {
            files.push(path.clone());
            continue;
        }
        for entry in path.read_dir().map_err(fault)? {
            let file = entry.map_err(fault)?.path();
            if is_density(&file) || file.extension().is_some_and(|end| end == "onnx") {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn is_density(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX))
}

/// Loads model files. onnxruntime is loaded with the first network: densities need none.
pub struct Loader {
    /// The onnxruntime library; none to search for it.
    onnxruntime: Option<PathBuf>,
    /// What runs the networks.
    provider: Provider,
    /// Whether the CPU does where the provider cannot be had.
    allow_cpu_fallback: bool,
}

impl Loader {
    /// A loader whose networks are run by `provider`; see [`OnnxScore::load`].
    #[must_use]
    pub fn new(onnxruntime: Option<PathBuf>, provider: Provider, allow_cpu_fallback: bool) -> Self {
        Self { onnxruntime, provider, allow_cpu_fallback }
    }

    /// The model of the file at `path`: a density where its name ends with `.density.json`, a network otherwise.
    ///
    /// # Errors
    /// [`ModelFileError`] with the file's first fault.
    pub fn load(&self, path: &Path) -> Result<Arc<dyn ScoreModel>, ModelFileError> {
        if is_density(path) {
            return Ok(Arc::new(DensityModel::load(path)?));
        }
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        Ok(Arc::new(OnnxScore::load(&runtime, path, self.provider, self.allow_cpu_fallback)?))
    }
}
