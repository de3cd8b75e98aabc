//! The quality of samples against the evaluations that they take.

use super::Drawing;
use crate::plot::{Axis, Figure, Panel, Style, palette};
use crate::train::evaluate::sweep::{Sweep, name};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;

/// The options of `plot quality`.
#[derive(Args, Debug)]
pub struct Quality {
    /// The files of `smld-train sweep`, a panel each.
    #[arg(value_name = "FILE.json", required = true)]
    files: Vec<PathBuf>,
}

/// Room around the data on a logarithmic axis, and that above them for the legend, in parts of their height.
const ROOM: f64 = 1.3;
const LEGEND: f64 = 0.45;

impl Quality {
    /// The Fréchet distance against the evaluations, a curve for each sampler with a standard error up and down, and that of
    /// held-out rows; in numbers the table of each file.
    ///
    /// # Errors
    /// Where a file cannot be read, is something else, or has no distance.
    pub fn draw(&self) -> Result<Drawing> {
        let (mut panels, mut numbers) = (Vec::new(), String::new());
        for path in &self.files {
            let sweep = Sweep::open(path)?.with_context(|| format!("there is no file {}", path.display()))?;
            panels.push(panel(&sweep).with_context(|| path.display().to_string())?);
            numbers += &format!("{}\n\n{sweep}\n", sweep.model());
        }
        Ok(Drawing { figure: Figure::row(panels), numbers })
    }
}

fn panel(sweep: &Sweep) -> Result<Panel> {
    let mark = sweep.held_out.distance;
    let found = || sweep.points.iter().filter_map(|point| Some((f64::from(point.evaluations), point.frechet?)));
    ensure!(found().next().is_some(), "every sampler diverges: there is no distance to draw");
    let (mut across, mut highest) = ([f64::INFINITY, 0.0], mark);
    for (evaluations, frechet) in found() {
        across = [across[0].min(evaluations), across[1].max(evaluations)];
        highest = highest.max(frechet.distance + frechet.standard_error);
    }
    let highest = highest.max(f64::MIN_POSITIVE);
    // Of samples that are the data themselves the distance is zero, which a logarithmic axis has not: it lies at the low end.
    let distances = found().map(|(_, frechet)| frechet.distance).chain([mark]);
    let lowest = distances.filter(|&distance| distance > 0.0).fold(highest, f64::min);
    let [across, [low, high]] = [across, [lowest, highest]].map(|[low, high]| [low / ROOM, high * ROOM]);
    let up = [low, high * libm::pow(high / low, LEGEND)];
    let shown = |y: f64| y.clamp(up[0], up[1]);

    let axes = [Axis::named(across, "evaluations for a sample"), Axis::named(up, "Fréchet distance")];
    let [x, y] = axes.map(Axis::logarithmic);
    let level = vec![[across[0], shown(mark)], [across[1], shown(mark)]];
    let mut panel = Panel::new([520, 420], x, y)
        .title(sweep.model())
        .line(level, Style::new(palette::GREY, 1.4).labelled("held-out rows in place of samples"));
    for (asked, colour) in sweep.asked().into_iter().zip(palette::SERIES.into_iter().cycle()) {
        let mut curve: Vec<(f64, _)> = (sweep.points.iter().filter(|point| point.asked == *asked))
            .filter_map(|point| Some((f64::from(point.evaluations), point.frechet?)))
            .collect();
        curve.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let dots: Vec<[f64; 2]> = curve.iter().map(|&(x, frechet)| [x, shown(frechet.distance)]).collect();
        for (x, frechet) in curve {
            let ends = [frechet.distance - frechet.standard_error, frechet.distance + frechet.standard_error];
            panel = panel.line(ends.map(|y| [x, shown(y)]).to_vec(), Style::new(colour, 1.2));
        }
        let style = Style::new(colour, 1.8).labelled(name(asked));
        panel = panel.line(dots.clone(), style).points(dots, Style::new(colour, 3.0));
    }
    Ok(panel)
}
