//! smld: score matching with Langevin dynamics, from data to a networked service.
//!
//! Data flows one way:
//!
//! ```text
//! serving   bytes → http → SampleRequest → engine: chains → step batch → score → sampler → … → pixels → bytes
//! training  images → train::data → noised batch → objective → network → optimiser → onnx file → verified
//! ```
//!
//! | module | what it is | knows |
//! |---|---|---|
//! | [`sampler`] | Langevin dynamics as `init` and `advance(score)`; noise by counters | nothing |
//! | [`score`] | the trait of score models; exact densities; ONNX networks | `sampler`'s words, `onnx` |
//! | [`engine`] | chains, slots, step batches, fairness, workers | `sampler`, `score` |
//! | [`pixels`] | numbers to pictures: scaling, grids, PNG | nothing |
//! | [`plot`] | figures: densities, points, lines and arrows, as SVG and PNG | `score`, `pixels` |
//! | [`onnx`] | the ONNX format: graph builder and writer | nothing |
//! | `oip` | the Open Inference Protocol without a wire: tensors to requests, samples to tensors | `engine`, `score` |
//! | [`http`] | requests and answers, metrics, configuration of the server | `engine`, `sampler`'s words, `score`, `pixels`, `plot`, `oip` |
//! | [`grpc`] | the protocol over gRPC, health, reflection | `oip`; `engine` and `http`, for what answers and what can be wrong |
//! | [`client`] | a running server asked for samples, models, a picture again; load | `plot`; of the server the interface as documented |
//! | [`train`] | the trainer: data, objective, network, optimiser, export | all but `http` and `grpc` |
//!
//! Features: `serve` (http and gRPC), `client`, `onnx` (onnxruntime and the writer), `train` (libtorch). The core builds without any.

#[cfg(feature = "client")]
pub mod client;
pub mod engine;
#[cfg(feature = "serve")]
pub mod grpc;
#[cfg(feature = "serve")]
pub mod http;
#[cfg(feature = "serve")]
mod oip;
#[cfg(feature = "onnx")]
pub mod onnx;
#[cfg(any(feature = "client", feature = "serve", feature = "train"))]
pub mod pixels;
#[cfg(any(feature = "client", feature = "serve", feature = "train"))]
pub mod plot;
pub mod sampler;
pub mod score;
#[cfg(feature = "train")]
pub mod train;
