//! The server's interface, held without a socket and with one.
#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod archives;
mod deploy;
mod diagnostics;
mod disconnect;
mod dry_run;
mod events;
mod formats;
mod headers;
mod health;
mod inference;
mod jobs;
mod keys;
mod limits;
mod openai;
mod openapi;
mod page;
mod probe;
mod problems;
mod reproducible;
mod room;
mod scores;
mod support;
mod tls;
