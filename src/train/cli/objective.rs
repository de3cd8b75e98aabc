//! The options of `fit` that choose what is minimised.

use crate::score::{Loader, ModelInfo, ReadyModel, prepare};
use crate::train::data::Dataset;
use crate::train::objective::{DsmLadder, ObjectiveSpec, Trace};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// An objective and its parameters.
#[derive(Args, Debug)]
pub(super) struct ObjectiveArgs {
    /// What is minimised.
    #[arg(long, value_enum, default_value_t)]
    objective: Name,
    /// The noise level of dsm, ism and ssm, and the bandwidth of esm: the network learns the score of the data blurred by it.
    #[arg(long)]
    sigma: Option<f64>,
    /// The smallest noise level of dsm-continuous, dsm-ladder and distil; by default 0.01 for images, and for points a
    /// hundredth of their deviation; for distil within the teacher's.
    #[arg(long)]
    sigma_min: Option<f64>,
    /// The largest: about the largest distance between two rows; by default 20 for images, and for points the diagonal of
    /// their range; for distil within the teacher's.
    #[arg(long)]
    sigma_max: Option<f64>,
    /// The number of noise levels of dsm-ladder; by default technique 2 of Song & Ermon 2020, and none more than 1.3
    /// times the next.
    #[arg(long)]
    levels: Option<u32>,
    /// The model that distil learns from: a score network (.onnx) or a known density (.density.json) of the data's shape and
    /// classes.
    #[arg(long, value_name = "MODEL")]
    teacher: Option<PathBuf>,
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
    /// The score of another model in place of the noise, over the same continuum: a small network learns from a large one.
    Distil,
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
    pub(super) fn spec(&self, data: &Dataset, deviation: f64, teacher: Option<&ModelInfo>) -> Result<ObjectiveSpec> {
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
                let [ln_sigma_mean, ln_sigma_deviation] = continuum(data, [sigma_min, sigma_max]);
                ObjectiveSpec::DsmContinuous { sigma_min, sigma_max, ln_sigma_mean, ln_sigma_deviation }
            }
            Name::Distil => {
                let teacher = teacher.context("--objective distil learns from another model: give it as --teacher")?;
                fits(teacher, data)?;
                let [low, high] = self.range(data, deviation)?;
                let sigma_min = self.sigma_min.unwrap_or(low.max(teacher.sigma_min));
                let sigma_max = self.sigma_max.unwrap_or(high.min(teacher.sigma_max));
                ensure!(
                    teacher.sigma_min <= sigma_min && sigma_min < sigma_max && sigma_max <= teacher.sigma_max,
                    "--sigma-min and --sigma-max must lie within the noise levels of the teacher, {} to {}",
                    teacher.sigma_min,
                    teacher.sigma_max
                );
                let [ln_sigma_mean, ln_sigma_deviation] = continuum(data, [sigma_min, sigma_max]);
                let (name, sha256) = (teacher.name.clone(), teacher.sha256.clone());
                ObjectiveSpec::Distil {
                    sigma_min,
                    sigma_max,
                    ln_sigma_mean,
                    ln_sigma_deviation,
                    teacher: name,
                    teacher_sha256: sha256,
                }
            }
        };
        self.refuse_the_rest(&spec)?;
        Ok(spec)
    }

    /// The teacher, ready, where one is named.
    ///
    /// # Errors
    /// Where it cannot be loaded.
    pub(super) fn teacher(&self, loader: &Loader) -> Result<Option<ReadyModel>> {
        let Some(path) = &self.teacher else { return Ok(None) };
        Ok(Some(prepare(loader.load(path)?, &[usize::try_from(tch::get_num_threads()).unwrap_or(1)])?))
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
            ObjectiveSpec::Distil { .. } => &["--sigma-min", "--sigma-max", "--teacher"],
        };
        let given = [
            ("--sigma", self.sigma.is_some()),
            ("--sigma-min", self.sigma_min.is_some()),
            ("--sigma-max", self.sigma_max.is_some()),
            ("--levels", self.levels.is_some()),
            ("--teacher", self.teacher.is_some()),
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

/// The mean and the deviation of ln σ for images, found by trying.
const OF_IMAGES: [f64; 2] = [-0.8, 1.4];
/// The largest share of draws outside the levels: such a draw becomes the nearer end, which is then learnt too often.
const OUTSIDE: f64 = 0.1;

/// The mean and the deviation of ln σ over levels `range`: those for images, unless too many draws would lie outside; otherwise, and
/// for points, such that nine in ten lie within the range, whatever its unit.
fn continuum(data: &Dataset, range: [f64; 2]) -> [f64; 2] {
    let [low, high] = range.map(libm::log);
    let [mean, deviation] = OF_IMAGES;
    let beyond = |distance: f64| 0.5 * libm::erfc(distance / (deviation * std::f64::consts::SQRT_2));
    let outside = beyond(mean - low) + beyond(high - mean);
    match data.shape() {
        [_, _, _] if outside <= OUTSIDE => OF_IMAGES,
        _ => [0.5 * (low + high), 0.3 * (high - low)],
    }
}

/// Refuses a teacher of other data.
fn fits(teacher: &ModelInfo, data: &Dataset) -> Result<()> {
    ensure!(
        teacher.shape == data.shape(),
        "the teacher's rows are of shape {:?}, the data's of {:?}; both must be of one set",
        teacher.shape,
        data.shape()
    );
    ensure!(
        !teacher.is_image() || teacher.range == data.range(),
        "the teacher's images run from {:?}, the data's from {:?}; both must be in the same numbers",
        teacher.range,
        data.range()
    );
    ensure!(
        !teacher.labels.is_empty() || data.classes().is_empty(),
        "the teacher has no classes, and the data have {}: the student would learn the same for each; give the data without \
         their labels, or as one folder of images",
        data.classes().join(", ")
    );
    ensure!(
        teacher.labels == data.classes(),
        "the teacher's classes are {}, the data's {}; both must be of one set",
        teacher.labels.join(", "),
        data.classes().join(", ")
    );
    Ok(())
}

/// `value` to two significant digits.
pub(super) fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
