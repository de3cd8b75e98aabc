//! The figures, and how they are shown.

use super::MIN_ROWS;
use super::classes::Classes;
use super::frechet::{Estimate, Gaussian, Reference, short};
use super::manifold::{Cover, DENSITY_K, PRECISION_K, cover};
use super::memory::Nearness;
use super::neighbours::nearest;
use super::space::{Kept, Space};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::fmt;
use tch::Tensor;

/// The figures of the samples and of held-out rows.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of the samples.
    pub samples: Figures,
    /// Of held-out rows: what as many samples would reach that are as good as real rows.
    pub held_out: Figures,
    /// The names of the classes that the feature network tells apart.
    pub classes: Vec<String>,
}

/// The figures of some rows against the training rows.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// How many rows.
    pub rows: usize,
    /// The Fréchet distance from all training rows.
    pub frechet: Estimate,
    /// How they cover as many training rows, and are covered by them.
    pub cover: Cover,
    /// How near training rows are, in the rows' own values.
    pub nearest: Nearness,
    /// The same in features, where there is a network.
    pub nearest_features: Option<Nearness>,
    /// What the network takes the rows for.
    pub classes: Option<Classes>,
}

impl Report {
    /// Computes every figure of `samples` and `held_out` in `space`.
    ///
    /// # Errors
    /// Where there are too few rows, or their moments are not finite.
    pub fn new(space: &Space<'_>, samples: &Kept, held_out: &Kept) -> Result<Self> {
        let training = space.training();
        for (rows, what) in
            [(samples.count(), "samples"), (held_out.count(), "held-out rows"), (training.count(), "training rows")]
        {
            ensure!(rows >= MIN_ROWS, "there are {rows} {what}; at least {MIN_ROWS} are wanted");
        }
        let reference = Reference::new(&Gaussian::of(training))?;
        let classes: &[String] = space.network().map_or(&[], |network| &network.contract().labels);
        let to_training = |rows: &Tensor| Vec::<f64>::try_from(nearest(rows, training, 1).sqrt().reshape([-1]));
        let real = held_out.rows();
        let mark = space.network().map(|_| to_training(&real)).transpose()?;

        let figures = |kept: &Kept, rows: &Tensor| -> Result<Figures> {
            let nearest_features = match &mark {
                Some(mark) => Some(Nearness::new(&to_training(rows)?, mark)),
                None => None,
            };
            Ok(Figures {
                rows: kept.count(),
                frechet: reference.estimate(rows)?,
                cover: cover(&space.some_training(kept.count()), rows),
                nearest: Nearness::new(&kept.distances, &held_out.distances),
                nearest_features,
                classes: space.network().map(|_| Classes::new(&kept.guesses, &kept.asked, classes.len())),
            })
        };
        Ok(Self {
            samples: figures(samples, &samples.rows())?,
            held_out: figures(held_out, &real)?,
            classes: classes.to_vec(),
        })
    }
}

/// A table with a column for the samples and one for the held-out rows.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, cell: &dyn Fn(&Figures) -> String| {
            writeln!(f, "{name:<36}{:>20}{:>20}", cell(&self.samples), cell(&self.held_out))
        };
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        line("rows", &|side| side.rows.to_string())?;
        line("Fréchet distance", &|side| side.frechet.to_string())?;
        line(&format!("precision, k = {PRECISION_K}"), &|side| format!("{:.3}", side.cover.precision))?;
        line(&format!("recall, k = {PRECISION_K}"), &|side| format!("{:.3}", side.cover.recall))?;
        line(&format!("density, k = {DENSITY_K}"), &|side| format!("{:.3}", side.cover.density))?;
        line(&format!("coverage, k = {DENSITY_K}"), &|side| format!("{:.3}", side.cover.coverage))?;
        line("to the nearest training row, median", &|side| short(side.nearest.median))?;
        line("  nearer than 1 % of held-out rows", &|side| percent(side.nearest.share_nearer))?;
        let features = |cell: &dyn Fn(Nearness) -> String, side: &Figures| {
            side.nearest_features.map_or_else(|| "–".to_owned(), cell)
        };
        line("  the same in features, median", &|side| features(&|near| short(near.median), side))?;
        line("  nearer than 1 % of held-out rows", &|side| features(&|near| percent(near.share_nearer), side))?;
        let classes = |cell: &dyn Fn(&Classes) -> String, side: &Figures| {
            side.classes.as_ref().map_or_else(|| "–".to_owned(), cell)
        };
        line("taken for the class asked for", &|side| {
            classes(&|of| of.as_asked.map_or_else(|| "–".to_owned(), percent), side)
        })?;
        line("mean confidence", &|side| classes(&|of| format!("{:.3}", of.confidence), side))?;
        for (class, name) in self.classes.iter().enumerate() {
            line(&format!("taken for {name}"), &|side| {
                classes(&|of| percent(of.counts[class] as f64 / side.rows as f64), side)
            })?;
        }
        Ok(())
    }
}
