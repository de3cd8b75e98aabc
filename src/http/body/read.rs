//! Reading a body: of all together no more is held than there is room for.

use super::PATIENCE;
use crate::http::problem::Problem;
use crate::http::room::held;
use axum::body::{Body, Bytes, HttpBody};
use std::future::poll_fn;
use std::pin::Pin;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What is held of any body, whatever there is of others.
const SMALL: usize = 1 << 16;
/// How many times as much there is room for, of what bodies have beyond that.
const PARTS: u32 = 1 << 12;

/// The room of all bodies, in MiB.
pub(in crate::http) const MEBIBYTES: usize = (PARTS as usize * SMALL) >> 20;

/// The room of all bodies of this process, in parts of [`SMALL`] bytes.
static ROOM: Semaphore = Semaphore::const_new(PARTS as usize);

/// Reads a body of at most `most` bytes, which `setting` decides. Its place among all bodies is given back when the bytes are dropped.
pub(crate) async fn read(body: Body, most: usize, setting: &'static str) -> Result<Bytes, Problem> {
    within(&ROOM, body, most, setting).await
}

async fn within(room: &'static Semaphore, body: Body, most: usize, setting: &'static str) -> Result<Bytes, Problem> {
    let expected = body.size_hint().upper().unwrap_or(most as u64);
    if expected > most as u64 {
        return Err(Problem::BodyTooLarge { setting });
    }
    let mut arriving = Arriving { body, bytes: Vec::new(), most, setting };
    if !arriving.fill(SMALL).await? {
        return Ok(arriving.bytes.into());
    }
    let parts = u32::try_from(expected.div_ceil(SMALL as u64)).map_or(PARTS, |parts| parts.min(PARTS));
    let Ok(Ok(place)) = timeout(PATIENCE, room.acquire_many(parts)).await else {
        return Err(Problem::NoRoomForBody);
    };
    arriving.fill(most).await?;
    arriving.bytes.shrink_to_fit();
    Ok(held(arriving.bytes, place))
}

/// A body and what has come of it.
struct Arriving {
    body: Body,
    bytes: Vec<u8>,
    most: usize,
    setting: &'static str,
}

impl Arriving {
    /// Reads on until there are more than `enough` bytes. Whether there are: else the body has ended.
    async fn fill(&mut self, enough: usize) -> Result<bool, Problem> {
        timeout(PATIENCE, self.read(enough)).await.unwrap_or(Err(Problem::SlowBody { within: PATIENCE }))
    }

    async fn read(&mut self, enough: usize) -> Result<bool, Problem> {
        while self.bytes.len() <= enough {
            let next = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await;
            let Some(frame) = next else { return Ok(false) };
            let frame = frame.map_err(|error| Problem::Truncated { reason: error.to_string() })?;
            let Ok(data) = frame.into_data() else { continue };
            if self.bytes.len() + data.len() > self.most {
                return Err(Problem::BodyTooLarge { setting: self.setting });
            }
            self.bytes.extend_from_slice(&data);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::growing::growing;
    use crate::http::room::Rooms;
    use prometheus::IntGauge;
    use std::time::Duration;

    /// A body without a length, as it comes in pieces.
    fn pieces(count: usize) -> Body {
        let (outlet, body) = growing(PATIENCE, Rooms::new(IntGauge::new("room", "none").unwrap()).take(0, 0).unwrap());
        tokio::spawn(async move {
            for _ in 0..count {
                outlet.send(vec![7; SMALL / 4]).await.ok()?;
            }
            outlet.end().await.ok()
        });
        body
    }

    fn room(parts: u32) -> &'static Semaphore {
        Box::leak(Box::new(Semaphore::new(parts as usize)))
    }

    #[tokio::test]
    async fn a_body_comes_whole_whether_its_length_was_said_or_not_and_none_is_larger_than_it_may_be() {
        let (room, most) = (room(PARTS), 8 * SMALL);
        for (count, fits) in [(0, true), (4, true), (5, true), (32, true), (33, false)] {
            for body in [pieces(count), Body::from(vec![7; count * SMALL / 4])] {
                match within(room, body, most, "--max").await {
                    Ok(bytes) => assert_eq!((bytes.as_ref(), fits), (vec![7; count * SMALL / 4].as_slice(), true)),
                    Err(problem) => assert!(!fits && problem.to_string().contains("--max"), "{problem}"),
                }
            }
        }
        assert_eq!(room.available_permits(), PARTS as usize);
    }

    #[tokio::test]
    async fn a_large_body_has_its_place_until_it_is_dropped_and_waits_for_it_while_small_ones_pass() {
        let room = room(8);
        let first = within(room, Body::from(vec![7; 5 * SMALL]), 8 * SMALL, "--max").await.unwrap();
        assert_eq!(room.available_permits(), 3);
        // What does not say how much it is may be as much as is allowed.
        let mut second = tokio::spawn(within(room, pieces(8), 8 * SMALL, "--max"));
        let small = within(room, Body::from(vec![7; SMALL]), 8 * SMALL, "--max").await.unwrap();
        assert_eq!(small.len(), SMALL);
        assert!(timeout(Duration::ZERO, &mut second).await.is_err());
        drop(first);
        assert_eq!(second.await.unwrap().unwrap().len(), 2 * SMALL);
        assert_eq!(room.available_permits(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_place_comes_free_the_request_is_refused_for_now() {
        let room = room(8);
        let _all = room.acquire_many(8).await.unwrap();
        let problem = within(room, Body::from(vec![7; 2 * SMALL]), 8 * SMALL, "--max").await.unwrap_err();
        assert!(matches!(problem, Problem::NoRoomForBody) && problem.retry_after().is_some(), "{problem}");
    }
}
