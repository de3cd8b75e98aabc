//! What a key may have: requests by their rate, evaluations by how many are under way.

use super::file::Entry;
use super::ring::Denied;
use crate::engine::{Engine, Forecast, SampleRequest, ScoreRequest, Ticket};
use crate::http::problem::Problem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who asks: whoever has a key, or anyone where none is wanted.
#[derive(Clone, Default)]
pub struct Asker {
    holder: Option<Arc<Holder>>,
}

/// Whoever has a key.
pub(super) struct Holder {
    name: Arc<str>,
    digest: [u8; 32],
    max_evaluations: Option<u64>,
    rate: Option<Rate>,
    usage: Arc<Usage>,
}

/// Requests in a second on average, and at once.
#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    burst: f64,
}

/// What a key has at this moment. It outlives a change of the file.
#[derive(Default)]
struct Usage {
    evaluations: AtomicU64,
    bucket: Mutex<Option<Bucket>>,
}

/// Tokens: a request takes one, and they come back by the rate.
#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Evaluations that a request has of its key's, until this is dropped.
pub struct Share {
    usage: Arc<Usage>,
    evaluations: u64,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.usage.evaluations.fetch_sub(self.evaluations, Ordering::Relaxed);
    }
}

impl Holder {
    /// The holder that `entry` describes, with the usage of the one before, if there was one.
    pub(super) fn new(entry: &Entry, before: Option<&Self>) -> Result<Self, String> {
        let rate = entry.requests_per_second.map(|per_second| Rate {
            per_second,
            burst: entry.burst.map_or(per_second.max(1.0).floor(), |burst| burst.get().into()),
        });
        Ok(Self {
            name: entry.name.as_str().into(),
            digest: entry.digest()?,
            max_evaluations: entry.max_evaluations.map(std::num::NonZero::get),
            rate,
            usage: before.map(|before| Arc::clone(&before.usage)).unwrap_or_default(),
        })
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Takes a token at the time `now`.
    pub(super) fn ask(&self, now: Instant) -> Result<(), Denied> {
        let Some(Rate { per_second, burst }) = self.rate else { return Ok(()) };
        let mut bucket = self.usage.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let Bucket { tokens, at } = bucket.unwrap_or(Bucket { tokens: burst, at: now });
        let come = now.saturating_duration_since(at).as_secs_f64() * per_second;
        let tokens = (tokens + come).min(burst);
        let is_one = tokens >= 1.0;
        *bucket = Some(Bucket { tokens: if is_one { tokens - 1.0 } else { tokens }, at: now.max(at) });
        if is_one {
            return Ok(());
        }
        let wait = Duration::try_from_secs_f64((1.0 - tokens) / per_second).unwrap_or(Duration::MAX);
        Err(Denied::TooOften { key: Arc::clone(&self.name), per_second, retry_after: wait })
    }

    fn reserve(&self, asked: u64) -> Result<Share, Denied> {
        let (key, most) = (Arc::clone(&self.name), self.max_evaluations.unwrap_or(u64::MAX));
        if asked > most {
            return Err(Denied::TooMuch { key, most, asked });
        }
        let room = |used: u64| used.checked_add(asked).filter(|&sum| sum <= most);
        match self.usage.evaluations.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) {
            Ok(_) => Ok(Share { usage: Arc::clone(&self.usage), evaluations: asked }),
            Err(used) => Err(Denied::Busy { key, most, used, asked }),
        }
    }
}

impl Asker {
    pub(super) fn new(holder: Arc<Holder>) -> Self {
        Self { holder: Some(holder) }
    }

    /// The key's name; none where no key is wanted.
    #[must_use]
    pub fn name(&self) -> Option<&Arc<str>> {
        self.holder.as_ref().map(|holder| holder.name())
    }

