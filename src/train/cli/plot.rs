//! `smld-train plot`: figures.

use crate::plot;
use crate::train::figures::{
    Annealing, Chain, Dimension, Drawing, Field, Kernel, Learnt, Loss, Paths, Quality, StepSize, Theorem, Times,
};
use crate::train::{files, terminal};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Draw a figure, as SVG or PNG, and print its numbers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  smld-train plot field --density two-moons --sigma 0.2 --out field.svg")]
pub(super) struct Plot {
    #[command(subcommand)]
    figure: Figure,
}

/// A figure and where it goes.
#[derive(Args, Debug)]
struct To<F: Args> {
    #[command(flatten)]
    figure: F,
    /// The figure to write; its name ends in .svg or .png.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Figure {
    /// Annealed Langevin dynamics against one noise level, on two modes of unequal weight.
    #[command(after_help = "Example:\n  smld-train plot annealing --out annealing.svg")]
    Annealing(To<Annealing>),
    /// Chains of images from noise to samples.
    #[command(after_help = "Example:\n  smld-train plot chain models/mnist.onnx --label 7 --out chain.png")]
    Chain(To<Chain>),
    /// The error of a kernel density's score against the number of dimensions.
    #[command(after_help = "Example:\n  smld-train plot dimension --points 100,1000 --out dimension.svg")]
    Dimension(To<Dimension>),
    /// A density and its score.
    #[command(after_help = "Example:\n  smld-train plot field --density two-moons --sigma 0.2 --out field.svg")]
    Field(To<Field>),
    /// Kernel densities of a few points against the density that these were drawn from.
    #[command(
        after_help = "Example:\n  smld-train plot kernel --density two-moons --bandwidths 0.05,0.2,0.8 --out kernel.svg"
    )]
    Kernel(To<Kernel>),
    /// A learnt score, the exact one and their difference.
    #[command(
        after_help = "Example:\n  smld-train plot learnt models/two-moons.onnx --density two-moons --out learnt.svg"
    )]
    Learnt(To<Learnt>),
    /// The loss of a run over its steps.
    #[command(after_help = "Example:\n  smld-train plot loss runs/mnist/log.jsonl --out loss.svg")]
    Loss(To<Loss>),
    /// Langevin dynamics with its noise and without, from the same beginnings.
    #[command(after_help = "Example:\n  smld-train plot paths --density ring --tau 0.001 --out paths.svg")]
    Paths(To<Paths>),
    /// The Fréchet distance of samples against the evaluations that they take, by sampler.
    #[command(after_help = "Example:\n  smld-train plot quality quality.json --out quality.svg")]
    Quality(To<Quality>),
    /// The variance that Langevin dynamics reaches on a normal density, against the step size.
    #[command(after_help = "Example:\n  smld-train plot step-size --variance 1 --taus 0.1,0.5,1 --out step-size.svg")]
    StepSize(To<StepSize>),
    /// Denoising and explicit score matching along a line of score functions.
    #[command(after_help = "Example:\n  smld-train plot theorem --points five --sigma 1 --out theorem.svg")]
    Theorem(To<Theorem>),
    /// The same chains of Langevin dynamics at several times.
    #[command(
        after_help = "Example:\n  smld-train plot times --density two-moons --tau 0.001 --times 0,30,3000 --out times.svg"
    )]
    Times(To<Times>),
}

impl Plot {
    pub(super) fn run(self) -> Result<()> {
        match self.figure {
            Figure::Annealing(to) => to.draw(Annealing::draw),
            Figure::Chain(to) => to.draw(Chain::draw),
            Figure::Dimension(to) => to.draw(Dimension::draw),
            Figure::Field(to) => to.draw(Field::draw),
            Figure::Kernel(to) => to.draw(Kernel::draw),
            Figure::Learnt(to) => to.draw(Learnt::draw),
            Figure::Loss(to) => to.draw(Loss::draw),
            Figure::Paths(to) => to.draw(Paths::draw),
            Figure::Quality(to) => to.draw(Quality::draw),
            Figure::StepSize(to) => to.draw(StepSize::draw),
            Figure::Theorem(to) => to.draw(Theorem::draw),
            Figure::Times(to) => to.draw(Times::draw),
        }
    }
}

impl<F: Args> To<F> {
    /// Draws the figure, prints its numbers and writes it, where it can be written.
    fn draw(&self, draw: impl Fn(&F) -> Result<Drawing>) -> Result<()> {
        let format = Format::of(&self.out)?;
        files::look("--out", &self.out)?;
        let Drawing { figure, numbers } = draw(&self.figure)?;
        terminal::print(&numbers);
        files::write(&format.bytes(&figure)?, &self.out)
    }
}

/// Pixels of a PNG for each of the figure's own: enough to print.
const PIXEL_RATIO: f32 = 3.0;

/// What a figure is written as.
#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
}

impl Format {
    /// What the name of `out` says that it is.
    fn of(out: &Path) -> Result<Self> {
        match out.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => bail!("{} is neither SVG nor PNG: let its name end in .svg or .png", out.display()),
        }
    }

    fn bytes(self, figure: &plot::Figure) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Svg => figure.svg()?.into_bytes(),
            Self::Png => figure.picture(PIXEL_RATIO)?.png(None)?,
        })
    }
}
