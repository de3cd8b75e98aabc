//! From a model to one that can be served: warmed up, and known to treat every row by itself.

use super::{ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use crate::sampler::{Noise, Purpose, schedule};
use serde::Serialize;
use std::sync::Arc;

/// A model that has passed its warm-up. Cloning shares the model.
#[derive(Clone)]
pub struct ReadyModel {
    model: Arc<dyn ScoreModel>,
    batch_invariant: bool,
    layouts: Arc<[usize]>,
}

/// A model that must not be served.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A session could not be opened or run.
    #[error(transparent)]
    Failed(#[from] ScoreError),
    /// The score is not a number.
    #[error(
        "the score model '{model}' gives NaN or infinity at σ = {sigma}: the file is damaged or the training diverged; \
         train it again"
    )]
    NotFinite {
        /// The model's name.
        model: String,
        /// The noise level of the first row that is not finite.
        sigma: f32,
    },
}

/// The batch sizes at which bytes are compared: vector bodies, scalar tails and both together.
const SIZES: [usize; 8] = [1, 2, 3, 4, 7, 8, 16, 33];

impl ReadyModel {
    /// What the model is.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    /// Whether a row's score has the same bytes in every batch. Where it has not, the same seed may give images that differ
    /// in the last bits under different load.
    #[must_use]
    pub fn batch_invariant(&self) -> bool {
        self.batch_invariant
    }

    /// The numbers of threads a session may have: one, and those that give the same bytes as one.
    #[must_use]
    pub fn layouts(&self) -> &[usize] {
        &self.layouts
    }

    /// Opens a session; see [`ScoreModel::open`].
    ///
    /// # Errors
    /// As [`ScoreModel::open`].
    pub fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        self.model.open(threads)
    }

    /// log p_σ(x), where it is known; see [`ScoreModel::log_density`].
    #[must_use]
    pub fn log_density(&self, x: &[f32], sigma: f32) -> Option<f64> {
        self.model.log_density(x, sigma)
    }
}

/// The description that clients see.
impl Serialize for ReadyModel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Described<'a> {
            #[serde(flatten)]
            info: &'a ModelInfo,
            batch_invariant: bool,
            ready: bool,
        }
        Described { info: self.info(), batch_invariant: self.batch_invariant, ready: true }.serialize(serializer)
    }
}

/// Warms `model` up and compares its bytes: a row alone against the same row in batches of several sizes and places, on a
/// session of one thread and of each number of threads in `layouts`. One thread is the standard, whether named or not.
///
/// # Errors
/// [`Unfit`] where a session fails or the score is not finite.
pub fn prepare(model: Arc<dyn ScoreModel>, layouts: &[usize]) -> Result<ReadyModel, Unfit> {
    let probe = Probe::new(model.info());
    let mut standard = model.open(1)?;
    let alone = probe.alone(standard.as_mut())?;
    if let Some(row) = alone.chunks(probe.dim).position(|row| row.iter().any(|s| !s.is_finite())) {
        return Err(Unfit::NotFinite { model: model.info().name.clone(), sigma: probe.sigma[row] });
    }
    let batch_invariant = probe.agrees(standard.as_mut(), &alone)?;
    drop(standard);
    let mut same = vec![1];
    for &threads in layouts {
        if !same.contains(&threads) && probe.agrees(model.open(threads)?.as_mut(), &alone)? {
            same.push(threads);
        }
    }
    Ok(ReadyModel { model, batch_invariant, layouts: same.into() })
}

/// Rows of many noise levels and classes, as a chain meets them: a little signal, σ of noise.
struct Probe {
    dim: usize,
    x: Vec<f32>,
    sigma: Vec<f32>,
    label: Vec<i64>,
}

impl Probe {
    fn new(info: &ModelInfo) -> Self {
        let (dim, count) = (info.dim(), SIZES[SIZES.len() - 1]);
        // A density known at every σ has no smallest level to begin at.
        let low = if info.sigma_min > 0.0 { info.sigma_min } else { 1e-3_f64.min(info.sigma_max) };
        let sigma: Vec<f32> = match info.sigma_max > 0.0 {
            true => schedule::geometric(info.sigma_max, low, count as u32).iter().map(|&s| s as f32).collect(),
            false => vec![0.0; count],
        };
        let mut x = vec![0.0; dim * count];
        for (i, row) in x.chunks_mut(dim).enumerate() {
            let [low, high] = info.range;
            // Where σ = 0 is all there is, the rows are as different by their places.
            let spread = if sigma[i] > 0.0 { sigma[i] } else { 0.25 * (high - low) };
            let middle = 0.5 * (low + high);
            Noise::new(0, i as u32, Purpose::Sampling).for_each_normal(0, row, |_, x, z| *x = middle + spread * z);
        }
        let classes = info.labels.len() as i64;
        let label = (0..count as i64).map(|i| i % (classes + 1) - 1).collect();
        Self { dim, x, sigma, label }
    }

