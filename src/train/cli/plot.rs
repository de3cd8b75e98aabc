//! `smld-train plot`: figures.

use crate::train::plot::loss_curve;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Draw a figure as SVG.
#[derive(Args, Debug)]
pub(super) struct Plot {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Debug, Subcommand)]
enum Figure {
    /// The loss of a run over its steps.
    #[command(after_help = "Example:\n  smld-train plot loss runs/mnist/log.jsonl --out loss.svg")]
    Loss {
        /// The run's log.
        #[arg(value_name = "LOG.jsonl")]
        log: PathBuf,
        /// The figure to write.
        #[arg(long, value_name = "FILE.svg")]
        out: PathBuf,
    },
}

impl Plot {
    pub(super) fn run(self) -> Result<()> {
        match self.figure {
            Figure::Loss { log, out } => {
                let text =
                    std::fs::read_to_string(&log).with_context(|| format!("{} cannot be read", log.display()))?;
                let svg = loss_curve(&text).with_context(|| format!("{} cannot be drawn", log.display()))?;
                std::fs::write(&out, svg).with_context(|| format!("{} cannot be written", out.display()))
            }
        }
    }
}
