//! Figures, as SVG.

use anyhow::{Result, ensure};
use plotters::prelude::*;
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
pub fn loss_curve(log: &str) -> Result<String> {
    let entries = log.lines().map(serde_json::from_str).collect::<Result<Vec<Entry>, _>>()?;
    ensure!(entries.len() > 1, "a curve needs two lines of log; there are {}", entries.len());
    let points: Vec<(f64, f64)> = entries.iter().map(|entry| (f64::from(entry.step), entry.loss)).collect();
    let mean = |points: &[(f64, f64)]| points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64;
    let smooth = points.windows(SMOOTH.min(points.len())).map(|window| (window[window.len() / 2].0, mean(window)));
    let steps = points.iter().map(|point| point.0).fold(0.0, f64::max);
    // The first losses are far above the rest; what is worth seeing is the rest.
    let mut losses: Vec<f64> = points.iter().map(|point| point.1).collect();
    losses.sort_by(f64::total_cmp);
    let (low, high) = (losses[0], losses[losses.len() * 98 / 100]);

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (800, 400)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..steps, 0.98 * low..1.02 * high)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(230, 230, 230))
            .x_desc("step")
            .y_desc("loss")
            .x_label_formatter(&|step| format!("{step:.0}"))
            .y_label_formatter(&|loss| format!("{loss:.3}"))
            .draw()?;
        let visible = points.iter().map(|&(step, loss)| (step, loss.min(1.02 * high)));
        chart.draw_series(LineSeries::new(visible, RGBColor(190, 190, 190).stroke_width(1)))?;
        chart.draw_series(LineSeries::new(smooth, BLUE.stroke_width(2)))?;
        area.present()?;
    }
    Ok(svg)
}