    /// Evaluates rows `range`.
    fn run(&self, session: &mut dyn ScoreSession, range: std::ops::Range<usize>) -> Result<Vec<f32>, ScoreError> {
        let mut score = vec![f32::NAN; range.len() * self.dim];
        let rows = Rows {
            x: &self.x[range.start * self.dim..range.end * self.dim],
            sigma: &self.sigma[range.clone()],
            label: &self.label[range],
        };
        session.evaluate(rows, &mut score)?;
        Ok(score)
    }

    /// Every row by itself.
    fn alone(&self, session: &mut dyn ScoreSession) -> Result<Vec<f32>, ScoreError> {
        let mut all = Vec::with_capacity(self.x.len());
        for i in 0..self.sigma.len() {
            all.extend(self.run(session, i..i + 1)?);
        }
        Ok(all)
    }

    /// Whether batches of every size, beginning at different rows, give the bytes of the rows alone.
    fn agrees(&self, session: &mut dyn ScoreSession, alone: &[f32]) -> Result<bool, ScoreError> {
        for size in SIZES {
            for start in [0, (self.sigma.len() - size) / 2, self.sigma.len() - size] {
                let score = self.run(session, start..start + size)?;
                let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
                if !score.iter().zip(&alone[start * self.dim..]).all(same) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::density::{Component, DensityModel, GaussianMixture};

    /// An exact density but for what `spoil` does to the score of a row, told the session's threads and the row's place.
    struct Spoilt {
        exact: DensityModel,
        spoil: fn(threads: usize, place: usize, score: &mut f32),
    }

    struct SpoiltSession {
        exact: Box<dyn ScoreSession>,
        spoil: fn(usize, usize, &mut f32),
        threads: usize,
    }

    impl ScoreModel for Spoilt {
        fn info(&self) -> &ModelInfo {
            self.exact.info()
        }

        fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
            Ok(Box::new(SpoiltSession { exact: self.exact.open(threads)?, spoil: self.spoil, threads }))
        }
    }

    impl ScoreSession for SpoiltSession {
        fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
            self.exact.evaluate(rows, score)?;
            score.iter_mut().enumerate().for_each(|(place, score)| (self.spoil)(self.threads, place, score));
            Ok(())
        }
    }

    fn prepared(spoil: fn(usize, usize, &mut f32), layouts: &[usize]) -> Result<ReadyModel, Unfit> {
        let component = Component { weight: 1.0, mean: vec![0.5], variance: 0.25 };
        let exact = GaussianMixture::new(vec![component]).unwrap().named("spoilt");
        prepare(Arc::new(Spoilt { exact, spoil }), layouts)
    }

    #[test]
    fn an_exact_density_has_the_same_bytes_in_every_batch_and_layout() {
        let ready = prepared(|_, _, _| {}, &[1, 2, 4]).unwrap();
        assert!(ready.batch_invariant());
        assert_eq!(ready.layouts(), [1, 2, 4]);
        assert_eq!(serde_json::json!(ready)["batch_invariant"], true);
    }

    #[test]
    fn one_bit_that_depends_on_the_place_in_the_batch_is_found_out() {
        let ready =
            prepared(|_, place, score| *score = if place == 6 { score.next_up() } else { *score }, &[1]).unwrap();
        assert!(!ready.batch_invariant());
        assert_eq!(serde_json::json!(ready)["batch_invariant"], false);
    }

    #[test]
    fn a_layout_whose_bytes_differ_is_not_used() {
        let spoil = |threads, _, score: &mut f32| *score = if threads == 2 { score.next_up() } else { *score };
        let ready = prepared(spoil, &[1, 2, 4]).unwrap();
        assert!(ready.batch_invariant());
        assert_eq!(ready.layouts(), [1, 4]);
    }

    #[test]
    fn a_score_that_is_not_finite_is_refused_with_its_noise_level() {
        let spoil = |_, _, score: &mut f32| *score = if score.abs() < 0.2 { f32::INFINITY } else { *score };
        let Err(Unfit::NotFinite { model, sigma }) = prepared(spoil, &[1]) else { panic!("infinity is not finite") };
        assert!(
            model == "spoilt" && sigma > 1.0,
            "a score of N(0.5, 0.25) is small where σ is large, and here σ = {sigma}"
        );
    }
}
