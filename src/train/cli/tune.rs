//! `smld-train tune`: a sampler's own parameters, searched.

use super::comparison::{Comparison, Opened, data, features, fits, judge};
use super::{bar, distance, keep};
use crate::sampler::SamplerSpec;
use crate::score::onnx::{OnnxScore, Provider, Runtime, with_sampler};
use crate::train::evaluate::frechet::Estimate;
use crate::train::sample::load;
use crate::train::tune::{Round, Trial, Verdict, cost, measure, move_levels, rounds, search, settings, verdict};
use crate::train::{files, terminal};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Search for the parameters by which a sampler's samples are nearest to the data.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld-train tune models/mnist.onnx --data data/mnist --features models/features/mnist.onnx\n  \
    smld-train tune models/mnist.onnx --data data/mnist --features models/features/mnist.onnx --n 128 --trials 20 \\\n      \
    --method predictor_corrector --evaluations 35 --json tuned.json\n  \
    smld-train tune models/mnist.onnx --data data/mnist --features models/features/mnist.onnx --method ancestral \\\n      \
    --evaluations 8 --n 500 --trials 18 --moves 60 --write\n\n\
    All settings have --n samples drawn each; the best third has three times as many, and so on. Of the best of the last round \
    the noise levels are moved --moves times, and what comes out is compared with the method's default on fresh samples. \
    docs/EVALUATION.md says what is searched.")]
pub(super) struct Tune {
    /// The score network file to draw from.
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    #[command(flatten)]
    comparison: Comparison,
    /// The method: annealed_langevin, predictor_corrector, ancestral, probability_flow or langevin.
    #[arg(long, default_value = "annealed_langevin", value_parser = method)]
    method: SamplerSpec,
    /// The evaluations that a chain may have. Steps or levels are as many as fit.
    #[arg(long, default_value_t = 100)]
    evaluations: u32,
    /// How many settings are tried, the default among them.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(2..=1000))]
    trials: u16,
    /// How many samples of each setting are drawn at first; 40 at least, and more than there are features.
    #[arg(long, default_value_t = 256)]
    n: u32,
    /// How often a noise level of the best setting is moved, or its η, of ancestral and probability_flow: eight times for each level
    /// is enough. Each time as many samples are drawn as in the last round.
    #[arg(long, default_value_t = 0)]
    moves: u16,
    /// The seed of the samples. Those of the last comparison have the next.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write all that was measured as JSON.
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Make what was found the sampler by which the model is sampled where a request names none: the best setting or, where it
    /// is no better, the method's default at so many evaluations. The file is written again, its weights as they were.
    #[arg(long)]
    write: bool,
}

