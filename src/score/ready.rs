//! From a model to one that can be served: warmed up, and known to treat every row by itself.

use super::density::Density;
use super::idle::Idle;
use super::padded::Padded;
use super::probe::{Probe, same};
use super::{Kind, ModelInfo, ScoreError, ScoreModel, ScoreSession, Tuning};
use serde::Serialize;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

/// A model that has passed its warm-up. Cloning shares the model.
#[derive(Clone)]
pub struct ReadyModel {
    model: Arc<dyn ScoreModel>,
    batch_invariant: bool,
    reproducible: bool,
    fixed_rows: Option<usize>,
    layouts: Arc<[usize]>,
    tuning: Option<Arc<Tuning>>,
    idle: Arc<Idle>,
}

/// A model that must not be served.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A session could not be opened or run.
    #[error(transparent)]
    Failed(#[from] ScoreError),
    /// The score is not a number.
    #[error("the score model '{model}' gives NaN or infinity at σ = {sigma}: {}", cure(*.kind))]
    NotFinite {
        /// The model's name.
        model: String,
        /// What it is.
        kind: Kind,
        /// The noise level of the first row that is not finite.
        sigma: f32,
    },
}

/// What makes a score finite.
fn cure(kind: Kind) -> &'static str {
    match kind {
        Kind::Network => "the file is damaged or the training diverged; train it again",
        Kind::Density => "its parameters take it beyond what float32 holds; choose others",
    }
}

/// The batch sizes at which bytes are compared: vector bodies, scalar tails and both together.
const SIZES: [usize; 8] = [1, 2, 3, 4, 7, 8, 16, LARGEST];
const LARGEST: usize = 33;

/// The most rows whose bytes are compared. What depends on the batch by the last bit of a logarithm or a sine does so in one row of ten or
/// twenty.
const ROWS: usize = 512;
/// The most numbers of all rows, but for the first [`LARGEST`].
const NUMBERS: usize = 1 << 22;
/// How long rows are evaluated one by one on a session, but for the first [`LARGEST`].
const TIME: Duration = Duration::from_millis(60);

/// The one size of a run that models are given whose bytes depend on it, the first at which they depend on nothing else. On a CPU
/// a row by itself costs little more than its part of a batch, and eight times less than a padded one.
fn fixed_sizes(info: &ModelInfo) -> &'static [usize] {
    if info.provider == "cpu" || info.provider.starts_with("openvino") { &[1] } else { &[8, 1] }
}

impl ReadyModel {
    /// What the model is.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    /// Whether a row's score has the same bytes in every batch by the model's own nature.
    #[must_use]
    pub fn batch_invariant(&self) -> bool {
        self.batch_invariant
    }

    /// Whether a row's score has the same bytes in every batch as its sessions run it. Where it has not, the same seed may give
    /// images that differ in the last bits under different load.
    #[must_use]
    pub fn reproducible(&self) -> bool {
        self.reproducible
    }

    /// The size of every run, where bytes depend on it: batches are cut to it and filled up.
    #[must_use]
    pub fn fixed_rows(&self) -> Option<usize> {
        self.fixed_rows
    }

    /// The numbers of threads a session may have: one, and those that give a lone row the same bytes as one.
    #[must_use]
    pub fn layouts(&self) -> &[usize] {
        &self.layouts
    }

    /// The threads of the session that a chain may have that is alone among `workers` workers, where that is more than one.
    pub(crate) fn lone_threads(&self, workers: usize) -> Option<usize> {
        self.layouts.iter().copied().filter(|&threads| threads > 1 && threads <= workers).max()
    }

    /// What was measured of it, if it was.
    #[must_use]
    pub fn tuning(&self) -> Option<&Tuning> {
        self.tuning.as_deref()
    }

    /// The model as `tuning` has it run.
    pub(super) fn tuned(self, tuning: Tuning) -> Self {
        let layouts = self.layouts.iter().copied().filter(|&threads| threads == 1 || threads == tuning.lone_threads);
        Self { layouts: layouts.collect(), tuning: Some(Arc::new(tuning)), ..self }
    }

