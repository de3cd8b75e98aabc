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
mod health;
mod inference;
mod jobs;
mod openai;
mod openapi;
mod probe;
mod problems;
mod reproducible;
mod scores;
mod support;
