//! What the graph builder writes, as onnxruntime reads it.

use crate::support::{contract, file, open, score};
use smld::onnx::{Attr, GraphBuilder};

#[test]
fn attributes_of_every_kind_reach_their_operators() {
    let mut graph = GraphBuilder::new("attributes");
    let x = graph.input_f32("x", &[8, 1, 1]);
    graph.input_f32("sigma", &[]);
    let shallow =
        graph.node("DepthToSpace", &[&x], &[("blocksize", Attr::Int(2)), ("mode", Attr::Text("CRD".to_owned()))]);
    let turned = graph.node("Transpose", &[&shallow], &[("perm", Attr::Ints(vec![0, 1, 3, 2]))]);
    let bent = graph.node("LeakyRelu", &[&turned], &[("alpha", Attr::Float(0.25))]);
    let shape = graph.constant_i64("shape", &[4], &[-1, 8, 1, 1]);
    let flat = graph.node("Reshape", &[&bent, &shape], &[]);
    graph.output_f32("score", &flat, &[8, 1, 1]);
    let mut session = open(graph.finish(&contract().to_metadata()));
    let x = [0.0, -1.0, 2.0, -3.0, 4.0, -5.0, 6.0, -7.0];
    assert_eq!(score(session.as_mut(), &x, &[1.0]), [0.0, 2.0, -0.25, -0.75, 4.0, 6.0, -1.25, -1.75]);
}

#[test]
fn constants_keep_their_numbers_and_names_that_are_taken_get_others() {
    let mut session = open(file(&contract(), |graph, x, sigma| {
        let first = graph.constant_f32("c", &[2], &[1.5, -2.5]);
        let second = graph.constant_f32("c", &[1, 2], &[1e-8, f32::MAX]);
        assert_ne!(first, second);
        let product = graph.node("Mul", &[x, &first], &[]);
        let product = graph.node("Mul", &[&product, &second], &[]);
        graph.node("Mul", &[&product, sigma], &[])
    }));
    assert_eq!(score(session.as_mut(), &[2.0, -0.4], &[1.0]), [2.0 * 1.5 * 1e-8, f32::MAX]);
}

#[test]
fn the_same_calls_write_the_same_bytes() {
    let write = || file(&contract(), |graph, x, sigma| graph.node("Mul", &[x, sigma], &[]));
    assert!(write() == write());
}

#[test]
#[should_panic(expected = "the constant 'c' has shape [2, 2]")]
fn a_constant_whose_data_do_not_fill_its_shape_is_a_fault_of_the_program() {
    GraphBuilder::new("g").constant_f32("c", &[2, 2], &[1.0]);
}
