//! `smld-train fit`: from a data set to a score network file.

use super::coordinates;
use super::keeper::{Keeper, checkpoint};
use super::objective::ObjectiveArgs;
use super::reading::Reading;
use super::values::{Threads, minutes, positive, share};
use crate::sampler::SamplerSpec;
use crate::score::onnx::{Provider, Runtime};
use crate::score::{Loader, ModelInfo, ReadyModel, is_name};
use crate::train::checkpoint::State;
use crate::train::data::{Dataset, Options};
use crate::train::lock::Lock;
use crate::train::network::torch::Precision;
use crate::train::network::{Mlp, Network, UNet};
use crate::train::optimiser::{Rule, Settings};
use crate::train::plan::{Length, Past, Plan};
use crate::train::progress::Reporter;
use crate::train::run::Run;
use crate::train::{files, memory};
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
    #[arg(long, conflicts_with = "minutes", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Minutes to train; the learning rate follows the clock. By default 30.
    #[arg(long, value_parser = minutes)]
    minutes: Option<f64>,
    /// Rows of a batch; by default 64 images, or 512 points, or all where there are fewer.
    #[arg(long)]
    batch: Option<usize>,
    /// What moves the kernels of convolutions, by default muon; all else is moved by Adam.
    #[arg(long, value_enum)]
    kernels: Option<Rule>,
    /// The largest learning rate; by default 0.005 for images with Muon, 0.002 with Adam and for points.
    #[arg(long, value_parser = positive)]
    learning_rate: Option<f64>,
    /// For images the channels at half and at quarter resolution, by default 48,64; for points the width of the hidden
    /// layers, by default 96; multiples of 16.
    #[arg(long, value_delimiter = ',', value_parser = width)]
    width: Option<Vec<i64>>,
    #[command(flatten)]
    objective: ObjectiveArgs,
    /// The share of rows that train with their class hidden, so that one file serves with and without a class; by default 0.1.
    /// At 0 the score of all classes together, of "label": -1, is not learnt.
    #[arg(long, value_parser = share)]
    label_drop: Option<f64>,
    /// What convolutions compute in while training.
    #[arg(long, value_enum, default_value_t)]
    precision: Precision,
    /// The seed of weights, order and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    /// Where to train: `cpu`, `cuda` or `cuda:N`.
    #[arg(long, default_value = "cpu", value_parser = device)]
    device: Device,
    /// The run's folder, for checkpoint, log and sample pictures. By default runs/NAME.
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Go on from the checkpoint in the run's folder: exactly, or to another --steps or --minutes, or with another --sampler.
    /// Its network, and where it began with --from, are those of the checkpoint.
    #[arg(long)]
    resume: bool,
    /// Begin with the averaged weights of another run's checkpoint, and its network: on other data of the same shape and number of
    /// classes, or with another objective.
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "width")]
    from: Option<PathBuf>,
    /// Minutes between checkpoints, each with a picture of samples.
    #[arg(long, default_value_t = 5.0, value_parser = minutes)]
    checkpoint_minutes: f64,
    /// The sampler of the run's pictures, and of the file for requests that name none, as JSON; by default the trainer's choice.
    #[arg(long)]
    sampler: Option<SamplerSpec>,
    /// The path of onnxruntime's library, which checks what is written.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// After its last step.
    Finished,
    /// By Ctrl-C, after a checkpoint.
    Interrupted,
}

impl Fit {
    pub(super) fn run(self) -> Result<End> {
        memory::keep();
        self.threads.limit();
        // What the end of the run needs is looked for at its beginning.
        let name = model_name(&self.out)?;
        files::look("--out", &self.out)?;
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let options = Options { count: self.count, seed: self.data_seed, ..self.reading.options() };
        let data = Dataset::open(&self.data, &options)?;
        let folder = self.run.clone().unwrap_or_else(|| Path::new("runs").join(&name));
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let _alone = alone(&folder)?;
        let loader = Loader::new(self.onnxruntime.clone(), Provider::Cpu, false);
        let teacher = self.objective.teacher(&loader)?;
        let mut run = self.begin(&data, teacher.as_ref(), &checkpoint(&folder))?;
        let keeper = Keeper { name: &name, folder: &folder, runtime: &runtime };
        keeper.file(&mut run).context("what this run is to write could not be served")?;
        let mut reporter = Reporter::new(&folder.join("log.jsonl"), run.state.progress.step, run.plan.batch)?;
        reporter.say(&format!(
            "{name}: {} rows of {:?}, {} classes; {} weights; checkpoint, log and samples in {}",
            data.len(),
            data.shape(),
            data.classes().len(),
            run.state.weights.count(),
            folder.display()
        ));
        if let Some(warning) = coordinates::warning(&data, &run.plan.objective) {
            reporter.say(&warning);
        }
        if run.done() >= 1.0 {
            reporter.say("the run is over already; with a larger --steps or --minutes it goes on");
        }
        let end = self.train(&mut run, &mut reporter, &keeper)?;
        if end == End::Finished {
            self.finish(&mut run, &mut reporter, &keeper)?;
        }
        Ok(end)
    }

    /// Keeps what a run has come to that is over.
    fn finish(&self, run: &mut Run<'_>, reporter: &mut Reporter, keeper: &Keeper<'_>) -> Result<()> {
        // The file is worth having even where the checkpoint or the log cannot be kept.
        let kept = keeper.save(run).and(reporter.end());
        files::write(&keeper.file(run)?, &self.out)?;
        let out = self.out.display();
        reporter.say(&format!("wrote {out}; serve it with: smld serve --models {out}"));
        kept?;
        keeper.picture(run, reporter);
        Ok(())
    }

