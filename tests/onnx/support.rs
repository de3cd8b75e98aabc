//! Small graphs, and ways to load and evaluate them.

use smld::onnx::{Element, GraphBuilder, Value};
use smld::sampler::{AnnealedLangevinSpec, SamplerSpec};
use smld::score::density::{Component, GaussianMixture};
use smld::score::onnx::{Contract, LoadFault, OnnxScore, Provider, Runtime};
use smld::score::{Rows, ScoreModel, ScoreSession};

/// onnxruntime, as the server finds it.
pub(crate) fn runtime() -> Runtime {
    Runtime::load(None).expect("scripts/fetch onnxruntime")
}

/// Loads a file's bytes on the CPU.
pub(crate) fn load(file: Vec<u8>) -> Result<OnnxScore, LoadFault> {
    OnnxScore::from_bytes(&runtime(), file, Provider::Cpu, false)
}

/// The sentence with which a file is refused.
pub(crate) fn refusal(file: Vec<u8>) -> String {
    load(file).expect_err("the file breaks the contract").to_string()
}

/// The metadata of a model of two noise levels and more.
pub(crate) fn contract() -> Contract {
    let sampler = Some(SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec::default()));
    Contract { sampler, ..Contract::new("small", [0.01, 10.0], [-1.0, 1.0]) }
}

/// x [batch, `dim`] and σ as [batch, 1].
pub(crate) fn inputs(graph: &mut GraphBuilder, dim: i64) -> (Value, Value) {
    let x = graph.input_f32("x", &[dim]);
    let sigma = graph.input_f32("sigma", &[]);
    let column = graph.constant_i64("column", &[2], &[-1, 1]);
    (x, graph.node("Reshape", &[&sigma, &column], &[]))
}

/// A file of two coordinates whose output is made of x [batch, 2] and σ [batch, 1].
pub(crate) fn file(contract: &Contract, output: impl FnOnce(&mut GraphBuilder, &Value, &Value) -> Value) -> Vec<u8> {
    let mut graph = GraphBuilder::new("small");
    let (x, sigma) = inputs(&mut graph, 2);
    let output = output(&mut graph, &x, &sigma);
    graph.output_f32("score", &output, &[2]);
    graph.finish(&contract.to_metadata())
}

/// A file of which nothing is right but what the caller makes so.
pub(crate) fn bare(
    inputs: &[(&str, Element, &[Option<i64>])],
    output: (&str, Element, &[Option<i64>]),
    contract: &Contract,
) -> Vec<u8> {
    let mut graph = GraphBuilder::new("bare");
    let values: Vec<Value> = inputs.iter().map(|(name, element, axes)| graph.input(name, *element, axes)).collect();
    let (name, element, axes) = output;
    let mut value = graph.cast(&values[0], element);
    if inputs[0].2 != axes {
        let shape: Vec<i64> = axes.iter().map(|axis| axis.unwrap_or(-1)).collect();
        let shape = graph.constant_i64("shape", &[shape.len() as i64], &shape);
        value = graph.node("Reshape", &[&value, &shape], &[]);
    }
    graph.output(name, &value, element, axes);
    graph.finish(&contract.to_metadata())
}

/// 0.2·N((−5, −5), I) + 0.8·N((5, 5), I).
pub(crate) fn two_modes() -> GaussianMixture {
    let component = |weight, mean: f64| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap()
}

/// The score of rows without a class.
pub(crate) fn score(session: &mut dyn ScoreSession, x: &[f32], sigma: &[f32]) -> Vec<f32> {
    labelled_score(session, x, sigma, &vec![-1; sigma.len()])
}

/// The score of rows with a class each.
pub(crate) fn labelled_score(session: &mut dyn ScoreSession, x: &[f32], sigma: &[f32], label: &[i64]) -> Vec<f32> {
    let mut score = vec![f32::NAN; x.len()];
    session.evaluate(Rows { x, sigma, label }, &mut score).unwrap();
    score
}

/// A one-thread session of a file that is good.
pub(crate) fn open(file: Vec<u8>) -> Box<dyn ScoreSession> {
    load(file).unwrap().open(1).unwrap()
}
