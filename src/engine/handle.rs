//! The handle, and how an engine is made.

use super::board::Board;
use super::lone::Wide;
use super::shared::Shared;
use super::station::Station;
use super::work::Work;
use super::{Forecast, Observer, Priority, Refused, SampleRequest, ScoreRequest, Snapshot, Ticket, Worker};
use crate::score::{ReadyModel, ScoreError};
use std::sync::Arc;
use std::time::Instant;

/// How much of everything there is. Workers, rows and slots are at least one, whatever is said.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Worker threads, each with one-thread sessions of its own.
    pub workers: usize,
    /// The most rows of one step batch, of models that were not [tuned](crate::score::tune).
    pub batch_rows: usize,
    /// Room for running chains.
    pub slots: usize,
    /// The most requests under way at once.
    pub max_requests: usize,
    /// The most evaluations queued at once.
    pub max_queued_evaluations: u64,
}

/// Makes an engine of `models`. The handle and the workers; nothing runs until [`Worker::run`] does.
///
/// Every session is opened here. The first worker has a second one of each model that uses as many threads as the model's
/// [`layouts`](ReadyModel::layouts) allow, of at most the workers, where that is more than one: a chain that is alone in the engine has it
/// while that is faster than one thread.
///
/// # Errors
/// Where a session cannot be opened.
pub fn engine(
    models: &[ReadyModel],
    config: EngineConfig,
    observer: Arc<dyn Observer>,
) -> Result<(Engine, Vec<Worker>), ScoreError> {
    let EngineConfig { workers, batch_rows, slots, .. } = config;
    let (workers, batch_rows, slots) = (workers.max(1), batch_rows.max(1), slots.max(1));
    let config = EngineConfig { workers, batch_rows, slots, ..config };
    let lone: Vec<Option<usize>> = models.iter().map(|model| model.lone_threads(workers)).collect();
    let wide = lone.iter().map(Option::is_some).collect();
    let shared = Arc::new(Shared::new(Board::new(config, models, wide, observer), workers));
    let narrow = || models.iter().map(|model| Station::open(model.clone(), 1)).collect::<Result<Vec<_>, _>>();
    let wide = models.iter().zip(lone).map(|(model, threads)| threads.map(|n| Wide::open(model, n)).transpose());
    let mut wide = Some(wide.collect::<Result<Vec<_>, _>>()?);
    let workers = (0..workers)
        .map(|number| Ok(Worker::new(number, Arc::clone(&shared), narrow()?, wide.take().unwrap_or_default())));
    let workers = workers.collect::<Result<Vec<_>, ScoreError>>()?;
    Ok((Engine { last: Arc::new(Last(shared)) }, workers))
}

/// The handle: cheap to clone, usable from anywhere. When the last clone is dropped the engine drains.
#[derive(Clone)]
pub struct Engine {
    last: Arc<Last>,
}

/// What the clones of a handle have in common.
struct Last(Arc<Shared>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.update(Board::drain);
    }
}

impl Engine {
    /// Takes a request, or refuses it at once.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn submit(&self, request: &SampleRequest) -> Result<Ticket, Refused> {
        self.take(Work::Samples(request.clone()))
    }

    /// Takes a request for scores, or refuses it at once. Its rows share step batches with the chains of others: each is a chain
    /// of one evaluation, whose sample is the score.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn score(&self, request: ScoreRequest) -> Result<Ticket, Refused> {
        self.take(Work::Scores(request))
    }

    /// Whether there is a place for one more request of `priority`. Where there is none whatever it asks, nobody need find out what
    /// that is.
    ///
    /// # Errors
    /// [`Refused`], as any request would be.
    pub fn place(&self, priority: Priority) -> Result<(), Refused> {
        self.last.0.update(|board| board.place(priority, Instant::now()))
    }

    /// What is foretold of a request if it were submitted now.
    ///
    /// # Errors
    /// [`Refused`], where it would be.
    pub fn foretell(&self, request: &SampleRequest) -> Result<Forecast, Refused> {
        let work = Work::Samples(request.clone());
        self.last.0.update(|board| board.foretell(&work, Instant::now()))
    }

    /// The most samples of one request that are under way or wait to be fetched.
    #[must_use]
    pub fn window(&self) -> u32 {
        self.last.0.look(Board::window)
    }

    fn take(&self, work: Work) -> Result<Ticket, Refused> {
        let shared = &self.last.0;
        let taken = shared.update(|board| board.submit(work, Instant::now()))?;
        Ok(Ticket::new(Arc::clone(shared), taken))
    }

    /// The state at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.last.0.look(|board| board.snapshot(Instant::now()))
    }

    /// Takes no new requests; the workers end when what was taken is done.
    pub fn drain(&self) {
        self.last.0.update(Board::drain);
    }

    /// Fails what is left with [`Failure::Stopped`](super::Failure::Stopped); the workers end after the step they are in.
    pub fn stop(&self) {
        self.last.0.update(Board::stop);
    }
}
