//! How well a network takes noise away, level by level: what training makes small.

use super::blurred::{as_model, blurred, levels, range};
use super::frechet::short;
use crate::score::{ModelInfo, Rows, ScoreError, ScoreSession};
use crate::train::split::Subset;
use serde::Serialize;
use std::fmt;

/// The denoising loss of a network, level by level from the largest.
#[derive(Clone, Debug, Serialize)]
pub struct Denoising {
    /// How many training rows, and held-out rows: as many of each, or all.
    pub rows: [usize; 2],
    /// The losses.
    pub levels: Vec<DenoisingLevel>,
}

/// The denoising loss at one noise level.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DenoisingLevel {
    /// The noise level.
    pub sigma: f64,
    /// On training rows.
    pub training: Loss,
    /// On held-out rows. Well above the training rows', the network remembers those.
    pub held_out: Loss,
}

/// A mean over rows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Loss {
    /// E ‖x + σz + σ² s(x + σz, σ) − x‖² / (dim c²), c² = σ² s_d² / (σ² + s_d²): the loss of denoising score matching, weighted as
    /// `fit` weights it (Karras et al. 2022), σ z and x being known. 1 is the best that is done by who knows only the mean and the
    /// deviation s_d of the data's values.
    pub mean: f64,
    /// What it would differ by with other rows and other noise. Two networks see the same rows and noise: they differ by less.
    pub standard_error: f64,
}

/// The noise levels.
const LEVELS: u32 = 7;

/// Rows that are given to the network at once.
const CHUNK: usize = 64;

impl Denoising {
    /// Of the network of `info` in `session`, on [training, held-out] rows whose training values have standard deviation `deviation`
    /// in the data's own numbers, each of its class where the network knows the data's classes. `each` is called after every chunk
    /// with its number of rows.
    ///
    /// # Errors
    /// Where the session fails.
    pub fn new(
        info: &ModelInfo,
        session: &mut dyn ScoreSession,
        subsets: &[Subset<'_>; 2],
        deviation: f64,
        mut each: impl FnMut(u64),
    ) -> Result<Self, ScoreError> {
        let [low, high] = range(info);
        let deviation = deviation * f64::from(high - low);
        let mut at = |sigma: f64| -> Result<DenoisingLevel, ScoreError> {
            let unit = (sigma * deviation).powi(2) / (sigma * sigma + deviation * deviation);
            let [training, held_out] = subsets;
            let mut loss = |rows| Loss::new(info, session, rows, sigma, unit, &mut each);
            Ok(DenoisingLevel { sigma, training: loss(training)?, held_out: loss(held_out)? })
        };
        let levels = levels(info, LEVELS).into_iter().map(&mut at).collect::<Result<_, _>>()?;
        Ok(Self { rows: [subsets[0].count(), subsets[1].count()], levels })
    }

    /// How many rows are given to a network of `info` for `subsets`.
    #[must_use]
    pub fn work(info: &ModelInfo, subsets: &[Subset<'_>; 2]) -> usize {
        levels(info, LEVELS).len() * (subsets[0].count() + subsets[1].count())
    }
}

impl Loss {
    /// In units of `unit` = c².
    fn new(
        info: &ModelInfo,
        session: &mut dyn ScoreSession,
        rows: &Subset<'_>,
        sigma: f64,
        unit: f64,
        mut each: impl FnMut(u64),
    ) -> Result<Self, ScoreError> {
        let (dim, knows) = (info.dim(), info.labels.len() == rows.data().classes().len());
        let mut losses = Vec::with_capacity(rows.count());
        for first in (0..rows.count()).step_by(CHUNK) {
            let range = first..rows.count().min(first + CHUNK);
            let count = range.len();
            let x = as_model(info, &rows.values(range.clone()));
            let noisy = blurred(&x, dim, first, sigma);
            let label = if knows { rows.labels(range) } else { vec![-1; count] };
            let mut score = vec![0.0; x.len()];
            session.evaluate(Rows { x: &noisy, sigma: &vec![sigma as f32; count], label: &label }, &mut score)?;
            let error = |i: usize| f64::from(noisy[i]) + sigma * sigma * f64::from(score[i]) - f64::from(x[i]);
            let of_row = |row: usize| (row * dim..(row + 1) * dim).map(|i| error(i).powi(2)).sum::<f64>();
            losses.extend((0..count).map(|row| of_row(row) / (dim as f64 * unit)));
            each(count as u64);
        }
        let count = losses.len() as f64;
        let mean = losses.iter().sum::<f64>() / count;
        let variance = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Ok(Self { mean, standard_error: (variance / count).sqrt() })
    }
}

impl fmt::Display for Denoising {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = "denoising loss, 1 of who knows no more than mean and deviation";
        writeln!(f, "{name}\n{:<36}{:>20}{:>20}", "", "training rows", "held-out rows")?;
        for DenoisingLevel { sigma, training, held_out } in &self.levels {
            writeln!(f, "{:<36}{training:>20}{held_out:>20}", format!("  at σ = {}", short(*sigma)))?;
        }
        Ok(())
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.4} ± {:.4}", self.mean, self.standard_error))
    }
}