    /// A session: one that was opened to try the model, while there are such, or a new one; see [`ScoreModel::open`].
    ///
    /// # Errors
    /// As [`ScoreModel::open`].
    pub fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        match self.idle.take(threads) {
            Some(session) => Ok(session),
            None => Ok(of_size(self.model.open(threads)?, self.fixed_rows)),
        }
    }

    /// Keeps a session of [`open`](Self::open) for who opens the next.
    pub(super) fn keep(&self, threads: usize, session: Box<dyn ScoreSession>) {
        self.idle.keep(threads, session);
    }

    /// The density, where it is known at σ.
    #[must_use]
    pub fn density_at(&self, sigma: f64) -> Option<&dyn Density> {
        self.model.density_at(sigma)
    }

    /// log p_σ(x), where it is known; see [`ScoreModel::log_density`].
    #[must_use]
    pub fn log_density(&self, x: &[f32], sigma: f32) -> Option<f64> {
        self.model.log_density(x, sigma)
    }
}

/// A model as it is served: the description that clients see.
#[derive(Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema), schema(as = ServedModel))]
struct Described<'a> {
    #[serde(flatten)]
    info: &'a ModelInfo,
    /// Whether a row's score has the same bytes in a batch of any size, at any place.
    batch_invariant: bool,
    /// Whether the same seed gives the same bytes whatever else runs.
    reproducible: bool,
    /// The one size of the runs of a model that is reproducible in runs of one size only.
    fixed_rows: Option<usize>,
    /// What was measured of it on this machine, and what was chosen by it.
    tuning: Option<&'a Tuning>,
    /// Whether it is warm.
    ready: bool,
}

#[cfg(feature = "serve")]
impl utoipa::PartialSchema for ReadyModel {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        Described::schema()
    }
}

#[cfg(feature = "serve")]
impl utoipa::ToSchema for ReadyModel {
    fn name() -> std::borrow::Cow<'static, str> {
        Described::name()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        Described::schemas(schemas);
    }
}

impl Serialize for ReadyModel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { batch_invariant, reproducible, fixed_rows, .. } = *self;
        let (info, tuning) = (self.info(), self.tuning());
        Described { info, batch_invariant, reproducible, fixed_rows, tuning, ready: true }.serialize(serializer)
    }
}

/// `session`, in runs of `rows` rows where that is fixed.
fn of_size(session: Box<dyn ScoreSession>, rows: Option<usize>) -> Box<dyn ScoreSession> {
    match rows {
        Some(rows) => Box::new(Padded::new(vec![(rows, session)])),
        None => session,
    }
}

/// Warms `model` up and compares its bytes: a row alone against the same row in batches of several sizes and places, on a
/// session of one thread, and rows alone on a session of each number of threads in `layouts`: those with more than one run
/// lone rows only. One thread is the standard, whether named or not.
///
/// Where bytes depend on the batch, the same is compared with runs of one fixed size; if that helps, sessions run nothing else.
///
/// # Errors
/// [`Unfit`] where a session fails or the score is not finite.
pub fn prepare(model: Arc<dyn ScoreModel>, layouts: &[usize]) -> Result<ReadyModel, Unfit> {
    prepare_for(model, layouts, None)
}

