//! Score networks in ONNX files: the writer, the contract and onnxruntime together.
#![cfg(feature = "onnx")]

mod contract;
mod fixtures;
mod invariance;
mod provider;
mod session;
mod signature;
mod support;
