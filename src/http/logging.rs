//! The log: lines on the standard error, for people or for machines.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, IsTerminal, Result, Write, stderr};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
struct Gathering<W: Write> {
    lines: BufWriter<W>,
    /// How many are not known to be written.
    waiting: u64,
    /// How many could not be.
    lost: Arc<AtomicU64>,
    open: fn() -> W,
}

impl<W: Write> Gathering<W> {
    fn new(open: fn() -> W, lost: Arc<AtomicU64>) -> Self {
        Self { lines: BufWriter::new(open()), waiting: 0, lost, open }
    }

    /// Counts what was `written`. What was not is lost: kept, it would fail again, and the thread would not hear that it is to end.
    fn count(&mut self, written: &Result<()>) {
        if written.is_err() {
            // Not by dropping the old ones, which would write them once more.
            let _ = mem::replace(&mut self.lines, BufWriter::new((self.open)())).into_parts();
            self.lost.fetch_add(self.waiting, Ordering::Relaxed);
        }
        self.waiting = 0;
    }
}

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        // As it would by itself, but so that it is known which lines were written.
        if self.lines.buffer().len() + line.len() > self.lines.capacity() {
            let written = self.lines.flush();
            self.count(&written);
        }
        self.waiting += 1;
        if let Err(error) = self.lines.write_all(line) {
            self.count(&Err(error));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.lines.flush();
        self.count(&written);
        sleep(GATHERED);
        Ok(())
    }
}

/// The log, while it is kept: what is logged until it is dropped is written.
pub struct Log {
    unread: ErrorCounter,
    unwritten: Arc<AtomicU64>,
    _writer: WorkerGuard,
}

impl Log {
    /// Tells, also later, how many lines were lost because nobody read those before them, or they could not be written.
    pub fn lost_lines(&self) -> impl Fn() -> u64 + Send + 'static {
        let (unread, unwritten) = (self.unread.clone(), Arc::clone(&self.unwritten));
        move || unread.dropped_lines() as u64 + unwritten.load(Ordering::Relaxed)
    }
}

/// Starts the log, once in a process. `filter` is as in `info` or `smld=debug,warn`. Lines are written by a thread of its own:
/// whoever stops reading the log stops nothing else.
///
/// # Errors
/// Where the filter cannot be read.
pub fn start(format: LogFormat, filter: &str) -> std::result::Result<Log, ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let unwritten = Arc::default();
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .thread_name("smld-log")
        .finish(Gathering::new(stderr, Arc::clone(&unwritten)));
    let unread = writer.error_counter();
    let lines = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter);
    match format {
        LogFormat::Text => lines.with_target(false).with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(Log { unread, unwritten, _writer: guard })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};
    use std::io::ErrorKind;

    /// A disk that is full.
    fn full() -> File {
        OpenOptions::new().write(true).open("/dev/full").unwrap()
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_those_after_them_are_tried_again() {
        let lost = Arc::default();
        let mut log = Gathering::new(full, Arc::clone(&lost));
        for (lines, so_far) in [(3, 3), (1, 4)] {
            (0..lines).for_each(|_| log.write_all(b"a line\n").unwrap());
            log.flush().unwrap();
            assert_eq!(lost.load(Ordering::Relaxed), so_far);
        }
        // More than is gathered.
        (0..2).for_each(|_| log.write_all(&[b'a'; 1 << 13]).unwrap());
        log.flush().unwrap();
        assert_eq!(lost.load(Ordering::Relaxed), 6);
    }

    /// A disk with room for some bytes.
    struct Almost(usize);

    impl Write for Almost {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_were_written_are_not_lost_with_those_after_them() {
        let lost = Arc::default();
        let mut log = Gathering::new(|| Almost(1 << 14), Arc::clone(&lost));
        // A kibibyte each: sixteen are written, eight at a time, and then there is no more room.
        (0..24).for_each(|_| log.write_all(&[b'a'; 1 << 10]).unwrap());
        log.flush().unwrap();
        assert_eq!(lost.load(Ordering::Relaxed), 8);
    }
}
