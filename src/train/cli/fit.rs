//! `smld-train fit`: from a data set to a score network file.

use super::objective::ObjectiveArgs;
use super::reading::Reading;
use crate::engine::RawSampleRequest;
use crate::sampler::SamplerSpec;
use crate::score::onnx::{Provider, Runtime};
use crate::score::{Loader, ModelInfo, ReadyModel, is_name};
use crate::train::checkpoint::State;
use crate::train::data::{Dataset, Options};
use crate::train::export;
use crate::train::memory;
use crate::train::network::torch::Precision;
use crate::train::network::{Mlp, Network, UNet};
use crate::train::optimiser::{Rule, Settings};
use crate::train::plan::{Length, Past, Plan};
use crate::train::progress::Reporter;
use crate::train::run::Run;
use crate::train::sample::{draw, png};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tch::Device;

const EXAMPLES: &str = "Examples:
  smld-train fit --data data/mnist --out models/mnist.onnx --minutes 30
From the weights of another run:
  smld-train fit --data data/fashion-mnist --out models/fashion-mnist.onnx --from runs/mnist/checkpoint.safetensors --minutes 10
Points, drawn from a known density or from an array [N, D]:
  smld-train fit --data two-moons --out models/two-moons.onnx --steps 20000
  smld-train fit --data points.npy --out models/points.onnx --steps 20000
The other objectives:
  smld-train fit --data swiss-roll --out models/ladder.onnx --objective dsm-ladder --levels 10 --steps 20000
  smld-train fit --data data/mnist --out models/small.onnx --objective distil --teacher models/large.onnx --steps 8000
  smld-train fit --data ring --out models/dsm.onnx --objective dsm --sigma 0.3 --steps 5000
  smld-train fit --data ring --out models/esm.onnx --objective esm --sigma 0.3 --steps 2000 --count 2000
  smld-train fit --data ring --out models/ism.onnx --objective ism --sigma 0.3 --trace exact --steps 5000
  smld-train fit --data ring --out models/ssm.onnx --objective ssm --sigma 0.3 --steps 5000";

/// Train a score network on a data set by score matching.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Fit {
    /// The data: a folder of MNIST-style IDX files (raw or .gz), a folder of images whose sub-folders are class names,
    /// CIFAR-10's binary files, or a .npy array of images or points.
    /// Where no such path exists, the name of a density to draw points from: two-moons, swiss-roll, checkerboard, ring,
    /// mixture, gaussian, banana or funnel.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The score network file to write; its name is the model's.
    #[arg(long, value_name = "FILE.onnx")]
    out: PathBuf,
    /// How many points are drawn from a density; by default 20000.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// The seed of those draws, by default 0: another --seed trains on the same data.
    #[arg(long)]
    data_seed: Option<u64>,
    #[command(flatten)]
    reading: Reading,
    /// Steps to train; the same seed and threads give the same curve.
    #[arg(long, conflicts_with = "minutes")]
    steps: Option<u32>,
    /// Minutes to train; the learning rate follows the clock. By default 30.
    #[arg(long)]
    minutes: Option<f64>,
    /// Rows of a batch; by default 64 images, or 512 points.
    #[arg(long)]
    batch: Option<usize>,
    /// What moves the kernels of convolutions; all else is moved by Adam.
    #[arg(long, value_enum, default_value_t = Rule::Muon)]
    kernels: Rule,
    /// The largest learning rate; by default 0.005 for images with Muon, 0.002 with Adam and for points.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// For images the channels at half and at quarter resolution, by default 48,64; for points the width of the hidden
    /// layers, by default 96; multiples of 16.
    #[arg(long, value_delimiter = ',', value_parser = width)]
    width: Option<Vec<i64>>,
    #[command(flatten)]
    objective: ObjectiveArgs,
    /// The share of rows that train with their class hidden, so that one file serves with and without a class.
    #[arg(long, default_value_t = 0.1, value_parser = share)]
    label_drop: f64,
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
    /// Go on from the checkpoint in the run's folder: exactly, or to another --steps or --minutes.
    #[arg(long)]
    resume: bool,
    /// Begin with the averaged weights of another run's checkpoint, and its network: on other data of the same shape and number of
    /// classes, or with another objective.
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "width")]
    from: Option<PathBuf>,
    /// Minutes between checkpoints, each with a picture of samples.
    #[arg(long, default_value_t = 5.0)]
    checkpoint_minutes: f64,
    /// The sampler for requests that name none, as JSON; by default the trainer's choice.
    #[arg(long, value_parser = super::sampler)]
    sampler: Option<SamplerSpec>,
    /// The path of onnxruntime's library, which checks what is written.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

