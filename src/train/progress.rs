//! What a run says of itself: a bar on a terminal, plain lines elsewhere, and a log of JSON lines.

use super::run::Step;
use super::terminal;
use anyhow::{Context, Error, Result};
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
    /// The sum of the losses and the number of steps since the last line of the log, and the last of those steps.
    losses: (f64, u32),
    latest: Option<Step>,
    /// The first line of the log that could not be written.
    fault: Option<Error>,
    last: Instant,
    plain: bool,
}

/// A line of the log comes after every so many steps of the whole run; a plain line on the terminal every so often.
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
        Ok(Self { bar, log, batch, losses: (0.0, 0), latest: None, fault: None, last: Instant::now(), plain })
    }

    /// Tells of a step that was done; `left` is how long the rest will take. Where the log cannot be written that is said once.
    pub fn step(&mut self, step: &Step, left: Option<Duration>) {
        self.losses = (self.losses.0 + step.loss, self.losses.1 + 1);
        self.latest = Some(*step);
        self.show(step, left);
        // By the number of the step, so that a run that was interrupted has its lines where one in a piece has them.
        if (step.step + 1).is_multiple_of(LOG_STEPS) {
            self.enter(step);
        }
    }

    /// Logs the steps since the last line, the run being over.
    ///
    /// # Errors
    /// Where a line of the log could not be written, now or before.
    pub fn end(&mut self) -> Result<()> {
        if let Some(step) = self.latest {
            self.enter(&step);
        }
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Shows how far the run is.
    fn show(&mut self, step: &Step, left: Option<Duration>) {
        let left = left.unwrap_or_default().as_secs();
        let line = format!(
            "step {}  loss {:.4}  {:.0} rows/s  {}:{:02}:{:02} left",
            step.step + 1,
            self.loss(),
            self.speed(step),
            left / 3600,
            left / 60 % 60,
            left % 60,
        );
        self.bar.set_position((1000.0 * step.done) as u64);
        if self.plain && (step.step == 0 || self.last.elapsed() >= PLAIN_EVERY) {
            self.last = Instant::now();
            terminal::tell(&line);
        } else {
            self.bar.set_message(line);
        }
    }

    /// Writes a line of the log, for the steps since the last one up to `step`.
    fn enter(&mut self, step: &Step) {
        let entry = json!({
            "step": step.step + 1, "loss": self.loss(), "rate": step.rate,
            "seconds": step.seconds, "rows_per_second": self.speed(step),
        });
        (self.losses, self.latest) = ((0.0, 0), None);
        if let Err(error) = append(&mut self.log, &format!("{entry}\n"))
            && self.fault.is_none()
        {
            self.say(&format!("the log cannot be written: {error}; the run goes on, and its log lacks steps"));
            self.fault = Some(Error::new(error).context("the log lacks steps that could not be written"));
        }
    }

    /// The mean loss since the last line of the log.
    fn loss(&self) -> f64 {
        self.losses.0 / f64::from(self.losses.1)
    }

    /// Rows a second since the run began.
    fn speed(&self, step: &Step) -> f64 {
        f64::from(step.step + 1) * self.batch as f64 / step.seconds
    }

    /// Says one sentence beside the bar.
    pub fn say(&self, sentence: &str) {
        self.bar.suspend(|| terminal::tell(sentence));
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Adds `line` to `log`, or nothing where not all of it can be written.
fn append(log: &mut File, line: &str) -> io::Result<()> {
    let length = log.metadata()?.len();
    // In one call: who reads the log meanwhile has whole lines.
    let written = log.write_all(line.as_bytes());
    if written.is_err() {
        let _ = log.set_len(length);
    }
    written
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
