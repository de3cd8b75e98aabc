//! What an evaluation of a network takes, and which of its operators take it:
//! `cargo bench --bench network -- [PROVIDER@]FILE.onnx …`; by default `models/mnist.onnx`, and the provider `cpu`.
//!
//! One thread, the server's session. The networks run in turns, so that what disturbs one disturbs the others: the ratios are
//! the figures. Operators are those of the provider `cpu`.

#[path = "../serving/flops.rs"]
mod flops;
#[path = "../serving/profile.rs"]
mod profile;
#[path = "../serving/raw.rs"]
mod raw;
#[path = "../serving/statistics.rs"]
#[expect(dead_code, reason = "the median and the ratios are enough here")]
mod statistics;

use ort::session::builder::GraphOptimizationLevel;
use raw::Raw;
use serde::Deserialize;
use smld::score::ScoreModel;
use smld::score::onnx::{OnnxScore, Provider, Runtime};
use statistics::{median, ratios};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

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

/// A network and what runs it.
struct Network {
    name: String,
    provider: Provider,
    file: Vec<u8>,
    model: OnnxScore,
}

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let names = if names.is_empty() { vec!["models/mnist.onnx".to_owned()] } else { names };
    let runtime = Runtime::load(None)?;
    let networks = names.into_iter().map(|name| Network::open(&runtime, name)).collect::<Result<Vec<_>>>()?;
    for rows in ROWS {
        let mut sessions =
            networks.iter().map(|network| Raw::open(&network.model, 1, rows)).collect::<Result<Vec<_>>>()?;
        let mut seconds = vec![Vec::new(); networks.len()];
        for _ in 0..TURNS {
            for (session, seconds) in sessions.iter_mut().zip(&mut seconds) {
                session.evaluate()?;
                let turn = session.chain((EVALUATIONS / rows) as u32)?;
                seconds.push(turn.as_secs_f64() / EVALUATIONS as f64);
            }
        }
        println!("{rows} rows a batch, one thread:");
        for (network, own) in networks.iter().zip(&seconds) {
            let flops = flops::of_one_row(&runtime, &network.file, network.model.info())? as f64;
            let pairs: Vec<[f64; 2]> = seconds[0].iter().zip(own).map(|(&first, &own)| [first, own]).collect();
            let (each, ratio) = (median(own), median(&ratios(&pairs)));
            println!(
                "  {:32} {:6.0} evaluations/s  {:5.1} MFLOP each  {:5.1} GFLOP/s  {ratio:.2} × the first",
                network.name,
                1.0 / each,
                flops / 1e6,
                flops / each / 1e9
            );
        }
    }
    for network in networks.iter().filter(|network| network.provider == Provider::Cpu) {
        network.profile(&runtime)?;
    }
    Ok(())
}

impl Network {
    fn open(runtime: &Runtime, name: String) -> Result<Self> {
        let (provider, path) = name.split_once('@').unwrap_or(("cpu", &name));
        let (provider, path) = (provider.parse()?, Path::new(path));
        let model = OnnxScore::load(runtime, path, provider, false)?;
        Ok(Self { provider, file: std::fs::read(path)?, model, name })
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
