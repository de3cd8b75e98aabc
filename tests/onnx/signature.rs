//! Files that are no score network, each with its own sentence.

use crate::support::{bare, contract, file, load, refusal, runtime};
use smld::onnx::Element::{F32, F64, I64};
use smld::onnx::{Attr, Element, GraphBuilder};
use smld::score::ScoreModel;
use smld::score::onnx::{Contract, OnnxScore, Provider};

type Declared<'a> = (&'a str, Element, &'a [Option<i64>]);

const X: Declared<'static> = ("x", F32, &[None, Some(2)]);
const SIGMA: Declared<'static> = ("sigma", F32, &[None]);
const LABEL: Declared<'static> = ("label", I64, &[None]);
const SCORE: Declared<'static> = ("score", F32, &[None, Some(2)]);

fn refused(inputs: &[Declared<'_>], output: Declared<'_>, said: &[&str]) {
    let sentence = refusal(bare(inputs, output, &contract()));
    assert!(said.iter().all(|part| sentence.contains(part)), "{said:?} are not all in: {sentence}");
}

#[test]
fn the_smallest_network_is_taken() {
    let model = load(bare(&[X, SIGMA], SCORE, &contract())).unwrap();
    assert_eq!(model.info().shape, [2]);
    let image: &[Option<i64>] = &[None, Some(3), Some(8), Some(4)];
    let model = load(bare(&[("x", F32, image), SIGMA], ("score", F32, image), &contract())).unwrap();
    assert_eq!(model.info().shape, [3, 8, 4]);
}

#[test]
fn a_file_that_is_not_onnx_is_refused() {
    let whole = bare(&[X, SIGMA], SCORE, &contract());
    for bytes in [&b"GIF89a, and no graph"[..], &[], &whole[..whole.len() / 2]] {
        let sentence = refusal(bytes.to_vec());
        assert!(sentence.contains("not an ONNX file, or is not whole"), "{sentence}");
    }
}

#[test]
fn an_unknown_operator_is_refused_by_its_name() {
    let sentence = refusal(file(&contract(), |graph, x, _| graph.node("Frobnicate", &[x], &[])));
    assert!(sentence.contains("cannot run the graph") && sentence.contains("Frobnicate"), "{sentence}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let path = std::path::Path::new("tests/fixtures/no-such-file.onnx");
    let error = OnnxScore::load(&runtime(), path, Provider::Cpu, false).unwrap_err().to_string();
    assert!(error.contains("no-such-file.onnx") && error.contains("cannot be read"), "{error}");
}

#[test]
fn a_missing_input_or_output_is_named_with_those_that_there_are() {
    refused(&[("image", F32, X.2), SIGMA], SCORE, &["input 'x' is missing", "image, sigma", "rename"]);
    refused(&[X, ("t", F32, &[None])], SCORE, &["input 'sigma' is missing", "x, t"]);
    refused(&[X, SIGMA], ("eps", F32, SCORE.2), &["output 'score' is missing", "eps"]);
}

#[test]
fn an_input_that_nobody_would_fill_is_refused() {
    refused(&[X, SIGMA, ("guidance", F32, &[None])], SCORE, &["'guidance'", "constant"]);
}

#[test]
fn other_types_are_refused() {
    refused(&[("x", F64, X.2), SIGMA], SCORE, &["'x' holds f64", "f32", "Cast"]);
    refused(&[X, ("sigma", I64, &[None])], SCORE, &["'sigma' holds i64", "f32"]);
    refused(&[X, SIGMA], ("score", F64, SCORE.2), &["'score' holds f64", "f32"]);
}

#[test]
fn other_ranks_are_refused() {
    let axes: &[Option<i64>] = &[None, Some(2), Some(2)];
    refused(&[("x", F32, axes), SIGMA], ("score", F32, axes), &["'x' has the shape [?, 2, 2]", "[batch, C, H, W]"]);
    refused(&[X, ("sigma", F32, &[None, Some(1)])], SCORE, &["'sigma' has the shape [?, 1]", "[batch]"]);
}

#[test]
fn a_fixed_batch_axis_is_refused() {
    let fixed: &[Option<i64>] = &[Some(1), Some(2)];
    refused(
        &[("x", F32, fixed), SIGMA],
        ("score", F32, fixed),
        &["first axis of 'x' is fixed at 1", "free batch axis"],
    );
    refused(&[X, ("sigma", F32, &[Some(4)])], SCORE, &["first axis of 'sigma' is fixed at 4"]);
    refused(&[X, SIGMA], ("score", F32, fixed), &["first axis of 'score' is fixed at 1"]);
}

#[test]
fn a_free_axis_other_than_the_first_is_refused() {
    let free: &[Option<i64>] = &[None, None];
    refused(&[("x", F32, free), SIGMA], ("score", F32, free), &["'x' has the shape [?, ?]", "only the first axis"]);
}

#[test]
fn a_score_of_another_shape_than_x_is_refused() {
    refused(&[X, SIGMA], ("score", F32, &[None, Some(1)]), &["'score' has the shape [?, 1]", "'x' has [?, 2]"]);
    refused(&[X, SIGMA], ("score", F32, &[None]), &["'score' has the shape [?]", "'x' has [?, 2]"]);
}

#[test]
fn classes_and_their_input_come_together() {
    refused(&[X, SIGMA, LABEL], SCORE, &["input 'label'", "'smld.labels' is missing"]);
    let labelled = Contract { labels: vec!["cat".to_owned()], ..contract() };
    let sentence = refusal(bare(&[X, SIGMA], SCORE, &labelled));
    assert!(sentence.contains("no input 'label'") && sentence.contains("take the key away"), "{sentence}");
    assert!(load(bare(&[X, SIGMA, LABEL], SCORE, &labelled)).is_ok());
    let sentence = refusal(bare(&[X, SIGMA, ("label", F32, &[None])], SCORE, &labelled));
    assert!(sentence.contains("'label' holds f32") && sentence.contains("i64"), "{sentence}");
}

#[test]
fn metadata_of_others_alone_are_not_enough() {
    let mut graph = GraphBuilder::new("foreign");
    let x = graph.input_f32("x", &[2]);
    graph.input_f32("sigma", &[]);
    let score = graph.node("LeakyRelu", &[&x], &[("alpha", Attr::Float(0.5))]);
    graph.output_f32("score", &score, &[2]);
    let sentence = refusal(graph.finish(&[("author".to_owned(), "someone".to_owned())]));
    assert!(sentence.contains("'smld.contract' is missing"), "{sentence}");
}

#[test]
fn classes_come_as_often_as_the_file_says_or_else_equally_often() {
    let weights = |label_weights: Vec<f64>| {
        let written = Contract { labels: vec!["a".to_owned(), "b".to_owned()], label_weights, ..contract() };
        load(bare(&[X, SIGMA, LABEL], SCORE, &written)).unwrap().info().label_weights.clone()
    };
    assert_eq!(weights(vec![5923.0, 0.0]), [5923.0, 0.0]);
    assert_eq!(weights(Vec::new()), [1.0, 1.0]);
}
