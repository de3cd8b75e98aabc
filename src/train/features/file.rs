//! From a trained feature network to a file that has been seen to work.

use super::FeatureRun;
use crate::onnx::GraphBuilder;
use crate::score::onnx::{FeatureContract, FeatureNetwork, Runtime};
use crate::train::data::Dataset;
use crate::train::network::Classifier;
use crate::train::network::export::{ExportOps, same};
use crate::train::network::torch::values;
use anyhow::Result;
use serde_json::json;
use tch::Tensor;

/// Rows evaluated at once.
const BLOCK: usize = 500;

/// The share of the rows of `data` whose class the run's moving average gives the largest logit.
pub fn accuracy(run: &mut FeatureRun<'_>, data: &Dataset) -> f64 {
    let mut right = 0;
    for first in (0..data.len()).step_by(BLOCK) {
        let range = first..data.len().min(first + BLOCK);
        let label: Vec<i64> = range.clone().map(|i| data.label(i)).collect();
        let [_, logits] = run.answer(&rows(data, range));
        right += logits.argmax(1, false).eq_tensor(&Tensor::from_slice(&label)).sum(tch::Kind::Int64).int64_value(&[]);
    }
    right as f64 / data.len() as f64
}

/// The file of the run's moving average, called `name`, for the classes `labels`. `accuracy` is what was measured on
/// held-out rows, if there are any.
#[must_use]
pub fn file(run: &FeatureRun<'_>, name: &str, labels: &[String], accuracy: Option<f64>) -> Vec<u8> {
    let network = &run.plan.network;
    let mut graph = GraphBuilder::new("features");
    let x = graph.input_f32("x", &network.shape);
    let mut ops = ExportOps { graph: &mut graph, weights: run.average() };
    let [features, logits] = network.features_and_logits(&mut ops, &x);
    graph.output_f32("features", &features, &[Classifier::FEATURES]);
    graph.output_f32("logits", &logits, &[network.classes]);
    let training = json!({
        "steps": run.step,
        "seconds": run.seconds.round(),
        "accuracy": accuracy,
        "plan": run.plan,
        "smld": env!("CARGO_PKG_VERSION"),
    });
    graph.finish(&FeatureContract { name: name.to_owned(), labels: labels.to_vec(), training }.to_metadata())
}

/// Loads `file` as `smld-train evaluate` does and compares it with libtorch on the first rows of `data`.
///
/// # Errors
/// Where the file breaks the contract, an answer is not finite, or the two differ by more than 1e-4 of the largest.
pub fn verify(file: &[u8], runtime: &Runtime, run: &mut FeatureRun<'_>, data: &Dataset) -> Result<()> {
    let x = rows(data, 0..data.len().min(BLOCK));
    let answer = FeatureNetwork::from_bytes(runtime, file, 1)?.evaluate(&values(&x))?;
    let exact = run.answer(&x);
    for (name, exact, answer) in [("features", &exact[0], answer.features), ("logits", &exact[1], answer.logits)] {
        same(&format!("the {name}"), &values(exact), &answer)?;
    }
    Ok(())
}

/// Rows `range` of `data`: [rows, C, H, W].
fn rows(data: &Dataset, range: std::ops::Range<usize>) -> Tensor {
    let dim = data.shape().iter().product();
    let mut x = vec![0.0; range.len() * dim];
    x.chunks_mut(dim).zip(range.clone()).for_each(|(row, i)| data.row(i, row));
    let shape: Vec<i64> = std::iter::once(range.len()).chain(data.shape().iter().copied()).map(|n| n as i64).collect();
    Tensor::from_slice(&x).reshape(shape)
}
