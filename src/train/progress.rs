//! What a run says of itself: a bar on a terminal, plain lines elsewhere, and a log of JSON lines.

use super::run::Step;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;
use serde_json::json;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The reporter of one run.
pub struct Reporter {
    bar: ProgressBar,
    log: File,
    batch: usize,
    /// Mean loss and the number of steps since the last line.
    losses: (f64, u32),
    last: Instant,
    plain: bool,
}

/// A line of the log stands for this many steps; a plain line on the terminal comes every so often.
const LOG_STEPS: u32 = 50;
const PLAIN_EVERY: Duration = Duration::from_secs(10);

impl Reporter {
    /// A reporter with its log at `path`, which keeps what it has of the first `done` steps. Steps have `batch` rows.
    ///
    /// # Errors
    /// Where the log cannot be read or written.
    pub fn new(path: &Path, done: u32, batch: usize) -> Result<Self> {
        let log = log(path, done).with_context(|| format!("the log {} cannot be opened", path.display()))?;
        let plain = !io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
            bar.set_style(style);
        }
        Ok(Self { bar, log, batch, losses: (0.0, 0), last: Instant::now(), plain })
    }

    /// Tells of a step that was done; `left` is how long the rest will take.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn step(&mut self, step: &Step, left: Option<Duration>) -> Result<()> {
        let (sum, count) = (self.losses.0 + step.loss, self.losses.1 + 1);
        self.losses = (sum, count);
        let speed = f64::from(step.step + 1) * self.batch as f64 / step.seconds;
        let left = left.unwrap_or_default().as_secs();
        let line = format!(
            "step {}  loss {:.4}  {speed:.0} rows/s  {}:{:02}:{:02} left",
            step.step + 1,
            sum / f64::from(count),
            left / 3600,
            left / 60 % 60,
            left % 60,
        );
        self.bar.set_position((1000.0 * step.done) as u64);
        if self.plain && (step.step == 0 || self.last.elapsed() >= PLAIN_EVERY) {
            self.last = Instant::now();
            eprintln!("{line}");
        } else {
            self.bar.set_message(line);
        }
        if count == LOG_STEPS {
            let entry = json!({
                "step": step.step + 1, "loss": sum / f64::from(count), "rate": step.rate,
                "seconds": step.seconds, "rows_per_second": speed,
            });
            // In one call: who reads the log meanwhile has whole lines.
            self.log.write_all(format!("{entry}\n").as_bytes()).context("the log cannot be written")?;
            self.losses = (0.0, 0);
        }
        Ok(())
    }

    /// Says one sentence beside the bar.
    pub fn say(&self, sentence: &str) {
        self.bar.suspend(|| eprintln!("{sentence}"));
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What of a line of the log tells its place.
#[derive(Deserialize)]
struct Place {
    step: u32,
}

/// The log at `path`, cut after its lines of the first `done` steps: a run that goes on from a checkpoint does again what came after.
fn log(path: &Path, done: u32) -> io::Result<File> {
    let mut log = File::options().create(true).read(true).append(true).open(path)?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    let is_kept =
        |line: &&str| line.ends_with('\n') && serde_json::from_str(line).is_ok_and(|place: Place| place.step <= done);
    let kept: usize = text.split_inclusive('\n').take_while(is_kept).map(str::len).sum();
    log.set_len(kept as u64)?;
    Ok(log)
}
