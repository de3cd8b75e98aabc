//! A score model that remembers what was asked of it, and fails when told to.

use super::gaussian;
use smld::score::density::DensityModel;
use smld::score::{ModelInfo, ReadyModel, Rows, ScoreError, ScoreModel, ScoreSession, prepare};
use std::sync::{Arc, Mutex};

/// How the next run is to fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Not at all.
    None,
    /// With an error.
    Error,
    /// With a panic.
    Panic,
    /// With an error, and so is every attempt to open a session after it.
    Gone,
}

/// What was asked of a model, and what it is to do.
pub(crate) struct Script {
    pub(crate) fault: Fault,
    /// (threads of the session, rows) of every run.
    pub(crate) runs: Vec<(usize, usize)>,
    /// Threads of every session opened.
    pub(crate) opened: Vec<usize>,
}

/// N(0, 1), watched.
pub(crate) struct Spy {
    exact: DensityModel,
    script: Arc<Mutex<Script>>,
}

impl Spy {
    /// A watched model, ready for `workers` workers, and its script, still empty.
    pub(crate) fn ready(workers: usize) -> (ReadyModel, Arc<Mutex<Script>>) {
        let script = Arc::new(Mutex::new(Script { fault: Fault::None, runs: Vec::new(), opened: Vec::new() }));
        let spy = Self { exact: gaussian(&[0.0; 3], 1.0), script: Arc::clone(&script) };
        let ready = prepare(Arc::new(spy), &[1, workers]).unwrap();
        script.lock().unwrap().runs.clear();
        script.lock().unwrap().opened.clear();
        (ready, script)
    }

    fn error(&self, reason: &str) -> ScoreError {
        ScoreError { model: self.info().name.clone(), reason: reason.to_owned() }
    }
}

impl ScoreModel for Spy {
    fn info(&self) -> &ModelInfo {
        self.exact.info()
    }

    fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        let mut script = self.script.lock().unwrap();
        script.opened.push(threads);
        if script.fault == Fault::Gone {
            return Err(self.error("no memory for a session"));
        }
        let session = self.exact.open(threads)?;
        let failure = self.error("the device was lost");
        Ok(Box::new(SpySession { session, threads, failure, script: Arc::clone(&self.script) }))
    }
}

struct SpySession {
    session: Box<dyn ScoreSession>,
    threads: usize,
    failure: ScoreError,
    script: Arc<Mutex<Script>>,
}

impl ScoreSession for SpySession {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let fault = {
            let mut script = self.script.lock().unwrap();
            script.runs.push((self.threads, rows.count()));
            script.fault
        };
        match fault {
            Fault::None => self.session.evaluate(rows, score),
            Fault::Error | Fault::Gone => Err(self.failure.clone()),
            Fault::Panic => panic!("row {} is cursed", rows.count()),
        }
    }
}
