//! The room of answers: how much one takes, and how much there is for all.

use super::accept::{Format, Whole};
use super::metrics::Metrics;
use super::problem::Problem;
use super::room::{NUMBER, Room, Rooms, bytes};
use crate::engine::{InvalidRequest, SampleRequest};

/// The bytes of a number in a text, at most, with what stands between two.
pub(super) const TEXT: usize = 16;

/// The bytes that are held of the answer to `request` in `format`; of what is sent while it is drawn, a `window` of samples.
pub(super) fn of_answer(request: &SampleRequest, format: Format, window: u32) -> u64 {
    /// Of a picture of points, whatever their number.
    const PLOT: u64 = 1 << 20;
    /// Of an image in JSON beside its pixels: what made it, and the file's own.
    const FILE: u64 = 1 << 10;
    let (n, info) = (request.n(), request.model().info());
    let samples = |count, number| bytes(count, info.dim(), number);
    match format {
        Format::Whole(Whole::Json) if !info.is_image() => samples(n, TEXT),
        Format::Whole(Whole::Json) => samples(n, NUMBER) + u64::from(n) * FILE,
        Format::Whole(Whole::Picture(_)) if !info.is_image() => samples(n, NUMBER) + PLOT,
        // Pictures are smaller than what they are made of.
        Format::Whole(_) => samples(n, NUMBER),
        // A zip tells at its end what is in it.
        Format::Archive(_) | Format::Events => samples(n.min(window), NUMBER) + bytes(n, 0, NUMBER),
    }
}

/// The room of all answers of this process: from before their samples are drawn until their clients have read them.
#[derive(Clone)]
pub struct Answers {
    most: u64,
    rooms: Rooms,
}

impl Answers {
    /// Room for `most` bytes, told by `metrics`.
    #[must_use]
    pub fn new(most: u64, metrics: &Metrics) -> Self {
        Self { most, rooms: Rooms::new(metrics.answer_bytes()) }
    }

    /// Room for an answer of `bytes`, which `field` asks for.
    ///
    /// # Errors
    /// Where others leave too little, or there will never be as much.
    pub(super) fn take(&self, field: &str, bytes: u64) -> Result<Room, Problem> {
        let most = self.most;
        if bytes > most {
            let reason = format!(
                "the answer takes {bytes} bytes, and all answers together may have {most}: ask for parts, one after the other, or for an \
                 archive, which takes less; see --max-answer-bytes"
            );
            return Err(InvalidRequest::new(field, reason).into());
        }
        self.rooms.take(bytes, most).ok_or(Problem::NoRoomForAnswer { most })
    }
}
