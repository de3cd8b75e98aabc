//! Room for what is held: taken before it is there, given back when the last who holds it is gone.

use axum::body::Bytes;
use prometheus::IntGauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of a number as it is drawn: float32.
pub(crate) const NUMBER: usize = size_of::<f32>();
/// The bytes of `count` samples of `dim` numbers, with what is told of each.
pub(super) fn bytes(count: u32, dim: usize, number: usize) -> u64 {
    const TOLD: usize = 96;
    u64::from(count) * (TOLD + dim * number) as u64
}

/// The bytes of all that is held together, and as the metrics tell them.
#[derive(Clone)]
pub(super) struct Rooms {
    taken: Arc<AtomicU64>,
    told: IntGauge,
}

/// The bytes of some of it.
pub(crate) struct Room {
    bytes: u64,
    all: Rooms,
}

impl Rooms {
    pub(super) fn new(told: IntGauge) -> Self {
        Self { taken: Arc::default(), told }
    }

    /// Room for `bytes` more, if all together are no more than `most` then.
    pub(super) fn take(&self, bytes: u64, most: u64) -> Option<Room> {
        let more = |taken: u64| taken.checked_add(bytes).filter(|&sum| sum <= most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        self.told.add(bytes as i64);
        Some(Room { bytes, all: self.clone() })
    }

    fn give_back(&self, bytes: u64) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
        self.told.sub(bytes as i64);
    }

    /// How many bytes are taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Room {
    /// `bytes`, which take no more room than they need, and have that until the last part of them is dropped.
    pub(super) fn hold(mut self, mut bytes: Vec<u8>) -> Bytes {
        // What grew by doubling may be half empty.
        bytes.shrink_to_fit();
        let spare = self.bytes.saturating_sub(bytes.len() as u64);
        self.bytes -= spare;
        self.all.give_back(spare);
        held(bytes, self)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.give_back(self.bytes);
    }
}

/// `bytes`, which have their `place`, of whatever kind, until the last part of them is dropped: when it is sent, and not when who sends it has
/// taken it.
pub(crate) fn held<P: Send + 'static>(bytes: impl AsRef<[u8]> + Send + 'static, place: P) -> Bytes {
    struct Held<B, P> {
        bytes: B,
        _place: P,
    }
    impl<B: AsRef<[u8]>, P> AsRef<[u8]> for Held<B, P> {
        fn as_ref(&self) -> &[u8] {
            self.bytes.as_ref()
        }
    }
    Bytes::from_owner(Held { bytes, _place: place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is_and_what_was_held_comes_back_when_the_last_part_of_it_is_dropped() {
        let rooms = Rooms::new(IntGauge::new("bytes", "bytes").unwrap());
        let first = rooms.take(6, 10).unwrap();
        assert!(rooms.take(5, 10).is_none() && rooms.take(u64::MAX, 10).is_none());
        let mut bytes = first.hold(vec![7; 5]);
        let part = bytes.split_to(2);
        drop(bytes);
        assert_eq!((rooms.taken(), rooms.told.get()), (5, 5), "as much as they need");
        assert!(rooms.take(5, 10).is_some());
        drop(part);
        assert_eq!((rooms.taken(), rooms.told.get()), (0, 0));
    }
}
