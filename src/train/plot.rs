//! Figures of a training.

use crate::plot::{Axis, Figure, Panel, Style, palette};
use anyhow::{Result, ensure};
use serde::Deserialize;

/// A line of a run's log, as far as it is drawn.
#[derive(Deserialize)]
struct Entry {
    step: u32,
    loss: f64,
}

/// How many lines of the log are averaged into the smooth curve.
const SMOOTH: usize = 10;

/// The loss over the steps of a run, from its `log` of JSON lines: every line of it in grey, and a running mean.
///
/// # Errors
/// Where the log has a line that is not one of a run's, or fewer than two.
pub fn loss_curve(log: &str) -> Result<Figure> {
    let entries = log.lines().map(serde_json::from_str).collect::<Result<Vec<Entry>, _>>()?;
    ensure!(entries.len() > 1, "a curve needs two lines of log; there are {}", entries.len());
    let points: Vec<[f64; 2]> = entries.iter().map(|entry| [f64::from(entry.step), entry.loss]).collect();
    let mean = |points: &[[f64; 2]]| points.iter().map(|point| point[1]).sum::<f64>() / points.len() as f64;
    let smooth = points.windows(SMOOTH.min(points.len())).map(|window| [window[window.len() / 2][0], mean(window)]);
    let smooth: Vec<[f64; 2]> = smooth.collect();
    let steps = points.iter().map(|point| point[0]).fold(0.0, f64::max);
    // The first losses are far above the rest; what is worth seeing is the rest.
    let mut losses: Vec<f64> = points.iter().map(|point| point[1]).collect();
    losses.sort_by(f64::total_cmp);
    let (low, high) = (losses[0], losses[losses.len() * 98 / 100]);
    let panel =
        Panel::new([680, 320], Axis::named([0.0, steps], "step"), Axis::named([0.98 * low, 1.02 * high], "loss"))
            .line(points, Style::new(palette::GREY, 1.0).labelled("loss"))
            .line(smooth, Style::new(palette::BLUE, 2.0).labelled("running mean"));
    Ok(Figure::row(vec![panel]))
}