impl Fit {
    pub(super) fn run(self) -> Result<()> {
        memory::keep();
        if let Some(threads) = self.threads {
            tch::set_num_threads(threads);
        }
        // What the end of the run needs is looked for at its beginning.
        let name = model_name(&self.out)?;
        let place = self.out.parent().filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(place.is_dir(), "--out: there is no folder {}; make it first", place.display());
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let options = Options { count: self.count, seed: self.data_seed, ..self.reading.options() };
        let data = Dataset::open(&self.data, &options)?;
        let folder = self.run.clone().unwrap_or_else(|| Path::new("runs").join(&name));
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let loader = Loader::new(self.onnxruntime.clone(), Provider::Cpu, false);
        let teacher = self.objective.teacher(&loader)?;
        let mut run = self.begin(&data, teacher.as_ref(), &folder)?;
        let reporter = Reporter::new(&folder.join("log.jsonl"), self.resume, run.plan.batch)?;
        reporter.say(&format!(
            "{name}: {} rows of {:?}, {} classes; {} weights; checkpoint, log and samples in {}",
            data.len(),
            data.shape(),
            data.classes().len(),
            run.state.weights.count(),
            folder.display()
        ));
        if self.train(&mut run, reporter, &Keeper { name: &name, folder: &folder, runtime: &runtime })? {
            let file = export::file(&run.plan, &run.state, &name, self.sampler.clone());
            export::verify(file.clone(), &runtime, &run.plan, &mut run.state)?;
            export::write(&file, &self.out)?;
            eprintln!("wrote {}; serve it with: smld serve --models {}", self.out.display(), self.out.display());
        }
        Ok(())
    }

    fn begin<'a>(&self, data: &'a Dataset, teacher: Option<&ReadyModel>, folder: &Path) -> Result<Run<'a>> {
        let past = self.from.as_ref().map(|path| State::load(path, self.device)).transpose()?;
        let (past, begun) =
            past.map(|(plan, state)| (Past { plan: plan.into(), steps: state.progress.step }, state)).unzip();
        let plan = self.plan(data, teacher.map(ReadyModel::info), past)?;
        let checkpoint = folder.join(CHECKPOINT);
        if !self.resume {
            ensure!(
                !checkpoint.exists(),
                "{} is there already: go on from it with --resume, or begin in another folder with --run",
                checkpoint.display()
            );
            return match begun {
                Some(state) => Run::resume(plan, state.afresh(), data, teacher, self.device),
                None => Run::begin(plan, data, teacher, self.device),
            };
        }
        let (saved, state) = State::load(&checkpoint, self.device)?;
        ensure!(
            Plan { length: plan.length, ..saved } == plan,
            "the checkpoint {} is of another run: give the settings it was begun with, or another --run",
            checkpoint.display()
        );
        Run::resume(plan, state, data, teacher, self.device)
    }

    fn plan(&self, data: &Dataset, teacher: Option<&ModelInfo>, from: Option<Past>) -> Result<Plan> {
        let batch = self.batch.unwrap_or(if data.shape().len() == 1 { data.len().min(512) } else { 64 });
        ensure!(batch > 0 && batch <= data.len(), "--batch must be between 1 and {}", data.len());
        let length = match (self.steps, self.minutes.unwrap_or(30.0)) {
            (Some(0), _) => bail!("--steps must be at least 1"),
            (Some(steps), _) => Length::Steps(steps),
            (None, minutes) if minutes > 0.0 => Length::Minutes(minutes),
            (None, minutes) => bail!("--minutes must be above zero, not {minutes}"),
        };
        let (mean, deviation) = data.mean_and_deviation();
        ensure!(deviation > 0.0, "{}: every value is the same; there is nothing to learn", self.data.display());
        Ok(Plan {
            data: data.describe(),
            network: match &from {
                Some(past) => fitting(&past.plan.network, data)?,
                None => self.network(data, mean, deviation)?,
            },
            range: data.range(),
            objective: self.objective.spec(data, deviation, teacher)?,
            batch,
            label_drop: self.label_drop,
            seed: self.seed,
            length,
            precision: self.precision,
            optimiser: self.optimiser(data.shape().len() > 1),
            from,
        })
    }

    /// The optimiser's settings for images or for points.
    fn optimiser(&self, is_image: bool) -> Settings {
        // A network for points has no convolutions.
        let kernels = if is_image { self.kernels } else { Rule::Adam };
        let usual = match kernels {
            Rule::Muon => 5e-3,
            Rule::Adam => Settings::default().learning_rate,
        };
        Settings { kernels, learning_rate: self.learning_rate.unwrap_or(usual), ..Settings::default() }
    }

    /// The network for the shape of `data`, told of the mean and the deviation of its values.
    fn network(&self, data: &Dataset, mean: f64, deviation: f64) -> Result<Network> {
        let classes = data.classes().len() as i64;
        let shape: Vec<i64> = data.shape().iter().map(|&n| n as i64).collect();
        match (&shape[..], self.width.as_deref()) {
            (&[dim], None | Some([_])) => {
                ensure!(
                    self.precision == Precision::F32,
                    "--precision bf16 is for convolutions, and the network for points has none; leave it out"
                );
                let hidden = self.width.as_ref().map_or(96, |width| width[0]);
                Ok(Network::Mlp(Mlp { shape: [dim], hidden, classes, mean, deviation }))
            }
            ([_], Some(_)) => bail!("--width for points is one number, as 96"),
            (&[channels, height, width], None | Some([_, _])) => {
                ensure!(
                    height % 4 == 0 && width % 4 == 0,
                    "the images are {width}×{height}; both must be multiples of 4: resize them, for a folder with --size"
                );
                let (c1, c2) = self.width.as_ref().map_or((48, 64), |width| (width[0], width[1]));
                Ok(Network::UNet(UNet { shape: [channels, height, width], c1, c2, classes, mean, deviation }))
            }
            _ => bail!("--width for images is two numbers, as 48,64"),
        }
    }

    /// Trains to the end, or until Ctrl-C: whether it came to the end.
    fn train(&self, run: &mut Run<'_>, mut reporter: Reporter, keeper: &Keeper<'_>) -> Result<bool> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be listened to")?;
        let every = Duration::try_from_secs_f64(60.0 * self.checkpoint_minutes.max(0.0)).unwrap_or(Duration::MAX);
        let mut saved = Instant::now();
        while run.done() < 1.0 {
            let step = run.step()?;
            reporter.step(&step, run.left())?;
            if stop.load(Ordering::Relaxed) {
                run.state.save(&run.plan, &keeper.folder.join(CHECKPOINT))?;
                reporter.say("stopped after a checkpoint; the same command with --resume goes on from it");
                return Ok(false);
            }
            if saved.elapsed() >= every {
                keeper.keep(run)?;
                saved = Instant::now();
            }
        }
        keeper.keep(run)?;
        Ok(true)
    }
}

