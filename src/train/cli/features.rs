//! `smld-train features`: a network whose features `smld-train evaluate` compares samples by.

use super::fit::model_name;
use super::reading::Reading;
use super::values::{Threads, minutes};
use crate::score::onnx::Runtime;
use crate::train::features::{FeaturePlan, FeatureRun, accuracy, file, verify};
use crate::train::network::Classifier;
use crate::train::optimiser::Settings;
use crate::train::plan::Length;
use crate::train::split::Split;
use crate::train::{files, terminal};
use anyhow::{Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Train a feature network on a labelled data set, for `evaluate`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  smld-train features --data data/mnist --out models/features/mnist.onnx")]
pub(super) struct Features {
    /// Labelled images: a folder of MNIST-style IDX files (raw or .gz), a folder of images whose sub-folders are class
    /// names, or CIFAR-10's binary files. Test files in the folder are not trained on; the accuracy is measured on them.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The feature network file to write; its name is the network's. Not into the folder that the server serves, but into
    /// one of its own.
    #[arg(long, value_name = "FILE.onnx")]
    out: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Steps to train; the same seed and threads give the same network.
    #[arg(long, default_value_t = 4000, conflicts_with = "minutes", value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Minutes to train, in place of steps.
    #[arg(long, value_parser = minutes)]
    minutes: Option<f64>,
    /// Rows of a batch; by default 128, or all where there are fewer.
    #[arg(long)]
    batch: Option<usize>,
    /// The seed of weights and order.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    /// The path of onnxruntime's library, which checks what is written.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

impl Features {
    pub(super) fn run(self) -> Result<()> {
        self.threads.limit();
        let name = model_name(&self.out)?;
        files::look("--out", &self.out)?;
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let split = Split::open(&self.data, &self.reading.options())?;
        let mut run = FeatureRun::begin(self.plan(&split)?, split.data());
        // What would be refused at the end is refused before the first step.
        verify(&file(&run, &name, split.data().classes(), None), &runtime, &mut run, split.data())?;
        train(&mut run)?;
        let accuracy = split.test().map(|test| accuracy(&mut run, test));
        let file = file(&run, &name, split.data().classes(), accuracy);
        verify(&file, &runtime, &mut run, split.data())?;
        files::write(&file, &self.out)?;
        let measured = accuracy.map_or("there are no test files to measure its accuracy on".to_owned(), |share| {
            format!("it is right on {:.2} % of the test rows", 100.0 * share)
        });
        let out = self.out.display();
        terminal::tell(&format!("wrote {out}: {} steps in {:.0} s; {measured}", run.step, run.seconds));
        Ok(())
    }

    fn plan(&self, split: &Split) -> Result<FeaturePlan> {
        let data = split.data();
        let &[channels, height, width] = data.shape() else {
            bail!("{}: images are wanted; points are compared as they are, without features", self.data.display());
        };
        ensure!(
            data.classes().len() > 1,
            "{}: at least two classes are wanted, for the network learns to tell them apart",
            self.data.display()
        );
        ensure!(
            height % 4 == 0 && width % 4 == 0,
            "the images are {width}×{height}; both must be multiples of 4: resize them, for a folder with --size"
        );
        let batch = self.batch.unwrap_or(data.len().min(128));
        ensure!(batch > 0 && batch <= data.len(), "--batch must be between 1 and {}", data.len());
        let (mean, deviation) = data.mean_and_deviation();
        ensure!(deviation > 0.0, "{}: every value is the same; there is nothing to learn", self.data.display());
        let shape = [channels, height, width].map(|size| size as i64);
        Ok(FeaturePlan {
            data: data.describe(),
            network: Classifier { shape, classes: data.classes().len() as i64, mean, deviation },
            batch,
            seed: self.seed,
            length: self.minutes.map_or(Length::Steps(self.steps), Length::Minutes),
            optimiser: Settings::default(),
        })
    }
}

/// Trains to the end.
fn train(run: &mut FeatureRun<'_>) -> Result<()> {
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
        bar.set_style(style);
    }
    while run.done() < 1.0 {
        let loss = run.step()?;
        bar.set_position((1000.0 * run.done()) as u64);
        let speed = f64::from(run.step) * run.plan.batch as f64 / run.seconds;
        bar.set_message(format!("step {}  loss {loss:.4}  {speed:.0} images/s", run.step));
    }
    bar.finish_and_clear();
    Ok(())
}
