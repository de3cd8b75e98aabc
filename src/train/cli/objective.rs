//! The options of `fit` that choose what is minimised.

use crate::train::data::Dataset;
use crate::train::objective::{DsmLadder, ObjectiveSpec, Trace};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

/// An objective and its parameters.
#[derive(Args, Debug)]
pub(super) struct ObjectiveArgs {
    /// What is minimised.
    #[arg(long, value_enum, default_value_t)]
    objective: Name,
    /// The noise level of dsm, ism and ssm, and the bandwidth of esm: the network learns the score of the data blurred by it.
    #[arg(long)]
    sigma: Option<f64>,
    /// The smallest noise level of dsm-continuous and dsm-ladder; by default 0.01 for images, and for points a hundredth of
    /// their deviation.
    #[arg(long)]
    sigma_min: Option<f64>,
    /// The largest: about the largest distance between two rows; by default 20 for images, and for points the diagonal of
    /// their range.
    #[arg(long)]
    sigma_max: Option<f64>,
    /// The number of noise levels of dsm-ladder; by default technique 2 of Song & Ermon 2020, and none more than 1.3
    /// times the next.
    #[arg(long)]
    levels: Option<u32>,
    /// How ism has the trace; by default exactly up to 16 dimensions.
    #[arg(long, value_enum)]
    trace: Option<Trace>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Name {
    /// Denoising score matching at one noise level (Vincent 2011).
    Dsm,
    /// Denoising score matching at a geometric ladder of noise levels (Song & Ermon 2019).
    DsmLadder,
    /// Denoising score matching over a continuum of noise levels (Karras et al. 2022).
    #[default]
    DsmContinuous,
    /// Explicit score matching against the kernel density of the data.
    Esm,
    /// Implicit score matching (Hyvärinen 2005).
    Ism,
    /// Sliced score matching (Song et al. 2019).
    Ssm,
}

/// Above so many dimensions a backward pass for each is too many.
const EXACT_TRACE: usize = 16;

impl ObjectiveArgs {
    /// The objective for `data`, whose values have standard deviation `deviation`.
    ///
    /// # Errors
    /// Options that are missing, that cannot be, or that mean nothing for the objective.
    pub(super) fn spec(&self, data: &Dataset, deviation: f64) -> Result<ObjectiveSpec> {
        let dim: usize = data.shape().iter().product();
        let spec = match self.objective {
            Name::Dsm => ObjectiveSpec::Dsm { sigma: self.sigma()? },
            Name::Esm => ObjectiveSpec::Esm { sigma: self.sigma()? },
            Name::Ssm => ObjectiveSpec::Ssm { sigma: self.sigma()? },
            Name::Ism => {
                let default = if dim <= EXACT_TRACE { Trace::Exact } else { Trace::Hutchinson };
                ObjectiveSpec::Ism { sigma: self.sigma()?, trace: self.trace.unwrap_or(default) }
            }
            Name::DsmLadder => {
                let [sigma_min, sigma_max] = self.range(data, deviation)?;
                let levels = self.levels.unwrap_or_else(|| DsmLadder::levels(sigma_max, sigma_min, dim));
                ensure!(levels > 1, "--levels must be at least 2; one level is --objective dsm");
                ObjectiveSpec::DsmLadder { sigma_min, sigma_max, levels }
            }
            Name::DsmContinuous => {
                let [sigma_min, sigma_max] = self.range(data, deviation)?;
                let [low, high] = [sigma_min, sigma_max].map(libm::log);
                // Images have been tuned; for points nine in ten levels lie within the range, whatever its unit.
                let (ln_sigma_mean, ln_sigma_deviation) = match data.shape() {
                    [_] => (0.5 * (low + high), 0.3 * (high - low)),
                    _ => (-0.8, 1.4),
                };
                ObjectiveSpec::DsmContinuous { sigma_min, sigma_max, ln_sigma_mean, ln_sigma_deviation }
            }
        };
        self.refuse_the_rest(&spec)?;
        Ok(spec)
    }

    fn sigma(&self) -> Result<f64> {
        let sigma = self.sigma.context("this --objective has one noise level: give it as --sigma")?;
        ensure!(sigma > 0.0 && sigma.is_finite(), "--sigma must be a finite number above zero, not {sigma}");
        Ok(sigma)
    }

    fn range(&self, data: &Dataset, deviation: f64) -> Result<[f64; 2]> {
        let [low, high] = data.range().map(f64::from);
        let default = match *data.shape() {
            [dim] => [0.01 * deviation, (high - low) * (dim as f64).sqrt()].map(two_digits),
            _ => [0.01, 20.0],
        };
        let [min, max] = [self.sigma_min.unwrap_or(default[0]), self.sigma_max.unwrap_or(default[1])];
        ensure!(0.0 < min && min < max && max.is_finite(), "--sigma-min must be above zero and below --sigma-max");
        Ok([min, max])
    }

    /// Refuses options that another objective has.
    fn refuse_the_rest(&self, spec: &ObjectiveSpec) -> Result<()> {
        let has: &[&str] = match spec {
            ObjectiveSpec::Dsm { .. } | ObjectiveSpec::Esm { .. } | ObjectiveSpec::Ssm { .. } => &["--sigma"],
            ObjectiveSpec::Ism { .. } => &["--sigma", "--trace"],
            ObjectiveSpec::DsmLadder { .. } => &["--sigma-min", "--sigma-max", "--levels"],
            ObjectiveSpec::DsmContinuous { .. } => &["--sigma-min", "--sigma-max"],
        };
        let given = [
            ("--sigma", self.sigma.is_some()),
            ("--sigma-min", self.sigma_min.is_some()),
            ("--sigma-max", self.sigma_max.is_some()),
            ("--levels", self.levels.is_some()),
            ("--trace", self.trace.is_some()),
        ];
        for (option, given) in given {
            ensure!(
                !given || has.contains(&option),
                "{option} means nothing for --objective {}, which has {}; leave it out",
                spec.name(),
                has.join(", ")
            );
        }
        Ok(())
    }
}

/// `value` to two significant digits.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