/// As [`prepare`], for batches of up to `rows` rows, where that is known: no more are tried, nor is memory taken for them. Where it is not,
/// bytes are compared up to batches of 33, and [`tune`](super::tune) compares those of larger ones before it chooses them.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_for(
    model: Arc<dyn ScoreModel>,
    layouts: &[usize],
    rows: Option<NonZero<usize>>,
) -> Result<ReadyModel, Unfit> {
    let most = rows.map_or(LARGEST, NonZero::get);
    let mut sizes: Vec<usize> = SIZES.into_iter().filter(|&size| size <= most).collect();
    sizes.extend((most > LARGEST).then_some(most));
    let least = most.max(LARGEST);
    let probe = Probe::new(model.info(), (NUMBERS / model.info().dim()).min(ROWS).max(least));
    let mut standard = model.open(1)?;
    let mut alone = probe.alone(standard.as_mut(), least, TIME)?;
    if let Some(row) = alone.chunks(probe.dim).position(|row| row.iter().any(|s| !s.is_finite())) {
        let &ModelInfo { ref name, kind, .. } = model.info();
        return Err(Unfit::NotFinite { model: name.clone(), kind, sigma: probe.sigma[row] });
    }
    let batch_invariant = probe.agrees(standard.as_mut(), &alone, &sizes)?;
    let (mut reproducible, mut fixed_rows) = (batch_invariant, None);
    for &rows in fixed_sizes(model.info()) {
        if reproducible {
            break;
        }
        let mut fixed = of_size(model.open(1)?, Some(rows));
        let padded = probe.alone(fixed.as_mut(), least, TIME)?;
        if probe.agrees(fixed.as_mut(), &padded, &sizes)? {
            (reproducible, fixed_rows, standard, alone) = (true, Some(rows), fixed, padded);
        }
    }
    let (idle, mut same_bytes) = (Idle::default(), vec![1]);
    idle.keep(1, standard);
    for &threads in layouts {
        if !same_bytes.contains(&threads) {
            let mut session = of_size(model.open(threads)?, fixed_rows);
            let wide = probe.alone(session.as_mut(), LARGEST, TIME)?;
            let both = wide.len().min(alone.len());
            if same(&wide[..both], &alone[..both]) {
                same_bytes.push(threads);
                idle.keep(threads, session);
            }
        }
    }
    let (layouts, idle) = (same_bytes.into(), Arc::new(idle));
    Ok(ReadyModel { model, batch_invariant, reproducible, fixed_rows, layouts, tuning: None, idle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::density::{Component, DensityModel, GaussianMixture};
    use crate::score::trial::Trial;
    use crate::score::{Rows, tune};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// What is done to a row's score, told the session's threads, the rows of the run and the row's place.
    type Spoil = fn(threads: usize, rows: usize, place: usize, score: &mut f32);

    /// An exact density but for what `spoil` does to the score.
    struct Spoilt {
        exact: DensityModel,
        spoil: Spoil,
    }

    struct SpoiltSession {
        exact: Box<dyn ScoreSession>,
        spoil: Spoil,
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
            let count = rows.count();
            score.iter_mut().enumerate().for_each(|(place, score)| (self.spoil)(self.threads, count, place, score));
            Ok(())
        }
    }

    fn spoilt(spoil: Spoil) -> Arc<Spoilt> {
        let component = Component { weight: 1.0, mean: vec![0.5], variance: 0.25 };
        let exact = GaussianMixture::new(vec![component]).unwrap().named("spoilt");
        Arc::new(Spoilt { exact, spoil })
    }

    fn prepared(spoil: Spoil, layouts: &[usize]) -> Result<ReadyModel, Unfit> {
        prepare(spoilt(spoil), layouts)
    }

    #[test]
    fn an_exact_density_has_the_same_bytes_in_every_batch_and_layout() {
        let ready = prepared(|_, _, _, _| {}, &[1, 2, 4]).unwrap();
        assert!(ready.batch_invariant());
        assert_eq!(ready.layouts(), [1, 2, 4]);
        assert_eq!(promise(&ready), serde_json::json!([true, true, null]));
    }

    /// What the description says of bytes.
    fn promise(ready: &ReadyModel) -> serde_json::Value {
        let described = serde_json::json!(ready);
        ["batch_invariant", "reproducible", "fixed_rows"].map(|field| described[field].clone()).into()
    }

    #[test]
    fn bytes_that_depend_on_the_size_of_the_batch_are_kept_by_one_size() {
        let spoil =
            |_, rows: usize, _, score: &mut f32| *score = if rows.is_multiple_of(8) { score.next_up() } else { *score };
        let ready = prepared(spoil, &[1, 2]).unwrap();
        assert_eq!(promise(&ready), serde_json::json!([false, true, 8]));
        assert_eq!(ready.layouts(), [1, 2]);
    }

    #[test]
    fn batches_that_never_come_are_not_tried() {
        static LARGEST: AtomicU32 = AtomicU32::new(0);
        let spoil = |_, rows: usize, _, _: &mut f32| _ = LARGEST.fetch_max(rows as u32, Ordering::Relaxed);
        for (most, tried) in [(1, 1), (5, 4), (8, 8), (33, 33), (100, 100)] {
            prepare_for(spoilt(spoil), &[1, 2], NonZero::new(most)).unwrap();
            assert_eq!(LARGEST.swap(0, Ordering::Relaxed), tried);
        }
    }

    #[test]
    fn bytes_that_depend_on_the_largest_batch_that_is_asked_for_are_found_out() {
        let spoil = |_, rows: usize, _, score: &mut f32| *score = if rows > 64 { score.next_up() } else { *score };
        let of = |rows| promise(&prepare_for(spoilt(spoil), &[1], NonZero::new(rows)).unwrap());
        assert_eq!(of(64), serde_json::json!([true, true, null]));
        assert_eq!(of(65), serde_json::json!([false, true, 8]));
    }

    #[test]
    fn larger_batches_are_chosen_only_while_their_bytes_are_those_of_smaller_ones() {
        let spoil = |_, rows: usize, _, score: &mut f32| *score = if rows > 64 { score.next_up() } else { *score };
        let ready = prepared(spoil, &[1]).unwrap();
        assert_eq!(promise(&ready), serde_json::json!([true, true, null]));
        let mut trial = Trial::open(&ready, 1, 128, Duration::ZERO).unwrap();
        assert!(trial.agrees(64).unwrap() && !trial.agrees(65).unwrap() && !trial.agrees(128).unwrap());
        let tuned = tune(&ready, 1, None, Duration::from_secs(60)).unwrap();
        assert!(tuned.tuning().unwrap().steps.iter().all(|step| step.rows <= 64));
    }

    #[test]
    fn one_bit_that_depends_on_the_place_in_the_batch_is_found_out_and_rows_are_run_one_by_one() {
        let spoil = |_, _, place, score: &mut f32| *score = if place == 6 { score.next_up() } else { *score };
        let ready = prepared(spoil, &[1]).unwrap();
        assert_eq!(promise(&ready), serde_json::json!([false, true, 1]));
    }

    #[test]
    fn bytes_that_depend_on_chance_are_promised_to_nobody() {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let spoil = |_, _, _, score: &mut f32| {
            *score = if RUNS.fetch_add(1, Ordering::Relaxed).is_multiple_of(5) { score.next_up() } else { *score };
        };
        let ready = prepared(spoil, &[1]).unwrap();
        assert_eq!(promise(&ready), serde_json::json!([false, false, null]));
    }

    #[test]
    fn a_session_that_was_opened_for_the_warm_up_is_the_first_that_is_served() {
        let ready = prepared(|_, _, _, _| {}, &[1, 2]).unwrap();
        let wide = ready.open(2).unwrap();
        assert!(ready.idle.take(2).is_none());
        ready.keep(2, wide);
        assert!(ready.idle.take(1).is_some() && ready.idle.take(1).is_none() && ready.idle.take(2).is_some());
    }

    #[test]
    fn a_layout_whose_bytes_differ_is_not_used() {
        let spoil = |threads, _, _, score: &mut f32| *score = if threads == 2 { score.next_up() } else { *score };
        let ready = prepared(spoil, &[1, 2, 4]).unwrap();
        assert!(ready.batch_invariant());
        assert_eq!(ready.layouts(), [1, 4]);
    }

    #[test]
    fn a_score_that_is_not_finite_is_refused_with_its_noise_level() {
        let spoil = |_, _, _, score: &mut f32| *score = if score.abs() < 0.2 { f32::INFINITY } else { *score };
        let Err(Unfit::NotFinite { model, sigma, .. }) = prepared(spoil, &[1]) else {
            panic!("infinity is not finite")
        };
        assert!(
            model == "spoilt" && sigma > 1.0,
            "a score of N(0.5, 0.25) is small where σ is large, and here σ = {sigma}"
        );
    }
}