/// The checkpoint's name in a run's folder.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Keeps what a run has reached.
struct Keeper<'a> {
    name: &'a str,
    folder: &'a Path,
    runtime: &'a Runtime,
}

impl Keeper<'_> {
    /// Writes the checkpoint and, of images and of points of the plane, a picture of what the network as it would be exported
    /// gives now.
    fn keep(&self, run: &mut Run<'_>) -> Result<()> {
        run.state.save(&run.plan, &self.folder.join(CHECKPOINT))?;
        let file = export::file(&run.plan, &run.state, self.name, None);
        let model = export::verify(file, self.runtime, &run.plan, &mut run.state)?;
        let n = match model.info().shape[..] {
            _ if model.info().is_image() => 16,
            [2] => 500,
            _ => return Ok(()),
        };
        let request = RawSampleRequest { n: Some(n), seed: Some(0), ..RawSampleRequest::default() };
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let samples = draw(&model, &request, threads, || {})?;
        let path = self.folder.join(format!("samples-{:06}.png", run.state.progress.step));
        std::fs::write(&path, png(&model, None, &samples)?)
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// The network of another run, where it takes `data`.
fn fitting(network: &Network, data: &Dataset) -> Result<Network> {
    let (shape, classes) = (network.shape(), network.classes());
    ensure!(
        shape.iter().map(|&n| n as usize).eq(data.shape().iter().copied()) && classes as usize == data.classes().len(),
        "--from: that network is for {shape:?} with {classes} classes, and the data are {:?} with {}",
        data.shape(),
        data.classes().len()
    );
    Ok(network.clone())
}

/// The model's name, from the name of its file.
pub(super) fn model_name(out: &Path) -> Result<String> {
    let name = out.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    ensure!(
        out.extension().is_some_and(|e| e == "onnx") && is_name(name),
        "--out must be a file called NAME.onnx, with a name of lower-case letters, digits and hyphens; not {}",
        out.display()
    );
    Ok(name.to_owned())
}

fn width(text: &str) -> Result<i64, String> {
    let width = text.parse().ok().filter(|&width: &i64| width > 0 && width % 16 == 0);
    width.ok_or_else(|| "multiples of 16 are wanted, as 48,64 for images or 96 for points".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a number between 0 and 1 is wanted".to_owned())
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
