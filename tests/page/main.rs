//! The page at `/`, in a real browser over a real server.
#![cfg(all(feature = "client", feature = "onnx", feature = "serve"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod browser;
#[path = "../server/program.rs"]
#[expect(dead_code, reason = "the tests of the program use all of it")]
mod program;

mod commands;
mod keys;
mod looks;
mod plane;
mod sampling;
mod state;
