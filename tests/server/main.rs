//! The program itself: started, asked, stopped.
#![cfg(all(feature = "client", feature = "onnx", feature = "serve"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod program;
mod python;

mod access;
mod answers;
mod clients;
mod colour;
mod configuration;
mod densities;
mod inference;
mod later;
mod openai;
mod openapi;
#[cfg(feature = "openvino")]
mod openvino;
mod readme;
mod service;
mod stopping;
