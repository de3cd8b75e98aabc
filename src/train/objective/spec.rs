//! Which objective, with its parameters.

use super::{Continuum, Distil, Dsm, DsmContinuous, DsmLadder, Esm, Ism, KernelDensity, Objective, Ssm, Trace};
use crate::score::ReadyModel;
use crate::train::data::Dataset;
use crate::train::teacher::Teacher;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tch::Device;

/// An objective as a plan names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "objective", rename_all = "kebab-case")]
pub enum ObjectiveSpec {
    /// See [`Dsm`].
    Dsm {
        /// σ.
        sigma: f64,
    },
    /// See [`DsmLadder`].
    DsmLadder {
        /// σ_L, the smallest noise level.
        sigma_min: f64,
        /// σ₁, the largest.
        sigma_max: f64,
        /// L.
        levels: u32,
    },
    /// See [`DsmContinuous`].
    DsmContinuous {
        /// The smallest noise level trained for.
        sigma_min: f64,
        /// The largest.
        sigma_max: f64,
        /// Mean of ln σ in training.
        ln_sigma_mean: f64,
        /// Deviation of ln σ in training.
        ln_sigma_deviation: f64,
    },
    /// See [`Distil`].
    Distil {
        /// As for `DsmContinuous`.
        sigma_min: f64,
        /// As for `DsmContinuous`.
        sigma_max: f64,
        /// As for `DsmContinuous`.
        ln_sigma_mean: f64,
        /// As for `DsmContinuous`.
        ln_sigma_deviation: f64,
        /// The teacher's name.
        teacher: String,
        /// SHA-256 of its file.
        teacher_sha256: String,
    },
    /// See [`Esm`].
    Esm {
        /// h, the bandwidth of the kernel density.
        sigma: f64,
    },
    /// See [`Ism`].
    Ism {
        /// σ.
        sigma: f64,
        /// How tr ∇s is had.
        trace: Trace,
    },
    /// See [`Ssm`].
    Ssm {
        /// σ.
        sigma: f64,
    },
}

impl ObjectiveSpec {
    /// The name in `--objective` and in a model's `smld.training`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dsm { .. } => "dsm",
            Self::DsmLadder { .. } => "dsm-ladder",
            Self::DsmContinuous { .. } => "dsm-continuous",
            Self::Distil { .. } => "distil",
            Self::Esm { .. } => "esm",
            Self::Ism { .. } => "ism",
            Self::Ssm { .. } => "ssm",
        }
    }

    /// The smallest noise level trained for and the largest; equal where there is one.
    #[must_use]
    pub fn levels(&self) -> [f64; 2] {
        match *self {
            Self::Dsm { sigma } | Self::Esm { sigma } | Self::Ism { sigma, .. } | Self::Ssm { sigma } => [sigma; 2],
            Self::DsmLadder { sigma_min, sigma_max, .. }
            | Self::DsmContinuous { sigma_min, sigma_max, .. }
            | Self::Distil { sigma_min, sigma_max, .. } => [sigma_min, sigma_max],
        }
    }

    /// What is minimised on `data`, whose values have standard deviation `deviation`, with rows on `device`; `teacher` is for
    /// those that learn from another model.
    ///
    /// # Errors
    /// Where a teacher is needed and there is none, or no session of it can be had.
    pub fn objective(
        &self,
        data: &Dataset,
        deviation: f64,
        device: Device,
        teacher: Option<&ReadyModel>,
    ) -> Result<Box<dyn Objective>> {
        Ok(match *self {
            Self::Dsm { sigma } => Box::new(Dsm { sigma }),
            Self::DsmLadder { sigma_min, sigma_max, levels } => Box::new(DsmLadder::new(sigma_max, sigma_min, levels)),
            Self::DsmContinuous { sigma_min, sigma_max, ln_sigma_mean, ln_sigma_deviation } => {
                Box::new(DsmContinuous(Continuum {
                    ln_sigma_mean,
                    ln_sigma_deviation,
                    sigma_min,
                    sigma_max,
                    deviation,
                }))
            }
            Self::Distil { sigma_min, sigma_max, ln_sigma_mean, ln_sigma_deviation, .. } => Box::new(Distil {
                continuum: Continuum { ln_sigma_mean, ln_sigma_deviation, sigma_min, sigma_max, deviation },
                teacher: Teacher::open(teacher.context("distillation needs a teacher")?)?,
            }),
            Self::Esm { sigma } => Box::new(Esm { density: KernelDensity::new(data, sigma, device) }),
            Self::Ism { sigma, trace } => Box::new(Ism { sigma, trace }),
            Self::Ssm { sigma } => Box::new(Ssm { sigma }),
        })
    }
}
