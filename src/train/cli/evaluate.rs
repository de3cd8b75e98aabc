//! `smld-train evaluate`: how good samples are, beside real rows.

use super::comparison::{Comparison, Opened, compared_by, data, features, fits, space};
use super::{bar, keep};
use crate::sampler::SamplerSpec;
use crate::score::onnx::{OnnxScore, Provider, Runtime};
use crate::score::{ReadyModel, ScoreModel};
use crate::train::evaluate::classes::same_order;
use crate::train::evaluate::source::{CHUNK, Drawing, SamplesFile};
use crate::train::evaluate::{Apart, Denoising, Kept, MIN_ROWS, Report, Space};
use crate::train::sample::load;
use crate::train::split::{Split, Subset};
use crate::train::{files, terminal};
use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Compare samples with the data: distance, cover, memory, classes; and tell how well the network takes noise away.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld-train evaluate models/mnist.onnx --data data/mnist --features models/features/mnist.onnx\n  \
    smld-train evaluate --samples samples.npy --data data/mnist --features models/features/mnist.onnx --json figures.json\n\n\
    Every figure is given for the samples and, beside it, for held-out real rows: samples as good as real ones reach those. \
    docs/EVALUATION.md says what each means.")]
pub(super) struct Evaluate {
    /// The score network file to draw from.
    #[arg(value_name = "MODEL.onnx")]
    model: Option<PathBuf>,
    /// Samples to read in place of drawing: float32 [n, C, H, W] in [0, 1], or points [n, D].
    #[arg(
        long,
        value_name = "FILE.npy",
        conflicts_with_all = ["model", "n", "sampler", "label", "each_class", "seed", "provider"]
    )]
    samples: Option<PathBuf>,
    #[command(flatten)]
    comparison: Comparison,
    /// How many samples are drawn.
    #[arg(long, default_value_t = 5000)]
    n: u64,
    /// The sampler as JSON, as '{"method":"annealed_langevin","levels":200}'; by default the model's.
    #[arg(long)]
    sampler: Option<SamplerSpec>,
    /// A class, by name or number, to draw and to compare with alone; or -1, to draw by the score of all classes together. By default
    /// each sample is of a class of its own.
    #[arg(long, allow_negative_numbers = true)]
    label: Option<String>,
    /// Draw as many of every class; --n in all.
    #[arg(long, conflicts_with = "label")]
    each_class: bool,
    /// The seed of the samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What runs the score network: cpu, cuda, cuda:N, openvino or openvino:bf16. How far its scores are from the CPU's is
    /// told beside the figures.
    #[arg(long, default_value = "cpu")]
    provider: Provider,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
}

/// The rows of each kind, at most, from which noise is taken away.
const DENOISED: usize = 1000;

/// The rows, at most, on which two providers are compared.
const COMPARED: usize = 32;

/// What is evaluated.
enum Source<'a> {
    Drawn(Drawing<'a>),
    Read(SamplesFile),
}

impl Evaluate {
    pub(super) fn run(self) -> Result<()> {
        if let Some(path) = &self.json {
            files::look("--json", path)?;
        }
        let Opened { runtime, split, network, threads } = self.comparison.open()?;
        let model = self.model.as_ref().map(|path| load(&runtime, path, self.provider, threads)).transpose()?;
        let (source, about) = self.source(model.as_ref(), &split, threads)?;
        let label = match &source {
            Source::Drawn(Drawing { classes, .. }) if classes.len() == 1 => {
                Some(classes[0]).filter(|&class| class >= 0)
            }
            Source::Drawn(_) | Source::Read(_) => None,
        };
        let count = match &source {
            Source::Drawn(drawing) => drawing.n as usize,
            Source::Read(file) => file.count(),
        };

        let [training, held_out] = split.subsets(label);
        let held_out = held_out.first(count);
        ensure!(
            count >= MIN_ROWS && held_out.count() >= MIN_ROWS,
            "there are {count} samples and {} held-out rows; at least {MIN_ROWS} of each are wanted",
            held_out.count()
        );
        let to_denoise = [&training, &held_out].map(|rows| rows.first(count.min(DENOISED)));
        let begin = Instant::now();
        let features = features(network.as_ref());
        let mut space = space(training, network)?;
        let real = real(&mut space, &held_out)?;
        let samples = drawn(&mut space, source, count)?;
        let report = Report::new(&space, &samples, &real)?;
        let mut figures = json!({
            "smld": env!("CARGO_PKG_VERSION"),
            "samples": about,
            "data": data(&split),
            "features": features,
            "figures": report,
            "denoising": null,
            "apart": null,
        });
        // What was measured for long is kept at once. Where it cannot be, the second time tells, after all that can be shown.
        let _ = keep(&figures, self.json.as_deref());
        terminal::print(&table(&report, &space, count));
        let (_, deviation) = split.data().mean_and_deviation();
        let denoising = model.as_ref().map(|model| denoising(model, &to_denoise, deviation, threads)).transpose()?;
        let apart = match (&self.model, &model) {
            (Some(path), Some(model)) if self.provider != Provider::Cpu => {
                Some(apart(&runtime, path, model, &held_out)?)
            }
            _ => None,
        };
        (figures["denoising"], figures["apart"]) = (json!(denoising), json!(apart));
        let kept = keep(&figures, self.json.as_deref());
        let texts = [denoising.map(|found| found.to_string()), apart.map(|found| found.to_string())];
        terminal::print(&texts.into_iter().flatten().collect::<String>());
        terminal::tell(&format!("in {:.0} s", begin.elapsed().as_secs_f64()));
        kept
    }