    /// The run, begun or gone on with from `checkpoint`.
    fn begin<'a>(&self, data: &'a Dataset, teacher: Option<&ReadyModel>, checkpoint: &Path) -> Result<Run<'a>> {
        if self.resume {
            return self.go_on(data, teacher, checkpoint);
        }
        let past = self.from.as_ref().map(|path| State::load(path, self.device)).transpose()?;
        let (past, state) =
            past.map(|(plan, state)| (Past { plan: plan.into(), steps: state.progress.step }, state)).unzip();
        let network = past.as_ref().map(|past| fitting(&past.plan.network, data)).transpose()?;
        let plan = self.plan(data, teacher.map(ReadyModel::info), network, past)?;
        ensure!(
            !checkpoint.exists(),
            "{} is there already: go on from it with --resume, or begin in another folder with --run",
            checkpoint.display()
        );
        match state {
            Some(state) => Run::resume(plan, state.afresh(), data, teacher, self.device),
            None => Run::begin(plan, data, teacher, self.device),
        }
    }

    fn go_on<'a>(&self, data: &'a Dataset, teacher: Option<&ReadyModel>, checkpoint: &Path) -> Result<Run<'a>> {
        let (saved, state) = State::load(checkpoint, self.device)?;
        ensure!(
            self.from.is_none() || saved.from.is_some(),
            "the checkpoint {} is of a run that did not begin --from another; leave that out, or give another --run",
            checkpoint.display()
        );
        let network = self.width.is_none().then(|| saved.network.clone());
        let plan = self.plan(data, teacher.map(ReadyModel::info), network, saved.from.clone())?;
        let differences = saved.differences(&plan)?;
        ensure!(
            differences.is_empty(),
            "the checkpoint {} is of another run, with other values of {}: give the settings it was begun with, or another --run",
            checkpoint.display(),
            differences.join(", ")
        );
        let length = self.length().unwrap_or(saved.length);
        let sampler = self.sampler.clone().or(saved.sampler);
        Run::resume(Plan { length, sampler, ..saved }, state, data, teacher, self.device)
    }

    /// The plan for a `network` that is known, or one of its own.
    fn plan(
        &self,
        data: &Dataset,
        teacher: Option<&ModelInfo>,
        network: Option<Network>,
        from: Option<Past>,
    ) -> Result<Plan> {
        let is_image = data.shape().len() > 1;
        let batch = self.batch.unwrap_or(data.len().min(if is_image { 64 } else { 512 }));
        ensure!(batch > 0 && batch <= data.len(), "--batch must be between 1 and {}", data.len());
        self.refuse_what_means_nothing(data)?;
        let (mean, deviation) = data.mean_and_deviation();
        ensure!(deviation > 0.0, "{}: every value is the same; there is nothing to learn", self.data.display());
        Ok(Plan {
            data: data.describe(),
            network: network.map_or_else(|| self.network(data, mean, deviation), Ok)?,
            range: data.range(),
            objective: self.objective.spec(data, deviation, teacher)?,
            batch,
            label_drop: self.label_drop.unwrap_or(0.1),
            seed: self.seed,
            length: self.length().unwrap_or(Length::Minutes(30.0)),
            precision: self.precision,
            optimiser: self.optimiser(is_image),
            sampler: self.sampler.clone(),
            from,
        })
    }

    /// When the run is to be over, where that is asked for.
    fn length(&self) -> Option<Length> {
        self.steps.map(Length::Steps).or(self.minutes.map(Length::Minutes))
    }

    /// Refuses options that mean nothing for `data`.
    fn refuse_what_means_nothing(&self, data: &Dataset) -> Result<()> {
        let is_image = data.shape().len() > 1;
        let given = [
            ("--precision bf16", self.precision == Precision::Bf16),
            ("--kernels muon", self.kernels == Some(Rule::Muon)),
        ];
        for (option, given) in given {
            ensure!(
                is_image || !given,
                "{option} is for convolutions, and the network for points has none; leave it out"
            );
        }
        ensure!(
            self.label_drop.is_none() || !data.classes().is_empty(),
            "--label-drop hides classes, and the data have none; leave it out"
        );
        Ok(())
    }

    /// The optimiser's settings for images or for points.
    fn optimiser(&self, is_image: bool) -> Settings {
        let kernels = self.kernels.unwrap_or(if is_image { Rule::Muon } else { Rule::Adam });
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

    /// Trains to the end, or until Ctrl-C.
    fn train(&self, run: &mut Run<'_>, reporter: &mut Reporter, keeper: &Keeper<'_>) -> Result<End> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be listened to")?;
        let every = Duration::from_secs_f64(60.0 * self.checkpoint_minutes);
        let mut last = Instant::now();
        while run.done() < 1.0 {
            let step = run.step()?;
            reporter.step(&step, run.left());
            // After the last step nothing is left that could be broken off.
            if run.done() < 1.0 && stop.load(Ordering::Relaxed) {
                keeper.save(run)?;
                reporter.say("stopped after a checkpoint; the same command with --resume goes on from it");
                return Ok(End::Interrupted);
            }
            if last.elapsed() >= every {
                match keeper.save(run) {
                    Ok(()) => keeper.picture(run, reporter),
                    Err(error) => reporter.say(&format!("{error:#}; the run goes on, and will try again")),
                }
                last = Instant::now();
            }
        }
        Ok(End::Finished)
    }
}

/// The run's folder for this process alone: two would write over each other's checkpoint, log and pictures.
fn alone(folder: &Path) -> Result<Lock> {
    let busy = format!(
        "another smld-train fit is at work in the folder {}: wait until it is over, or give another --run",
        folder.display()
    );
    Lock::take(&folder.join("lock"), &busy)
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
