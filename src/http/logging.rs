//! The log: lines on the standard error, for people or for machines.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, IsTerminal, Result, Stderr, Write, stderr};
use std::thread::sleep;
use std::time::Duration;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Lines that wait to be read; what is more while nobody reads is lost.
const WAITING: usize = 10_000;

/// How long lines are gathered after some were written, to be written together: each time that the thread is woken costs a request a
/// tenth of what a refusal does.
const GATHERED: Duration = Duration::from_millis(20);

/// Writes lines; after each time that it has written all there were it waits for more.
struct Gathering(BufWriter<Stderr>);

impl Write for Gathering {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        if self.0.flush().is_err() {
            // Nobody reads them any more. Kept, they would fail again, and the thread would not hear that it is to end.
            self.0 = BufWriter::new(stderr());
        }
        sleep(GATHERED);
        Ok(())
    }
}

/// The log, while it is kept: what is logged until it is dropped is written.
pub struct Log {
    lost: ErrorCounter,
    _writer: WorkerGuard,
}

impl Log {
    /// Tells, also later, how many lines were lost because nobody read those before them.
    pub fn lost_lines(&self) -> impl Fn() -> u64 + Send + 'static {
        let lost = self.lost.clone();
        move || lost.dropped_lines() as u64
    }
}

/// Starts the log, once in a process. `filter` is as in `info` or `smld=debug,warn`. Lines are written by a thread of its own:
/// whoever stops reading the log stops nothing else.
///
/// # Errors
/// Where the filter cannot be read.
pub fn start(format: LogFormat, filter: &str) -> std::result::Result<Log, ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .thread_name("smld-log")
        .finish(Gathering(BufWriter::new(stderr())));
    let lost = writer.error_counter();
    let lines = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter);
    match format {
        LogFormat::Text => lines.with_target(false).with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(Log { lost, _writer: guard })
}
