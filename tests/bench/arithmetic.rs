//! What an evaluation costs.

use crate::{flops, peak};
use smld::onnx::{Attr, GraphBuilder};
use smld::score::ScoreModel;
use smld::score::onnx::{Contract, OnnxScore, Provider, Runtime};

/// The arithmetic of one row of the network in `file`.
fn counted(file: &[u8]) -> u64 {
    let runtime = Runtime::load(None).unwrap();
    let model = OnnxScore::from_bytes(&runtime, file.to_vec(), Provider::Cpu, false).unwrap();
    flops::of_one_row(&runtime, file, model.info()).unwrap()
}

#[test]
fn matrix_products_are_counted_as_they_were_written() {
    assert_eq!(counted(&peak::file()), peak::flops());
}

/// On paper: a convolution in two groups, 4 → 6 channels, 3×3, stride 2, 8×8 → 4×4, costs 2·(6·4·4)·(2·3·3); the product
/// with a matrix of 96 × 256 after it 2·256·96; the activation between, the bias and the reshapes cost nothing.
#[test]
fn convolutions_and_products_are_counted_as_on_paper() {
    let mut graph = GraphBuilder::new("small");
    let x = graph.input_f32("x", &[4, 8, 8]);
    graph.input_f32("sigma", &[]);
    let kernel = graph.constant_f32("kernel", &[6, 2, 3, 3], &[0.1; 6 * 2 * 9]);
    let bias = graph.constant_f32("bias", &[6], &[1.0; 6]);
    let attributes = [("group", Attr::Int(2)), ("strides", Attr::Ints(vec![2; 2])), ("pads", Attr::Ints(vec![1; 4]))];
    let hidden = graph.node("Conv", &[&x, &kernel, &bias], &attributes);
    let hidden = graph.node("Sigmoid", &[&hidden], &[]);
    let hidden = graph.node("Flatten", &[&hidden], &[]);
    let matrix = graph.constant_f32("matrix", &[256, 96], &[0.1; 256 * 96]);
    let hidden = graph.node("Gemm", &[&hidden, &matrix], &[("transB", Attr::Int(1))]);
    let shape = graph.constant_i64("shape", &[4], &[-1, 4, 8, 8]);
    let score = graph.node("Reshape", &[&hidden, &shape], &[]);
    graph.output_f32("score", &score, &[4, 8, 8]);
    let contract = Contract::new("small", [1.0, 1.0], [-1.0, 1.0]);
    let paper = 2 * (6 * 4 * 4) * (2 * 3 * 3) + 2 * 256 * 96;
    assert_eq!(counted(&graph.finish(&contract.to_metadata())), paper);
}