    /// Sets `evaluations` of the key's aside, until what is returned is dropped. They count whole until then, however many
    /// have been made.
    ///
    /// # Errors
    /// [`Denied::Busy`] and [`Denied::TooMuch`].
    pub fn reserve(&self, evaluations: u64) -> Result<Option<Share>, Denied> {
        self.holder.as_ref().map(|holder| holder.reserve(evaluations)).transpose()
    }

    /// Has `engine` take `request`, on the key's account until the ticket is dropped.
    pub(in crate::http) fn submit(&self, engine: &Engine, request: &SampleRequest) -> Result<Ticket, Problem> {
        let share = self.reserve(request.evaluations())?;
        Ok(engine.submit(request)?.holding(share))
    }

    /// What is foretold of `request` if it were submitted now.
    pub(in crate::http) fn foretell(&self, engine: &Engine, request: &SampleRequest) -> Result<Forecast, Problem> {
        self.reserve(request.evaluations())?;
        Ok(engine.foretell(request)?)
    }

    /// As [`submit`](Self::submit), of scores.
    pub(in crate::http) fn score(&self, engine: &Engine, request: ScoreRequest) -> Result<Ticket, Problem> {
        let share = self.reserve(request.rows().into())?;
        Ok(engine.score(request)?.holding(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZero;

    fn holder(per_second: Option<f64>, burst: Option<u32>, max_evaluations: Option<u64>) -> Holder {
        let entry = Entry {
            name: "a".to_owned(),
            sha256: "00".repeat(32),
            max_evaluations: max_evaluations.and_then(NonZero::new),
            requests_per_second: per_second,
            burst: burst.and_then(NonZero::new),
        };
        Holder::new(&entry, None).unwrap()
    }

    #[test]
    fn a_rate_of_almost_nothing_is_waited_for_as_long_as_can_be_said() {
        let (holder, now) = (holder(Some(1e-30), None, None), Instant::now());
        assert!(holder.ask(now).is_ok());
        let Err(Denied::TooOften { retry_after, .. }) = holder.ask(now) else { panic!("a second was let in") };
        assert_eq!(retry_after, Duration::MAX);
    }

    #[test]
    fn a_bucket_gives_its_burst_at_once_and_then_its_rate() {
        let (holder, begin) = (holder(Some(2.0), Some(3), None), Instant::now());
        let at = |milliseconds| holder.ask(begin + Duration::from_millis(milliseconds));
        assert!((0..3).all(|_| at(0).is_ok()));
        let Err(Denied::TooOften { retry_after, .. }) = at(0) else { panic!("a fourth was let in") };
        assert_eq!(retry_after, Duration::from_millis(500));
        assert!(at(499).is_err() && at(500).is_ok() && at(501).is_err());
        // Whoever asked for nothing for long has a burst again, and no more.
        assert!((0..3).all(|_| at(60_000).is_ok()) && at(60_000).is_err());
        assert!(at(1).is_err(), "a clock that goes back gives nothing");
    }

    #[test]
    fn by_default_a_burst_is_what_a_second_gives_and_at_least_one() {
        let now = Instant::now();
        let count = |rate| {
            let holder = holder(Some(rate), None, None);
            (0..100).filter(|_| holder.ask(now).is_ok()).count()
        };
        assert_eq!([count(0.1), count(1.0), count(7.9)], [1, 1, 7]);
    }

    #[test]
    fn evaluations_are_had_until_their_share_is_dropped() {
        let asker = Asker::new(Arc::new(holder(None, None, Some(10))));
        let first = asker.reserve(6).unwrap();
        assert!(matches!(asker.reserve(5), Err(Denied::Busy { most: 10, used: 6, asked: 5, .. })));
        assert!(matches!(asker.reserve(11), Err(Denied::TooMuch { .. })));
        drop(asker.reserve(4).unwrap());
        drop(first);
        assert!(asker.reserve(10).is_ok());
        assert!(Asker::default().reserve(u64::MAX).unwrap().is_none());
    }
}
