//! `make bench`: what the service gives, against what the machine can give.
//!
//! One process has the raw side, sessions of the project's own opening that do nothing but evaluate, and the clients; the
//! other side is the real program over HTTP on the loopback. Both run the same onnxruntime, model and session settings on the
//! same cores, never at once. What is compared is measured in turn, and the figure is the median of the ratios of pairs.
//!
//! | file | what it is |
//! |---|---|
//! | `throughput`, `alone`, `fairness`, `load`, `overload`, `cancel`, `start`, `memory`, `designs` | the parts |
//! | `raw`, `layout`, `limit`, `peak`, `flops`, `profile` | the machine: a bare session, several side by side, the best layout of them, matrix products, what an evaluation costs |
//! | `server`, `client`, `wire`, `exposition`, `process`, `spending` | the service: the program, those who ask, what it and the system say of it |
//! | `queue` | the usual designs, to compare with |
//! | `ask`, `draws` | the workloads |
//! | `statistics`, `figure` | from windows to figures |

mod alone;
mod ask;
mod cancel;
mod client;
mod designs;
mod draws;
mod exposition;
mod fairness;
mod figure;
mod flops;
mod layout;
mod limit;
mod load;
mod memory;
mod overload;
mod peak;
mod process;
mod profile;
mod queue;
mod raw;
mod server;
mod spending;
mod start;
mod statistics;
mod throughput;
mod wire;

use clap::{Parser, ValueEnum};
use figure::Section;
use serde_json::json;
use smld::score::onnx::{OnnxScore, Provider, Runtime};
use smld::score::{ModelInfo, ScoreModel};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures the server against the machine it runs on. Nothing else should run meanwhile.
#[derive(Parser)]
#[command(name = "serving")]
struct Cli {
    /// What is measured; everything by default
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Short windows: five minutes in place of half an hour, and rougher figures
    #[arg(long)]
    quick: bool,
    /// The folder for the figures as JSON and the plots
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    out: PathBuf,
    /// What cargo says to a benchmark; without it nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Part {
    /// The service under saturation against raw sessions, and those against matrix products
    Throughput,
    /// One image when nothing else is asked for
    Alone,
    /// One image beside a thousand, short chains beside long ones
    Fairness,
    /// Throughput and latency against the offered load, plotted
    Load,
    /// Ten times what can be served
    Overload,
    /// Clients that go away
    Cancel,
    /// From the start of the process to its readiness
    Start,
    /// Resident memory against open connections
    Memory,
    /// Other designs of a server over the same sessions
    Designs,
}

impl Part {
    fn measure(self, bench: &Bench) -> Result<Section> {
        match self {
            Self::Throughput => throughput::measure(bench),
            Self::Alone => alone::measure(bench),
            Self::Fairness => fairness::measure(bench),
            Self::Load => load::measure(bench),
            Self::Overload => overload::measure(bench),
            Self::Cancel => cancel::measure(bench),
            Self::Start => start::measure(bench),
            Self::Memory => memory::measure(bench),
            Self::Designs => designs::measure(bench),
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What every part is given.
pub(crate) struct Bench {
    quick: bool,
    out: PathBuf,
    runtime: Runtime,
    file: Vec<u8>,
    model: OnnxScore,
    cores: usize,
    tokio: tokio::runtime::Runtime,
}

impl Bench {
    fn new(cli: &Cli) -> Result<Self> {
        let runtime = Runtime::load(None)?;
        let file = fs::read(format!("models/{}.onnx", ask::MODEL))?;
        let model = OnnxScore::from_bytes(&runtime, file.clone(), Provider::Cpu, false)?;
        // The clients: they wait for the server most of the time.
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let cores = available_parallelism()?.get();
        Ok(Self { quick: cli.quick, out: cli.out.clone(), runtime, file, model, cores, tokio })
    }

    fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.tokio.block_on(future)
    }

    /// `full`, or `quick` where figures may be rough.
    fn choose<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// So many seconds.
    fn seconds(&self, full: f64, quick: f64) -> Duration {
        Duration::from_secs_f64(self.choose(full, quick))
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if !cli.bench {
        println!("serving: nothing is measured but by `make bench`");
        return ExitCode::SUCCESS;
    }
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serving: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let bench = Bench::new(cli)?;
    let _clients_run_there = bench.tokio.enter();
    fs::create_dir_all(&bench.out)?;
    let (processor, load) = (process::processor(), process::load());
    println!("{} cores of {processor}; load before the start {load}", bench.cores);
    let all = || Part::value_variants().to_vec();
    let mut sections = BTreeMap::new();
    for part in if cli.parts.is_empty() { all() } else { cli.parts.clone() } {
        let section = part.measure(&bench)?;
        section.print();
        sections.insert(part.name(), section);
    }
    let machine = json!({ "processor": processor, "cores": bench.cores, "load_before": load });
    let report = json!({
        "version": env!("CARGO_PKG_VERSION"), "machine": machine, "quick": bench.quick, "model": bench.info().sha256,
        "parts": sections,
    });
    let path = bench.out.join("serving.json");
    fs::write(&path, serde_json::to_vec_pretty(&report)?)?;
    println!("\nwritten: {}", path.display());
    Ok(())
}
