//! Matrix products alone: what the processor gives where nothing else is done.

use smld::onnx::GraphBuilder;
use smld::sampler::{Noise, Purpose};
use smld::score::onnx::Contract;

/// Elements of a row: a matrix of 4 MB, which the caches hold in blocks only, as they do those of a network.
const WIDTH: usize = 1024;
/// Products in one run, so that what goes in and out of it counts for little.
const PRODUCTS: usize = 8;

/// Floating-point operations of one row.
pub(crate) fn flops() -> u64 {
    (2 * WIDTH * WIDTH * PRODUCTS) as u64
}

/// A score network's file whose graph is x W W … W with one random matrix W: run by the same onnxruntime with the same
/// settings as the networks that are served.
pub(crate) fn file() -> Vec<u8> {
    let width = WIDTH as i64;
    let mut graph = GraphBuilder::new("peak");
    let x = graph.input_f32("x", &[width]);
    graph.input_f32("sigma", &[]);
    // Elements of ±1/√D keep the length of a row about what it was, product after product.
    let mut w = vec![0.0; WIDTH * WIDTH];
    Noise::new(0, 0, Purpose::Sampling).uniform(0, &mut w);
    let scale = (WIDTH as f32).sqrt().recip();
    w.iter_mut().for_each(|w| *w = if *w < 0.5 { scale } else { -scale });
    let w = graph.constant_f32("w", &[width, width], &w);
    let score = (0..PRODUCTS).fold(x, |x, _| graph.node("MatMul", &[&x, &w], &[]));
    graph.output_f32("score", &score, &[width]);
    let contract = Contract::new("peak", [1.0, 1.0], [-1.0, 1.0]);
    graph.finish(&contract.to_metadata())
}
