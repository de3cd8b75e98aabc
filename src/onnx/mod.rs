//! The ONNX format: a graph builder that writes files of opset 17.
//!
//! ```
//! use smld::onnx::{Attr, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new("double");
//! let x = graph.input_f32("x", &[3, 8, 8]);
//! let two = graph.constant_f32("two", &[], &[2.0]);
//! let doubled = graph.node("Mul", &[&x, &two], &[]);
//! let mean = graph.node("ReduceMean", &[&doubled], &[("keepdims", Attr::Int(1))]);
//! graph.output_f32("score", &mean, &[3, 8, 8]);
//! let bytes = graph.finish(&[("smld.name".to_owned(), "double".to_owned())]);
//! # assert!(!bytes.is_empty());
//! ```

mod graph;
mod metadata;
#[expect(unreachable_pub, reason = "generated from proto/onnx.proto, and seen by the writer alone")]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/onnx.rs"));
}

pub use graph::{Attr, Element, GraphBuilder, Value};
pub use metadata::{NotOnnx, with_metadata};
