//! Room for samples that are kept: taken before they are drawn, given back when the last who holds them is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of all that is kept.
#[derive(Default)]
pub(super) struct Rooms(Arc<AtomicU64>);

/// The bytes of some of it.
pub(super) struct Room {
    bytes: u64,
    all: Arc<AtomicU64>,
}

impl Rooms {
    /// Room for `bytes` more.
    pub(super) fn take(&self, bytes: u64) -> Room {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Room { bytes, all: Arc::clone(&self.0) }
    }

    /// How many bytes are taken.
    pub(super) fn taken(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
