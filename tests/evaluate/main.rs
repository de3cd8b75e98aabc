//! How good samples are: every figure against an exact answer, feature networks, the commands.
#![cfg(feature = "train")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod classes;
mod command;
mod cover;
mod denoising;
mod features;
mod frechet;
#[path = "../common/mixture.rs"]
mod mixture;
mod nearest;
mod real;
mod split;
mod support;
mod sweep;
mod tune;
