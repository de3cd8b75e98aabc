//! Sessions of a model side by side, timed as they will run.

use super::probe::{Probe, same};
use super::tuning::MeasuredStep;
use super::{ReadyModel, ScoreError, ScoreSession};
use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long a measurement is, at least, where there is time: runs that take microseconds are repeated.
const WINDOW: Duration = Duration::from_millis(2);
/// The part of all the time that it has where there is little.
const PART: u32 = 150;
/// Rows of a run whose bytes [`prepare`](super::prepare) has compared with those of rows alone.
const COMPARED: usize = 16;
/// How many times as long a lone row's is, whose runs follow one another at once and find the caches as the one before left them.
const LONE: u32 = 3;

/// The sessions, and how long there is time for them.
pub(super) struct Trial {
    narrow: Vec<Box<dyn ScoreSession>>,
    /// Those of more threads that the model may have, with their threads, fewer first.
    wide: Vec<(usize, Box<dyn ScoreSession>)>,
    probe: Probe,
    window: Duration,
    end: Instant,
}

/// Sessions that run at once.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) sessions: usize,
    /// Of each session.
    pub(super) threads: usize,
    pub(super) rows: usize,
}

/// What a layout's runs took.
pub(super) struct Measured {
    pub(super) layout: Layout,
    /// Of a run, in the shortest measurement: what else the machine does only adds to it.
    pub(super) seconds: f64,
}

impl Measured {
    pub(super) fn step(&self) -> MeasuredStep {
        let (Layout { sessions, threads, rows }, seconds) = (self.layout, self.seconds);
        MeasuredStep { sessions, threads, rows, seconds, rows_per_second: (sessions * rows) as f64 / seconds }
    }
}

impl Trial {
    /// `workers` one-thread sessions of `model`, and one of each larger number of threads that it may have; for runs of up to `rows` rows.
    /// There is time for `budget`.
    pub(super) fn open(model: &ReadyModel, workers: usize, rows: usize, budget: Duration) -> Result<Self, ScoreError> {
        let end = Instant::now() + budget;
        let narrow = (0..workers).map(|_| model.open(1)).collect::<Result<Vec<_>, _>>()?;
        let wide = model.layouts().iter().filter(|&&threads| threads > 1 && threads <= workers);
        let wide = wide.map(|&threads| Ok((threads, model.open(threads)?))).collect::<Result<Vec<_>, _>>()?;
        let window = WINDOW.min(budget / PART);
        Ok(Self { narrow, wide, probe: Probe::new(model.info(), rows), window, end })
    }

    /// The numbers of threads on which a lone row can be run, where there is a choice.
    pub(super) fn lone_layouts(&self) -> Vec<usize> {
        let narrow = (!self.wide.is_empty()).then_some(1);
        narrow.into_iter().chain(self.wide.iter().map(|&(threads, _)| threads)).collect()
    }

    /// Whether a run of `rows` rows gives the bytes that smaller runs give, which are known to be those of rows alone.
    pub(super) fn agrees(&mut self, rows: usize) -> Result<bool, ScoreError> {
        let session = self.narrow[0].as_mut();
        let whole = self.probe.run(session, 0..rows)?;
        let mut parts = Vec::new();
        for start in (0..rows).step_by(COMPARED) {
            parts.extend(self.probe.run(session, start..rows.min(start + COMPARED))?);
        }
        Ok(same(&whole, &parts))
    }

    /// Measures `layout` once, after a run that is not timed, in which sessions find their memory for so many rows; that run is
    /// the measurement where there is no time for more.
    pub(super) fn first(&mut self, layout: Layout) -> Result<Measured, ScoreError> {
        let first = self.measure(layout, Duration::ZERO)?;
        let seconds = if Instant::now() < self.end { self.measure(layout, self.window(layout))? } else { first };
        Ok(Measured { layout, seconds })
    }

    /// Measures it once more, if there is time.
    pub(super) fn again(&mut self, measured: &mut Measured) -> Result<(), ScoreError> {
        let window = self.window(measured.layout);
        let foreseen = window.max(Duration::from_secs_f64(measured.seconds));
        if Instant::now() + foreseen < self.end {
            measured.seconds = measured.seconds.min(self.measure(measured.layout, window)?);
        }
        Ok(())
    }

    fn window(&self, Layout { sessions, rows, .. }: Layout) -> Duration {
        if (sessions, rows) == (1, 1) { LONE * self.window } else { self.window }
    }

    /// Gives `model` its sessions back for who opens the next; of those of more threads only the one that a lone chain is to have.
    pub(super) fn keep(self, model: &ReadyModel, lone_threads: usize) {
        let wide = self.wide.into_iter().filter(|&(threads, _)| threads == lone_threads);
        wide.for_each(|(threads, session)| model.keep(threads, session));
        self.narrow.into_iter().for_each(|session| model.keep(1, session));
    }

    /// Seconds of a run of `layout`, of the slowest session's: the mean of one or more runs that fill the window.
    fn measure(&mut self, layout: Layout, window: Duration) -> Result<f64, ScoreError> {
        let wide = self.wide.iter_mut().find(|&&mut (threads, _)| threads == layout.threads);
        let sessions = match wide {
            Some((_, session)) => std::slice::from_mut(session),
            None => &mut self.narrow[..layout.sessions],
        };
        let (probe, start) = (&self.probe, Barrier::new(sessions.len()));
        let on_one = |session: &mut Box<dyn ScoreSession>| {
            start.wait();
            let (begun, mut runs) = (Instant::now(), 0.0);
            loop {
                probe.run(session.as_mut(), 0..layout.rows)?;
                runs += 1.0;
                if begun.elapsed() >= window {
                    return Ok(begun.elapsed().as_secs_f64() / runs);
                }
            }
        };
        let seconds = thread::scope(|scope| {
            let all: Vec<_> = sessions.iter_mut().map(|session| scope.spawn(|| on_one(session))).collect();
            let ended = all.into_iter().map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic)));
            ended.collect::<Result<Vec<f64>, _>>()
        })?;
        Ok(seconds.into_iter().fold(0.0, f64::max))
    }
}