    /// The samples that were asked for, and what is told of them.
    fn source<'a>(&self, model: Option<&'a ReadyModel>, split: &Split, threads: usize) -> Result<(Source<'a>, Value)> {
        let (data, shape) = (split.data(), split.data().shape());
        let Some(model) = model else {
            let Some(path) = &self.samples else {
                bail!("give a MODEL.onnx to draw from, or samples to read with --samples FILE.npy")
            };
            let file = SamplesFile::open(path, shape)?;
            let about = json!({"file": path.file_name().unwrap_or_default().to_string_lossy(), "n": file.count()});
            return Ok((Source::Read(file), about));
        };
        let info = model.info();
        fits(info, shape)?;
        same_order(&format!("the model '{}'", info.name), &info.labels, data.classes())?;
        let classes = match &self.label {
            Some(name) => vec![info.label(name)?],
            None if self.each_class => (0..info.labels.len() as i64).collect(),
            None => Vec::new(),
        };
        ensure!(
            !self.each_class || !classes.is_empty(),
            "the model '{}' has no classes; leave --each-class out",
            info.name
        );
        ensure!(
            classes.is_empty() || data.classes().len() == info.labels.len(),
            "the model '{}' has {} classes and the data {}; leave --label and --each-class out, or give the data it was \
             trained on",
            info.name,
            info.labels.len(),
            data.classes().len()
        );
        let sampler =
            self.sampler.as_ref().unwrap_or(&info.sampler).resolve(Some(&info.sampler), info.sigma_range())?;
        let about = json!({
            "model": info.name, "sha256": info.sha256, "provider": info.provider, "n": self.n, "seed": self.seed,
            "classes": if self.each_class { json!("each") } else { json!(self.label) },
            "sampler": sampler, "evaluations": sampler.evaluations(),
        });
        let drawing =
            Drawing { model, sampler: self.sampler.clone(), seed: self.seed, first: 0, n: self.n, classes, threads };
        drawing.of_each()?;
        Ok((Source::Drawn(drawing), about))
    }
}

/// The figures of `count` samples for a person, and what makes them other than they seem.
fn table(report: &Report, space: &Space<'_>, count: usize) -> String {
    let mark = report.held_out.rows;
    let mut text = compared_by(space) + "\n";
    if mark < count {
        text += &format!(
            "{count} samples, and only {mark} held-out rows: fewer rows are farther away, so the mark is too easy\n"
        );
    }
    if mark <= space.width() {
        text += "so few rows have no covariance of so many numbers: the distance is far too large\n";
    }
    text + &format!("{:<36}{:>20}{:>20}\n{report}\n", "", "samples", "held-out rows")
}

/// How well `model` takes noise away from [training, held-out] rows; the deviation is the data's.
fn denoising(model: &ReadyModel, subsets: &[Subset<'_>; 2], deviation: f64, threads: usize) -> Result<Denoising> {
    let bar = bar("rows to denoise", Denoising::work(model.info(), subsets));
    let mut session = model.open(threads)?;
    let denoising = Denoising::new(model.info(), session.as_mut(), subsets, deviation, |rows| bar.inc(rows))?;
    bar.finish_and_clear();
    Ok(denoising)
}

/// How far the scores of `model` are from those that the CPU gives to the file at `path`, on some of the `rows`.
fn apart(runtime: &Runtime, path: &Path, model: &ReadyModel, rows: &Subset<'_>) -> Result<Apart> {
    let mut cpu = OnnxScore::load(runtime, path, Provider::Cpu, false)?.open(1)?;
    let mut session = model.open(1)?;
    let rows = rows.values(0..rows.count().min(COMPARED));
    Ok(Apart::new(model.info(), session.as_mut(), cpu.as_mut(), &rows)?)
}

/// The held-out rows, kept.
fn real(space: &mut Space<'_>, rows: &Subset<'_>) -> Result<Kept> {
    let bar = bar("held-out rows", rows.count());
    let mut kept = Kept::default();
    for first in (0..rows.count()).step_by(CHUNK) {
        let range = first..rows.count().min(first + CHUNK);
        let count = range.len();
        space.add(&mut kept, &rows.values(range.clone()), &rows.labels(range))?;
        bar.inc(count as u64);
    }
    bar.finish_and_clear();
    Ok(kept)
}

/// The `count` samples of `source`, kept.
fn drawn(space: &mut Space<'_>, source: Source<'_>, count: usize) -> Result<Kept> {
    let bar = bar("samples", count);
    let mut kept = Kept::default();
    let take = |rows: &[f32], asked: &[i64]| space.add(&mut kept, rows, asked);
    match source {
        Source::Drawn(drawing) => drawing.each_chunk(|| bar.inc(1), take)?,
        Source::Read(file) => file.each_chunk(take)?,
    }
    bar.finish_and_clear();
    Ok(kept)
}
