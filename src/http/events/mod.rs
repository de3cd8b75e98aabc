//! Samples as an event stream (WHATWG HTML, section 9.2), told while they are drawn.
//!
//! | event | data |
//! |---|---|
//! | `accepted` | what will be run, what it costs, how long it is foretold to take |
//! | `progress` | evaluations made and chains ended, of how many; now and then, and before `done` |
//! | `preview` | denoised means of chains under way, for those who ask |
//! | `image` | one sample, by rising index |
//! | `done` | what it took; the last event |
//! | `error` | the problem; the last event in place of `done` |
//!
//! | module | what it is |
//! |---|---|
//! | `lines` | what is in an event |
//! | `voice` | the place that another interface's words take |
//! | `feed` | when there is one, at the client's pace |

mod feed;
mod lines;
mod voice;

pub(super) use feed::Stream;
pub(super) use lines::{Accepted, Lines, Previewed, Progress};
pub(super) use voice::{Voice, event};
