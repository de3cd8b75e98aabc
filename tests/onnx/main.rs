//! Score networks in ONNX files: the writer, the contract and onnxruntime together.
#![cfg(feature = "onnx")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod contract;
mod fixtures;
mod invariance;
#[path = "../common/mixture.rs"]
mod mixture;
mod provider;
mod session;
mod signature;
mod support;
mod writer;
