//! onnxruntime's shared library: found, loaded once, and never by surprise.

use ort::LoadDynamicError;
use ort::environment::Environment;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The library, loaded. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Runtime {
    pub(super) environment: Environment,
    path: PathBuf,
}

/// Why there is no onnxruntime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// No library anywhere.
    #[error(
        "onnxruntime's library was not found; looked for {looked}. Run `scripts/fetch onnxruntime`, or give its path by \
         --onnxruntime or ORT_DYLIB_PATH"
    )]
    NotFound {
        /// The places, with commas.
        looked: String,
    },
    /// The path that was given leads nowhere.
    #[error("there is no onnxruntime library at '{}'; correct the path, or leave it out to search the usual places", .0.display())]
    NoSuchFile(PathBuf),
    /// The system cannot load the file.
    #[error("'{}' cannot be loaded as a shared library ({reason}); onnxruntime for this machine is wanted there", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A library of something else.
    #[error("'{}' is a shared library, but not onnxruntime: it has no OrtGetApiBase", .0.display())]
    NotOnnxruntime(PathBuf),
    /// An onnxruntime from before what is used here.
    #[error("'{}' is onnxruntime {version}; 1.{} or later is needed", path.display(), ort::MINOR_VERSION)]
    TooOld {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// A process has one onnxruntime, and it is another.
    #[error("onnxruntime is loaded from '{}' already; '{}' would need a process of its own", loaded.display(), asked.display())]
    Another {
        /// The library that is loaded.
        loaded: PathBuf,
        /// The library that was asked for.
        asked: PathBuf,
    },
    /// The library was loaded and would not start.
    #[error("onnxruntime at '{}' does not start: {reason}", path.display())]
    NotStarted {
        /// The file.
        path: PathBuf,
        /// What onnxruntime said.
        reason: String,
    },
}

/// The runtime of this process: its environment is global, so it is made once and kept.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads onnxruntime: from `path`, or from ORT_DYLIB_PATH, or else from beside the executable, from where
    /// `scripts/fetch` puts it below the working directory, or from where the system finds it. What was loaded before is
    /// given again.
    ///
    /// # Errors
    /// [`RuntimeError`]. A path that was given is used or refused; the search does not go on after it.
    pub fn load(path: Option<&Path>) -> Result<Self, RuntimeError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let path = path.map(existing).transpose()?;
        match (&*loaded, path) {
            (Some(runtime), Some(asked)) if asked != runtime.path => {
                Err(RuntimeError::Another { loaded: runtime.path.clone(), asked })
            }
            (Some(runtime), _) => Ok(runtime.clone()),
            (None, Some(path)) => Ok(loaded.insert(Self::open(path)?).clone()),
            (None, None) => Ok(loaded.insert(search()?).clone()),
        }
    }

    /// The library's file, or the name under which the system found it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// onnxruntime's own environment, for sessions with other settings than a score model's.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    fn open(path: PathBuf) -> Result<Self, RuntimeError> {
        let builder = match ort::init_from(&path) {
            Ok(builder) => builder,
            Err(LoadDynamicError::Dlopen { error, .. }) => {
                // The reason is in the source; the error itself only says that it failed.
                let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                return Err(RuntimeError::NotALibrary { path, reason });
            }
            Err(LoadDynamicError::BadVersion { version_str: version, .. }) => {
                return Err(RuntimeError::TooOld { path, version });
            }
            Err(LoadDynamicError::MissingApi { .. } | LoadDynamicError::InvalidVersionString) => {
                return Err(RuntimeError::NotOnnxruntime(path));
            }
        };
        match builder.with_name("smld").with_telemetry(false).build() {
            Ok(environment) => Ok(Self { environment, path }),
            Err(error) => Err(RuntimeError::NotStarted { path, reason: error.to_string() }),
        }
    }
}

/// The usual places. A file that is there is used or refused; only what is not there is passed over.
fn search() -> Result<Runtime, RuntimeError> {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return Runtime::open(existing(path.as_ref())?);
    }
    let library = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join(&library)));
    // The GPU's library serves the CPU too, the other way round it does not.
    let gpu = cfg!(feature = "cuda").then(|| Path::new(".deps/onnxruntime-gpu").join(&library));
    let fetched = Path::new(".deps/onnxruntime").join(&library);
    let places: Vec<PathBuf> = beside.into_iter().chain(gpu).chain([fetched]).collect();
    if let Some(file) = places.iter().find(|place| place.is_file()) {
        return Runtime::open(existing(file)?);
    }
    let names = [library.clone(), format!("{library}.1")];
    for name in &names {
        match Runtime::open(name.into()) {
            Err(RuntimeError::NotALibrary { .. }) => {}
            found => return found,
        }
    }
    let looked = places.iter().map(|place| place.display().to_string()).chain(names);
    Err(RuntimeError::NotFound { looked: looked.collect::<Vec<_>>().join(", ") })
}

/// `path` as an absolute one; onnxruntime's binding would look beside the executable for a relative one first.
fn existing(path: &Path) -> Result<PathBuf, RuntimeError> {
    path.canonicalize().ok().filter(|path| path.is_file()).ok_or_else(|| RuntimeError::NoSuchFile(path.to_owned()))
}
