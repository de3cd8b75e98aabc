//! What an evaluation of a network takes, and which of its operators take it:
//! `cargo bench --bench network -- models/mnist.onnx [OTHER.onnx …]`.
//!
//! One thread, the server's session. The networks run in turns, so that what disturbs one disturbs the others: the ratios are
//! the figures.

#[path = "../serving/flops.rs"]
mod flops;
#[path = "../serving/profile.rs"]
mod profile;

use ort::session::builder::GraphOptimizationLevel;
use serde::Deserialize;
use smld::sampler::{Noise, Purpose};
use smld::score::onnx::{OnnxScore, Provider, Runtime};
use smld::score::{Rows, ScoreModel, ScoreSession};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Rows of a batch: alone, and as many as is fastest.
const ROWS: [usize; 2] = [1, 8];
/// Evaluations of rows in one turn of a network, and turns.
const EVALUATIONS: usize = 64;
const TURNS: usize = 15;
/// Runs of the profile.
const RUNS: usize = 50;

/// A phase of a node that has run: `…_kernel_time` is its own work.
#[derive(Deserialize)]
struct Event {
    name: String,
    /// Microseconds.
    #[serde(default)]
    dur: u64,
    #[serde(default)]
    args: Arguments,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments {
    op_name: String,
}

/// A network at work.
struct Running {
    name: String,
    file: Vec<u8>,
    model: OnnxScore,
    session: Box<dyn ScoreSession>,
}

fn main() -> Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let paths = if paths.is_empty() { vec!["models/mnist.onnx".to_owned()] } else { paths };
    let runtime = Runtime::load(None)?;
    let mut networks = paths.iter().map(|path| Running::open(&runtime, path)).collect::<Result<Vec<_>>>()?;
    for rows in ROWS {
        let mut seconds = vec![Vec::new(); networks.len()];
        for _ in 0..TURNS {
            for (network, seconds) in networks.iter_mut().zip(&mut seconds) {
                seconds.push(network.seconds(rows)?);
            }
        }
        println!("{rows} rows a batch, one thread:");
        for (network, own) in networks.iter().zip(&seconds) {
            let flops = flops::of_one_row(&runtime, &network.file, network.model.info())? as f64;
            let ratio = median(seconds[0].iter().zip(own).map(|(first, own)| first / own));
            let each = median(own.iter().copied());
            println!(
                "  {:32} {:6.0} evaluations/s  {:5.1} MFLOP each  {:5.1} GFLOP/s  {ratio:.2} × the first",
                network.name,
                1.0 / each,
                flops / 1e6,
                flops / each / 1e9
            );
        }
    }
    for network in &networks {
        network.profile(&runtime)?;
    }
    Ok(())
}

impl Running {
    fn open(runtime: &Runtime, path: &str) -> Result<Self> {
        let model = OnnxScore::load(runtime, Path::new(path), Provider::Cpu, false)?;
        let session = model.open(1)?;
        Ok(Self { name: path.to_owned(), file: std::fs::read(path)?, model, session })
    }

    /// Seconds of one evaluation in batches of `rows`, over [`EVALUATIONS`] of them after a warm one.
    fn seconds(&mut self, rows: usize) -> Result<f64> {
        let info = self.model.info();
        let mut x = vec![0.0; rows * info.dim()];
        Noise::new(0, 0, Purpose::Sampling).for_each_normal(0, &mut x, |_, x, z| *x = z);
        let (sigma, label, mut score) = (vec![1.0; rows], vec![-1; rows], vec![0.0; x.len()]);
        let rows_of = Rows { x: &x, sigma: &sigma, label: &label };
        self.session.evaluate(rows_of, &mut score)?;
        let start = Instant::now();
        for _ in 0..EVALUATIONS / rows {
            self.session.evaluate(rows_of, &mut score)?;
        }
        Ok(start.elapsed().as_secs_f64() / EVALUATIONS as f64)
    }

    /// Prints which operators the time goes to, as onnxruntime's own clock has it.
    fn profile(&self, runtime: &Runtime) -> Result<()> {
        let size = [ROWS[1], RUNS];
        let events: Vec<Event> =
            profile::of(runtime, &self.file, self.model.info(), GraphOptimizationLevel::Level3, size)?;
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        for event in events.iter().filter(|event| event.name.ends_with("_kernel_time")) {
            *times.entry(&event.args.op_name).or_default() += event.dur;
        }
        let all: u64 = times.values().sum();
        let mut times: Vec<(&str, u64)> = times.into_iter().collect();
        times.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        let shares = times.iter().map(|&(name, time)| (name, 100.0 * time as f64 / all as f64));
        let shares: Vec<String> =
            shares.filter(|&(_, share)| share >= 0.5).map(|(name, share)| format!("{name} {share:.1}")).collect();
        println!("{}: per cent of the time by operator: {}", self.name, shares.join(", "));
        Ok(())
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
