//! What the benchmark `serving` computes with, held to exact answers: a benchmark has no tests of its own.
#![cfg(all(feature = "serve", feature = "onnx"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "../../benches/serving/exposition.rs"]
mod exposition;
#[path = "../../benches/serving/flops.rs"]
mod flops;
#[path = "../../benches/serving/peak.rs"]
mod peak;
#[path = "../../benches/serving/profile.rs"]
mod profile;
#[path = "../../benches/serving/statistics.rs"]
mod statistics;

mod arithmetic;
mod readings;
mod spreads;
