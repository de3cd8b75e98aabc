//! The loss of a run over its steps.

use super::Drawing;
use crate::plot::{Axis, Figure, Panel, Style, palette};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;

/// The options of `plot loss`.
#[derive(Args, Debug)]
pub struct Loss {
    /// The run's log.
    #[arg(value_name = "LOG.jsonl")]
    log: PathBuf,
}

/// A line of a run's log, as far as it is drawn.
#[derive(Deserialize)]
struct Entry {
    step: u32,
    loss: f64,
}

/// How many lines of the log are averaged into the smooth curve.
const SMOOTH: usize = 10;

impl Loss {
    /// Every line of the log in grey, and a running mean; in numbers the mean over the first lines and the last.
    ///
    /// # Errors
    /// Where the log cannot be read, has a line that is not one of a run's, or fewer than two.
    pub fn draw(&self) -> Result<Drawing> {
        let log = self.log.display();
        let text = std::fs::read_to_string(&self.log).with_context(|| format!("{log} cannot be read"))?;
        // A run that was broken off may have begun a last line.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let entries = whole.lines().map(serde_json::from_str).collect::<Result<Vec<Entry>, _>>();
        let entries = entries.with_context(|| format!("{log} is not the log of a run"))?;
        ensure!(entries.len() > 1, "{log} has {} lines, and a curve needs two", entries.len());
        let points: Vec<[f64; 2]> = entries.iter().map(|entry| [f64::from(entry.step), entry.loss]).collect();
        let mean = |points: &[[f64; 2]]| points.iter().map(|point| point[1]).sum::<f64>() / points.len() as f64;
        let windows = points.windows(SMOOTH.min(points.len()));
        let smooth: Vec<[f64; 2]> = windows.map(|window| [window[window.len() / 2][0], mean(window)]).collect();
        let (first, last) = (smooth[0][1], smooth[smooth.len() - 1][1]);
        let steps = points.iter().map(|point| point[0]).fold(0.0, f64::max);
        // The first losses are far above the rest; what is worth seeing is the rest.
        let mut losses: Vec<f64> = points.iter().map(|point| point[1]).collect();
        losses.sort_by(f64::total_cmp);
        let (low, high) = (losses[0], losses[losses.len() * 98 / 100]);
        // Implicit and sliced score matching have losses below zero; a loss that stays the same still needs an axis.
        let margin = (0.05 * (high - low)).max(1e-3 * high.abs()).max(f64::MIN_POSITIVE);
        let axes = [Axis::named([0.0, steps], "step"), Axis::named([low - margin, high + margin], "loss")];
        let [x, y] = axes;
        let panel = Panel::new([680, 320], x, y)
            .line(points, Style::new(palette::GREY, 1.0).labelled("loss"))
            .line(smooth, Style::new(palette::BLUE, 2.0).labelled("running mean"));
        let numbers =
            format!("loss over the first {SMOOTH} lines {first:.4}, over the last {last:.4}, {steps} steps\n");
        Ok(Drawing { figure: Figure::row(vec![panel]), numbers })
    }
}
