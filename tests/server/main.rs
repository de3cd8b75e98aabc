//! The program itself: started, asked, stopped.
#![cfg(all(feature = "serve", feature = "onnx"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod program;

mod configuration;
mod densities;
mod later;
#[cfg(feature = "openvino")]
mod openvino;
mod service;
mod stopping;
