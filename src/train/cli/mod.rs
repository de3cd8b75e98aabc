//! The commands of `smld-train`.

mod comparison;
mod coordinates;
mod evaluate;
mod export;
mod features;
mod fit;
mod keeper;
mod objective;
mod plot;
mod reading;
mod sample;
mod sweep;
mod tune;
mod values;

use crate::train::evaluate::frechet::Estimate;
use crate::train::files;
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::path::Path;

/// Trains score networks and writes them as ONNX files that `smld serve` serves.
#[derive(Debug, Parser)]
#[command(name = "smld-train", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a score network on a data set.
    Fit(fit::Fit),
    /// Write the score network file of a checkpoint.
    Export(export::Export),
    /// Train a feature network on a labelled data set, for `evaluate`.
    Features(features::Features),
    /// Compare samples with the data: distance, cover, memory, classes.
    Evaluate(evaluate::Evaluate),
    /// Compare samples of several samplers at several numbers of evaluations with the data.
    Sweep(sweep::Sweep),
    /// Search for a sampler's parameters.
    Tune(tune::Tune),
    /// Draw a figure.
    Plot(plot::Plot),
    /// Draw samples from a score network file into one picture.
    Sample(sample::Sample),
}

/// The exit status of a run that Ctrl-C ended: 128 and the signal's number, as shells tell it.
const INTERRUPTED: i32 = 130;

impl Cli {
    /// Does what was asked. A `fit` that Ctrl-C ended ends the process, with status 130.
    ///
    /// # Errors
    /// Whatever kept it from being done, as sentences for a person.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Fit(fit) => match fit.run()? {
                fit::End::Finished => Ok(()),
                // Neither success nor an error to be told: it has said how to go on.
                fit::End::Interrupted => std::process::exit(INTERRUPTED),
            },
            Command::Export(export) => export.run(),
            Command::Features(features) => features.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Sweep(sweep) => sweep.run(),
            Command::Tune(tune) => tune.run(),
            Command::Plot(plot) => plot.run(),
            Command::Sample(sample) => sample.run(),
        }
    }
}

/// Writes `figures` as JSON to `path`, where one is given.
fn keep(figures: &Value, path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    files::write((serde_json::to_string_pretty(figures)? + "\n").as_bytes(), path)
}

/// How far something has come that is done `length` times.
fn bar(what: &'static str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(what);
    match ProgressStyle::with_template("{msg:14} {bar:30} {pos}/{len}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A distance as it is shown, flush right.
fn distance(frechet: Option<Estimate>) -> String {
    let shown = frechet.map_or_else(|| "diverges".to_owned(), |found| found.to_string());
    format!("{shown:>20}")
}
