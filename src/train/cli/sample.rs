//! `smld-train sample`: pictures from a score network file, without a server.

use super::values::Threads;
use crate::engine::{RawLabel, RawSampleRequest};
use crate::plot;
use crate::sampler::SamplerSpec;
use crate::score::onnx::{Provider, Runtime};
use crate::train::files;
use crate::train::sample::{draw, load, png};
use anyhow::{Result, ensure};
use clap::Args;
use indicatif::ProgressBar;
use std::path::PathBuf;

/// Draw samples from a score network file into one picture.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  smld-train sample models/mnist.onnx --n 100 --label 7 --out sevens.png")]
pub(super) struct Sample {
    /// The score network file.
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    /// How many samples.
    #[arg(long, default_value_t = 64)]
    n: u64,
    /// The seed; image i of a seed is always the same image.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A class, by name or number, -1 for none; by default each sample is of a class of its own.
    #[arg(long, allow_negative_numbers = true)]
    label: Option<String>,
    /// That many samples of every class, one class after the other.
    #[arg(long, conflicts_with = "label")]
    each_class: bool,
    /// The sampler as JSON, as '{"method":"annealed_langevin","levels":200}'; by default the model's.
    #[arg(long)]
    sampler: Option<SamplerSpec>,
    /// The picture to write.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
    /// The path of onnxruntime's library.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

impl Sample {
    pub(super) fn run(self) -> Result<()> {
        files::look("--out", &self.out)?;
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let threads = self.threads.count();
        let model = load(&runtime, &self.model, Provider::Cpu, threads)?;
        plot::pictured(&model.info().shape)?;
        let labels: Vec<Option<String>> = match self.each_class {
            true => model.info().labels.iter().cloned().map(Some).collect(),
            false => vec![self.label],
        };
        ensure!(!labels.is_empty(), "the model '{}' has no classes; leave --each-class out", model.info().name);
        let bar = ProgressBar::new(self.n * labels.len() as u64);
        let mut samples = Vec::new();
        for label in labels {
            let request = RawSampleRequest {
                n: Some(self.n),
                seed: Some(self.seed),
                label: label.map(RawLabel::Name),
                sampler: self.sampler.clone(),
                ..RawSampleRequest::default()
            };
            samples.extend(draw(&model, &request, threads, || bar.inc(1))?);
        }
        bar.finish_and_clear();
        files::write(&png(&model, self.sampler.as_ref(), &samples)?, &self.out)
    }
}
