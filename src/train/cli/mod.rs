//! The commands of `smld-train`.

mod evaluate;
mod export;
mod features;
mod fit;
mod objective;
mod plot;
mod sample;

use crate::sampler::SamplerSpec;
use clap::{Parser, Subcommand};

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
    /// Draw a figure.
    Plot(plot::Plot),
    /// Draw samples from a score network file into one picture.
    Sample(sample::Sample),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever kept it from being done, as sentences for a person.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Fit(fit) => fit.run(),
            Command::Export(export) => export.run(),
            Command::Features(features) => features.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Plot(plot) => plot.run(),
            Command::Sample(sample) => sample.run(),
        }
    }
}

/// A sampler as a person types it, in the JSON of a request.
pub(super) fn sampler(text: &str) -> Result<SamplerSpec, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
