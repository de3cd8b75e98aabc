//! A session that outlives its failures.

use crate::score::{ReadyModel, Rows, ScoreError, ScoreSession};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Where a worker evaluates one model. After a failure its session is opened anew.
pub(super) struct Station {
    model: ReadyModel,
    threads: usize,
    session: Option<Box<dyn ScoreSession>>,
}

impl Station {
    pub(super) fn open(model: ReadyModel, threads: usize) -> Result<Self, ScoreError> {
        let session = Some(model.open(threads)?);
        Ok(Self { model, threads, session })
    }

    /// Evaluates `rows`, or says why not; a panic of the model is a failure like others.
    pub(super) fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), String> {
        // Taken out, so that a failed session is gone.
        let session = self.session.take();
        // Nothing that a panic may have left half done is used again.
        let run = AssertUnwindSafe(|| {
            let mut session = session.map_or_else(|| self.model.open(self.threads), Ok)?;
            session.evaluate(rows, score)?;
            Ok::<_, ScoreError>(session)
        });
        let name = &self.model.info().name;
        let panicked = |panic| format!("the score model '{name}' failed: it panicked: {}", message(panic));
        let session = catch_unwind(run).map_err(panicked)?.map_err(|error| error.to_string())?;
        self.session = Some(session);
        Ok(())
    }
}

/// What a panic says.
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast::<String>().map(|text| *text);
    text.unwrap_or_else(|panic| panic.downcast_ref::<&str>().map_or("no reason given", |text| text).to_owned())
}
