//! Room for samples that are kept: taken before they are drawn, given back when the last who holds them is gone.

use prometheus::IntGauge;

/// The bytes of all that is kept, as the metrics tell them.
pub(super) struct Rooms(pub(super) IntGauge);

/// The bytes of some of it.
pub(super) struct Room {
    bytes: u64,
    all: IntGauge,
}

impl Rooms {
    /// Room for `bytes` more.
    pub(super) fn take(&self, bytes: u64) -> Room {
        self.0.add(bytes as i64);
        Room { bytes, all: self.0.clone() }
    }

    /// How many bytes are taken.
    pub(super) fn taken(&self) -> u64 {
        self.0.get() as u64
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.sub(self.bytes as i64);
    }
}
