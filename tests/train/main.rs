//! The trainer: networks read twice, objectives with exact answers, runs that go on exactly, the commands.
#![cfg(feature = "train")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod command;
mod distil;
mod keeping;
mod log;
#[path = "../common/mixture.rs"]
mod mixture;
mod network;
mod objective;
mod objective_kernel;
mod objective_linear;
mod optimiser;
mod points;
mod process;
mod run;
mod support;
