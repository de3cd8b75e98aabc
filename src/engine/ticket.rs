//! A request under way, as those who wait for it hold it.

use super::board::Taken;
use super::pool::Key;
use super::shared::Shared;
use super::{ChainDiagnostics, Event, Failure, Forecast, Headway, Previews, Summary, Word};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::Receiver;

#[cfg(test)]
mod tests;

/// Every sample of a request, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// (index, x) of every sample, by rising index.
    pub samples: Vec<(u32, Vec<f32>)>,
    /// What their chains were like, by rising index; nothing where the request did not ask for it.
    pub chains: Vec<ChainDiagnostics>,
    /// What it took.
    pub summary: Summary,
}

/// A request under way. Dropping it cancels what is left of it before the next evaluation.
///
/// Its samples come by rising index. The engine goes no further than a window beyond the sample that is fetched next: who
/// does not fetch holds back this request, and no other.
pub struct Ticket {
    watch: Watch,
    /// Whether the board is to be told what was fetched.
    windowed: bool,
    forecast: Forecast,
    previews: Option<Arc<Previews>>,
    words: Receiver<Word>,
    /// The index of the sample that is fetched next.
    turn: u32,
    /// How many samples are yet to be fetched; none after a failure.
    left: u32,
    /// Samples that came before their turn, by index.
    early: BTreeMap<u32, Event>,
    /// The last event, which comes when no sample is left.
    last: Option<Event>,
    /// Dropped with it.
    held: Option<Box<dyn Any + Send + Sync>>,
}

/// A look at a request under way, for those who do not wait for it.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
    key: Key,
}

impl Watch {
    /// How far the request is; none once it has ended.
    #[must_use]
    pub fn look(&self) -> Option<Headway> {
        self.shared.look(|board| board.headway(self.key))
    }
}

impl Ticket {
    pub(super) fn new(shared: Arc<Shared>, taken: Taken) -> Self {
        let Taken { words, key, windowed, first_index: turn, chains: left, forecast, previews } = taken;
        let (watch, early) = (Watch { shared, key }, BTreeMap::new());
        Self { watch, windowed, forecast, previews, words, turn, left, early, last: None, held: None }
    }

    /// Keeps `held` for as long as the request is under way, as what was set aside for it; not more than one thing.
    #[must_use]
    pub fn holding(mut self, held: impl Any + Send + Sync) -> Self {
        self.held = Some(Box::new(held));
        self
    }

    /// What was foretold when it was taken.
    #[must_use]
    pub fn forecast(&self) -> Forecast {
        self.forecast
    }

    /// A look at it while somebody else waits.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Its chains under way, where the request asked for that.
    #[must_use]
    pub fn previews(&self) -> Option<Arc<Previews>> {
        self.previews.clone()
    }

    /// The next event, samples by rising index; none after [`Event::Done`] or [`Event::Failed`].
    ///
    /// Nothing is lost where this future is dropped before it is done.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            let word = self.words.recv().await?;
            self.hear(word);
        }
    }

    /// As [`next`](Self::next), for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            let word = self.words.blocking_recv()?;
            self.hear(word);
        }
    }

    /// The next event, if it is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.due() {
                return Some(event);
            }
            let word = self.words.try_recv().ok()?;
            self.hear(word);
        }
    }

    /// Waits for every sample.
    ///
    /// # Errors
    /// The request's [`Failure`].
    pub async fn collect(mut self) -> Result<Samples, Failure> {
        let mut gathered = Gathered::default();
        loop {
            if let Some(end) = gathered.take(self.next().await) {
                return end;
            }
        }
    }

    /// As [`collect`](Self::collect), for a thread that may block.
    ///
    /// # Errors
    /// The request's [`Failure`].
    pub fn blocking_collect(mut self) -> Result<Samples, Failure> {
        let mut gathered = Gathered::default();
        loop {
            if let Some(end) = gathered.take(self.blocking_next()) {
                return end;
            }
        }
    }

    /// The sample whose turn it is, if it is there, or the last event.
    fn due(&mut self) -> Option<Event> {
        if self.left == 0 {
            return self.last.take();
        }
        let sample = self.early.remove(&self.turn)?;
        // Past the last index of all there is nothing to come.
        (self.turn, self.left) = (self.turn.wrapping_add(1), self.left - 1);
        if self.windowed {
            self.watch.shared.update(|board| board.fetched(self.watch.key, Instant::now()));
        }
        Some(sample)
    }

    /// Keeps a sample for its turn, and the last event for the end. What two workers say at once may come in either order.
    fn hear(&mut self, Word { event, done }: Word) {
        if let Event::Sample { index, .. } = event {
            self.early.insert(index, event);
            self.last = self.last.take().or(done.map(Event::Done));
        } else {
            (self.left, self.last) = (0, Some(event));
        }
    }
}

impl Drop for Ticket {
    /// Nobody waits for the request any more; of one that is over nothing is left.
    fn drop(&mut self) {
        if self.left > 0 && self.last.is_none() {
            self.watch.shared.update(|board| board.abandon(self.watch.key));
        }
    }
}

/// What has been heard so far.
#[derive(Default)]
struct Gathered {
    samples: Vec<(u32, Vec<f32>)>,
    chains: Vec<ChainDiagnostics>,
}

impl Gathered {
    /// Takes one event in; answers with the end, if it was the last.
    fn take(&mut self, event: Option<Event>) -> Option<Result<Samples, Failure>> {
        match event {
            Some(Event::Sample { index, x, diagnostics }) => {
                self.samples.push((index, x));
                self.chains.extend(diagnostics);
                None
            }
            Some(Event::Done(summary)) => {
                let Self { samples, chains } = std::mem::take(self);
                Some(Ok(Samples { samples, chains, summary }))
            }
            Some(Event::Failed(failure)) => Some(Err(failure)),
            None => Some(Err(Failure::Stopped)),
        }
    }
}