impl Tune {
    pub(super) fn run(self) -> Result<()> {
        if let Some(path) = &self.json {
            files::look("--json", path)?;
        }
        if self.write {
            files::look("--write", &self.model)?;
        }
        ensure!(
            self.moves == 0 || matches!(self.method, SamplerSpec::Ancestral(_) | SamplerSpec::ProbabilityFlow(_)),
            "--moves is of ancestral and probability_flow, which go down noise levels that can be named"
        );
        let Opened { runtime, split, network, threads } = self.comparison.open()?;
        let model = load(&runtime, &self.model, Provider::Cpu, threads)?;
        let info = model.info();
        fits(info, split.data().shape())?;
        let settings = settings(&self.method, info, self.evaluations, self.trials.into())?;
        let default = settings[0].clone();
        let rounds = rounds(settings.len(), self.n);
        let samples = rounds.last().map_or(self.n, |round| round.samples);
        let features = features(network.as_ref());
        let (mut judge, held_out) = judge(&split, network, &model, threads, self.n)?;
        let mark = judge.mark(&held_out, samples as usize)?.estimate();

        let moves = usize::from(self.moves);
        let bar = bar("samples", cost(&rounds, moves) as usize);
        let mut told = Vec::new();
        let best = search(
            &mut judge,
            settings,
            &rounds,
            self.seed,
            || bar.inc(1),
            |round, trials| {
                bar.suspend(|| terminal::print(&table(*round, trials)));
                told.push(json!({"samples": round.samples, "trials": trials}));
            },
        )?;
        let best = best.context("every setting diverges; the model is damaged, or was not trained")?;
        let mut tried = 0;
        let right = move_levels(&best, info.sigma_range(), moves, |setting| {
            tried += 1;
            Ok(measure(&mut judge, setting, samples, self.seed, || bar.inc(1))?.map(|found| found.estimate()))
        })?;
        if tried > 0 {
            let those = if right.is_empty() { "none was right\n".to_owned() } else { rows(&right) };
            let told = format!("\n{tried} moves, {samples} samples of each; the right ones\n{those}");
            bar.suspend(|| terminal::print(&told));
        }
        let best = right.last().unwrap_or(&best).sampler.clone();
        let verdict = verdict(&mut judge, [best, default], samples, self.seed.wrapping_add(1), || bar.inc(1))?;
        bar.finish_and_clear();
        let figures = json!({
            "smld": env!("CARGO_PKG_VERSION"),
            "model": {"name": info.name, "sha256": info.sha256},
            "data": data(&split),
            "features": features,
            "evaluations": self.evaluations,
            "seed": self.seed,
            "held_out": mark,
            "rounds": told,
            "moves": {"samples": samples, "tried": tried, "right": right},
            "verdict": verdict,
        });
        // First what was measured for long; that it cannot be kept is told after all that can.
        let kept = keep(&figures, self.json.as_deref());
        terminal::print(&conclusion(&verdict, mark));
        if self.write {
            write(&self.model, &runtime, if verdict.is_better() { &verdict.best } else { &verdict.default })?;
        }
        kept
    }
}

/// A method by its name alone.
fn method(text: &str) -> Result<SamplerSpec, String> {
    serde_json::from_value(json!({"method": text})).map_err(|error| error.to_string())
}

/// The settings of a round, the best first.
fn table(Round { settings, samples }: Round, trials: &[Trial]) -> String {
    format!("\n{settings} settings, {samples} samples of each\n{}", rows(trials))
}

fn rows(trials: &[Trial]) -> String {
    trials.iter().map(|trial| format!("{}  {}\n", distance(trial.frechet), json!(trial.sampler))).collect()
}

/// The best beside the default and held-out rows, and which of the two to take.
fn conclusion(verdict: &Verdict, mark: Estimate) -> String {
    let Verdict { samples, best, default, gain } = verdict;
    let compared =
        [("best", best.frechet), ("default", default.frechet), ("held-out rows", Some(mark)), ("gain", *gain)];
    let rows: String = compared.map(|(what, frechet)| format!("{what:<14}{}\n", distance(frechet))).concat();
    let (chosen, why) = match verdict.is_better() {
        true => (best, "the best is better than the default"),
        false => (default, "nothing is better than the default by more than two standard errors: keep the default"),
    };
    format!("\n{samples} fresh samples of each\n{rows}{why}\n--sampler '{}'\n", json!(chosen.sampler))
}

/// Makes the sampler of `trial` that of the model in `path`.
fn write(path: &Path, runtime: &Runtime, trial: &Trial) -> Result<()> {
    ensure!(
        trial.frechet.is_some(),
        "the default diverges, and nothing was found that does not; the file stays as it is"
    );
    let about = || format!("{} cannot be given another sampler", path.display());
    let file = with_sampler(&std::fs::read(path).with_context(about)?, &trial.sampler).with_context(about)?;
    OnnxScore::from_bytes(runtime, file.clone(), Provider::Cpu, false).with_context(about)?;
    files::write(&file, path)?;
    terminal::print(&format!("wrote {}\n", path.display()));
    Ok(())
}
