//! `smld-train fit`: from a data set to a score network file.

use crate::train::checkpoint::State;
use crate::train::data::{Channels, Dataset, Options};
use crate::train::network::UNet;
use crate::train::network::torch::Precision;
use crate::train::optimiser::Settings;
use crate::train::progress::Reporter;
use crate::train::run::{Length, Plan, Run};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tch::Device;

/// Train a score network on a data set by denoising score matching.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  smld-train fit --data data/mnist --out models/mnist.onnx --minutes 30")]
pub struct Fit {
    /// The data: a folder of MNIST-style IDX files (raw or .gz), a folder of images whose sub-folders are class names,
    /// CIFAR-10's binary files, or a .npy array.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The score network file to write; its name is the model's.
    #[arg(long, value_name = "FILE.onnx")]
    out: PathBuf,
    /// Side to which images of a folder are resized; a multiple of 4.
    #[arg(long)]
    size: Option<u32>,
    /// Whether images of a folder are read as grey or colour.
    #[arg(long)]
    channels: Option<Channels>,
    /// Class names, separated by commas, where the data only number them.
    #[arg(long, value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Steps to train; the same seed and threads give the same curve.
    #[arg(long, conflicts_with = "minutes")]
    steps: Option<u32>,
    /// Minutes to train; the learning rate follows the clock. By default 30.
    #[arg(long)]
    minutes: Option<f64>,
    /// Rows of a batch.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The largest learning rate.
    #[arg(long, default_value_t = Settings::default().learning_rate)]
    learning_rate: f64,
    /// Channels at half and at quarter resolution, multiples of 16.
    #[arg(long, value_delimiter = ',', num_args = 2, default_values_t = [48, 128])]
    width: Vec<i64>,
    /// The smallest noise level.
    #[arg(long, default_value_t = 0.01)]
    sigma_min: f64,
    /// The largest noise level: about the largest distance between two images.
    #[arg(long, default_value_t = 20.0)]
    sigma_max: f64,
    /// What convolutions compute in while training.
    #[arg(long, value_enum, default_value_t)]
    precision: Precision,
    /// The seed of weights, order and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; by default all cores.
    #[arg(long)]
    threads: Option<i32>,
    /// Where to train: `cpu`, `cuda` or `cuda:N`.
    #[arg(long, default_value = "cpu", value_parser = device)]
    device: Device,
    /// The run's folder, for checkpoint, log and sample pictures. By default runs/NAME.
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Go on from the checkpoint in the run's folder.
    #[arg(long)]
    resume: bool,
    /// Minutes between checkpoints.
    #[arg(long, default_value_t = 5.0)]
    checkpoint_minutes: f64,
}

impl Fit {
    pub(super) fn run(self) -> Result<()> {
        if let Some(threads) = self.threads {
            tch::set_num_threads(threads);
        }
        let name = model_name(&self.out)?;
        let options = Options { size: self.size, channels: self.channels, classes: self.classes.clone() };
        let data = Dataset::open(&self.data, &options)?;
        let folder = self.run.clone().unwrap_or_else(|| Path::new("runs").join(&name));
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let checkpoint = folder.join("checkpoint.safetensors");
        let plan = self.plan(&data)?;
        let mut run = if self.resume {
            let (saved, state) = State::load(&checkpoint, self.device)?;
            ensure!(
                saved == plan,
                "the checkpoint {} is of another run: give the settings it was begun with, or another --run",
                checkpoint.display()
            );
            Run::resume(plan, state, &data, self.device)
        } else {
            Run::begin(plan, &data, self.device)
        };
        let reporter = Reporter::new(&folder.join("log.jsonl"), run.plan.batch)?;
        reporter.say(&format!(
            "{name}: {} rows of {:?}, {} classes; {} weights; {}; checkpoint and log in {}",
            data.len(),
            data.shape(),
            data.classes().len(),
            run.state.weights.count(),
            run.objective(),
            folder.display()
        ));
        self.train(&mut run, reporter, &checkpoint)
    }

