//! `NAME.density.json`: a density described in a file.

use super::{
    Banana, Checkerboard, Component, Density, DensityModel, Funnel, Gaussian, GaussianMixture, InvalidDensity, Kernel,
    Ring, invalid, swiss_roll, two_moons,
};
use crate::sampler::{InvalidSampler, SamplerSpec};
use crate::score::identity::{is_name, sha256};
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the names of such files end with.
pub const SUFFIX: &str = ".density.json";

/// A file that describes no density, and why.
#[derive(Debug, thiserror::Error)]
#[error("the density '{}' cannot be served: {fault}", path.display())]
pub struct DensityFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: DensityFault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum DensityFault {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file's name is not a model's.
    #[error("its name must be NAME.density.json with NAME of a-z, 0-9 and -, as two-modes.density.json; rename it")]
    Name,
    /// The bytes are something else.
    #[error("it is not JSON ({0}); write it as {{\"density\": \"gaussian\", \"mean\": [0, 0], \"variance\": 1}}")]
    NotJson(String),
    /// A kind or a key that there is not, a key that is missing, or a value of the wrong type.
    #[error("{0}; docs/DENSITIES.md has the kinds and their keys")]
    Keys(String),
    /// A parameter that cannot be.
    #[error(transparent)]
    Parameter(#[from] InvalidDensity),
    /// A scale that chains cannot have.
    #[error(
        "it reaches {reach:e} from the origin, beyond what float32 holds, in which chains are; choose another unit"
    )]
    Scale {
        /// The distance within which nearly everything lies.
        reach: f64,
    },
    /// The sampler does not fit the noise levels.
    #[error("sampler.{0}")]
    Sampler(#[from] InvalidSampler),
}

#[derive(Deserialize)]
#[serde(expecting = "an object with the key density")]
struct File {
    sampler: Option<SamplerSpec>,
    #[serde(flatten)]
    kind: Kind,
}

/// The kinds, with the parameters of their constructors.
#[derive(Deserialize)]
#[serde(tag = "density", rename_all = "snake_case", deny_unknown_fields, expecting = "an object with the key density")]
enum Kind {
    Gaussian { mean: Vec<f64>, variance: Option<f64>, covariance: Option<Vec<Vec<f64>>> },
    GaussianMixture { components: Vec<Component> },
    Kernel { points: Vec<Vec<f64>>, bandwidth: f64 },
    Ring { radius: f64, variance: f64 },
    TwoMoons { noise: f64 },
    SwissRoll { noise: f64 },
    Checkerboard { cells: u32, side: f64 },
    Funnel { dim: usize, deviation: f64 },
    Banana { bend: f64, variance: f64 },
}

impl Kind {
    fn density(self) -> Result<Arc<dyn Density>, InvalidDensity> {
        Ok(match self {
            Self::Gaussian { mean, variance: Some(variance), covariance: None } => {
                Arc::new(Gaussian::isotropic(mean, variance)?)
            }
            Self::Gaussian { mean, variance: None, covariance: Some(rows) } => Arc::new(Gaussian::new(mean, &rows)?),
            Self::Gaussian { .. } => {
                return invalid(
                    "variance",
                    "give either variance, one number, or covariance, one row for each dimension",
                );
            }
            Self::GaussianMixture { components } => Arc::new(GaussianMixture::new(components)?),
            Self::Kernel { points, bandwidth } => Arc::new(Kernel::new(&points, bandwidth)?),
            Self::Ring { radius, variance } => Arc::new(Ring::new(radius, variance)?),
            Self::TwoMoons { noise } => Arc::new(two_moons(noise)?),
            Self::SwissRoll { noise } => Arc::new(swiss_roll(noise)?),
            Self::Checkerboard { cells, side } => Arc::new(Checkerboard::new(cells, side)?),
            Self::Funnel { dim, deviation } => Arc::new(Funnel::new(dim, deviation)?),
            Self::Banana { bend, variance } => Arc::new(Banana::new(bend, variance)?),
        })
    }
}

impl DensityModel {
    /// Reads the density that the file at `path` describes. The model has the file's name before `.density.json`.
    ///
    /// # Errors
    /// [`DensityFileError`] with the first fault of the file.
    pub fn load(path: &Path) -> Result<Self, DensityFileError> {
        let read = || {
            let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
            let name = file.strip_suffix(SUFFIX).unwrap_or_default();
            Self::from_bytes(name, &std::fs::read(path)?)
        };
        read().map_err(|fault| DensityFileError { path: path.to_owned(), fault })
    }

    /// As [`load`](Self::load), from the bytes of a file; the model is called `name`.
    ///
    /// # Errors
    /// The first fault.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, DensityFault> {
        if !is_name(name) {
            return Err(DensityFault::Name);
        }
        let File { sampler, kind } = serde_json::from_slice(bytes).map_err(|error| match error.is_data() {
            true => DensityFault::Keys(error.to_string()),
            false => DensityFault::NotJson(error.to_string()),
        })?;
        let density = kind.density()?;
        let reach = density.reach();
        if !(reach as f32).is_normal() {
            return Err(DensityFault::Scale { reach });
        }
        let mut model = Self::new(name, density);
        model.info.sha256 = sha256(bytes);
        if let Some(sampler) = sampler {
            model.info.sampler = sampler;
        }
        model.info.sampler.resolve(None, model.info.sigma_range())?;
        Ok(model)
    }
}
