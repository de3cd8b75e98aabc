//! `smld-train plot`: figures.

use crate::plot::Figure as Drawing;
use crate::train::plot::loss_curve;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Draw a figure, as SVG or PNG.
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
        /// The figure to write; its name ends in .svg or .png.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Plot {
    pub(super) fn run(self) -> Result<()> {
        match self.figure {
            Figure::Loss { log, out } => {
                let text =
                    std::fs::read_to_string(&log).with_context(|| format!("{} cannot be read", log.display()))?;
                let figure = loss_curve(&text).with_context(|| format!("{} cannot be drawn", log.display()))?;
                write(&figure, &out)
            }
        }
    }
}

/// Pixels of a PNG for each of the figure's own: enough to print.
const PIXEL_RATIO: f32 = 3.0;

/// Writes `figure` as what the name of `out` says it is.
fn write(figure: &Drawing, out: &Path) -> Result<()> {
    let bytes = match out.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => figure.svg()?.into_bytes(),
        Some("png") => figure.picture(PIXEL_RATIO)?.png(None)?,
        _ => bail!("{} is neither SVG nor PNG: let its name end in .svg or .png", out.display()),
    };
    std::fs::write(out, bytes).with_context(|| format!("{} cannot be written", out.display()))
}
