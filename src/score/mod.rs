//! Score models: s(x, σ) = ∇ₓ log p_σ(x), where p_σ is the data's density blurred by N(0, σ² I).
//!
//! A [`ScoreModel`] is a description and a factory; a [`ScoreSession`] evaluates and is owned by one thread. The
//! implementors are exact densities ([`density`]) and, with the feature `onnx`, networks in ONNX files ([`onnx`]).
//! [`prepare`] is the one way from a model to a [`ReadyModel`], which alone can be served; [`tune`] measures how that runs fastest; `fleet` does
//! both for all models of a server.

pub mod density;
#[cfg(feature = "onnx")]
mod files;
#[cfg(feature = "onnx")]
mod fleet;
mod identity;
mod idle;
mod info;
#[cfg(feature = "onnx")]
pub mod onnx;
mod padded;
mod probe;
mod ready;
mod trial;
mod tuning;

use density::Density;
#[cfg(feature = "onnx")]
pub use files::{Loader, ModelFileError, model_files};
#[cfg(feature = "onnx")]
pub use fleet::{FleetError, ready_models};
#[cfg(feature = "train")]
pub(crate) use identity::is_name;
pub use info::{Kind, ModelInfo, UnknownLabel};
pub use ready::{ReadyModel, Unfit, prepare, prepare_for};
pub use tuning::{MeasuredStep, Tuning, lone_layouts, tune};

/// A model whose score can be evaluated in as many sessions as there are threads.
pub trait ScoreModel: Send + Sync {
    /// What the model is.
    fn info(&self) -> &ModelInfo;

    /// Opens a session that uses `threads` threads.
    ///
    /// # Errors
    /// [`ScoreError`] where the session cannot be had.
    fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError>;

    /// The density itself, where it is known: networks know the gradient of its logarithm only.
    fn density(&self) -> Option<&dyn Density> {
        None
    }

    /// The density, where it is known at σ.
    fn density_at(&self, sigma: f64) -> Option<&dyn Density> {
        self.density().filter(|_| self.info().sigma_range().holds(sigma))
    }

    /// log p_σ(x) of x, of the model's shape, where the density is known at σ.
    fn log_density(&self, x: &[f32], sigma: f32) -> Option<f64> {
        let (x, sigma): (Vec<f64>, _) = (x.iter().copied().map(f64::from).collect(), f64::from(sigma));
        Some(self.density_at(sigma)?.log_density(&x, sigma))
    }
}

/// A model at work, owned by one thread.
pub trait ScoreSession: Send {
    /// Evaluates the score of every row of `rows` into `score`, which has the shape of `rows.x`.
    ///
    /// # Errors
    /// [`ScoreError`] where the run failed. The session may be used again, or dropped and opened anew.
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError>;
}

/// The rows of one evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// [rows, …shape], row-major, in the model's own numbers.
    pub x: &'a [f32],
    /// `[rows]`: each row's noise level.
    pub sigma: &'a [f32],
    /// `[rows]`: each row's class, −1 for none. Models without classes do not look at it.
    pub label: &'a [i64],
}

impl Rows<'_> {
    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sigma.len()
    }
}

/// A session could not be opened, or a run of it failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the score model '{model}' failed: {reason}")]
pub struct ScoreError {
    /// The model's name.
    pub model: String,
    /// What went wrong, in the runtime's words.
    pub reason: String,
}
