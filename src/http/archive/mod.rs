//! Samples as an archive that is sent while it is drawn: one file for each, by rising index, and what they took at the end.
//!
//! ```text
//! source → feed: files → container → parts → body
//! ```
//!
//! However many samples there are, few are held: the feed takes the next ones when the client has read those before, and
//! the engine goes a window beyond what was taken. An archive that cannot be finished is broken off: its body ends with an
//! error and never as a whole one does.
//!
//! | module | what it is |
//! |---|---|
//! | `container` | zip and tar, written file by file |
//! | `files` | which files there are, and what is in them |
//! | `feed` | from the samples to the body, at the client's pace |

mod container;
mod feed;
mod files;

pub(super) use container::Container;
pub(super) use feed::begin;