    fn plan(&self, data: &Dataset) -> Result<Plan> {
        let &[channels, height, width] = data.shape() else {
            bail!("{}: images are wanted, not points of shape {:?}", self.data.display(), data.shape());
        };
        ensure!(
            height % 4 == 0 && width % 4 == 0,
            "the images are {width}×{height}; both must be multiples of 4: resize them, for a folder with --size"
        );
        ensure!(self.batch > 0 && self.batch <= data.len(), "--batch must be between 1 and {}", data.len());
        let &[c1, c2] = self.width.as_slice() else { bail!("--width takes two numbers, as 48,128") };
        ensure!(c1 > 0 && c2 > 0 && c1 % 16 == 0 && c2 % 16 == 0, "--width takes multiples of 16, as 48,128");
        ensure!(
            0.0 < self.sigma_min && self.sigma_min < self.sigma_max && self.sigma_max.is_finite(),
            "--sigma-min must be above zero and below --sigma-max"
        );
        let length = match (self.steps, self.minutes) {
            (Some(steps), _) => Length::Steps(steps),
            (None, minutes) => Length::Minutes(minutes.unwrap_or(30.0)),
        };
        let (mean, deviation) = data.mean_and_deviation();
        ensure!(deviation > 0.0, "{}: every value is the same; there is nothing to learn", self.data.display());
        Ok(Plan {
            data: data.describe(),
            network: UNet {
                shape: [channels as i64, height as i64, width as i64],
                c1,
                c2,
                classes: data.classes().len() as i64,
                mean,
                deviation,
            },
            sigma_min: self.sigma_min,
            sigma_max: self.sigma_max,
            ln_sigma_mean: -0.8,
            ln_sigma_deviation: 1.4,
            batch: self.batch,
            label_drop: 0.1,
            seed: self.seed,
            length,
            precision: self.precision,
            optimiser: Settings { learning_rate: self.learning_rate, ..Settings::default() },
        })
    }

    fn train(&self, run: &mut Run<'_>, mut reporter: Reporter, checkpoint: &Path) -> Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be listened to")?;
        let every = Duration::from_secs_f64(60.0 * self.checkpoint_minutes.max(0.0));
        let mut saved = Instant::now();
        while run.done() < 1.0 {
            let step = run.step()?;
            reporter.step(&step, run.left())?;
            if stop.load(Ordering::Relaxed) {
                run.state.save(&run.plan, checkpoint)?;
                reporter.say(&format!("stopped; the same command with --resume goes on from {}", checkpoint.display()));
                return Ok(());
            }
            if saved.elapsed() >= every {
                run.state.save(&run.plan, checkpoint)?;
                saved = Instant::now();
            }
        }
        run.state.save(&run.plan, checkpoint)?;
        Ok(())
    }
}

/// The model's name, from the name of its file.
fn model_name(out: &Path) -> Result<String> {
    let name = out.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        out.extension().is_some_and(|e| e == "onnx") && name.chars().all(ok) && !name.is_empty() && !name.starts_with('-'),
        "--out must be a file called NAME.onnx, with a name of lower-case letters, digits and hyphens; not {}",
        out.display()
    );
    Ok(name.to_owned())
}

fn device(text: &str) -> Result<Device, String> {
    let device = match text.split_once(':') {
        None if text == "cpu" => return Ok(Device::Cpu),
        None if text == "cuda" => Device::Cuda(0),
        Some(("cuda", number)) => Device::Cuda(number.parse().map_err(|_| format!("'{number}' is not a number"))?),
        _ => return Err(format!("'{text}' is not cpu, cuda or cuda:N")),
    };
    if !tch::Cuda::is_available() {
        return Err("this libtorch has no CUDA, or there is no GPU: use --device cpu".to_owned());
    }
    Ok(device)
}
