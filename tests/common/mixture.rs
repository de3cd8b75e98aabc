//! A Gaussian mixture as a score network's file: the contract, the batching and the runtime tried without a training.

use smld::onnx::{Attr, Element, GraphBuilder, Value};
use smld::score::ScoreModel;
use smld::score::density::{Component, GaussianMixture};
use smld::score::onnx::{Contract, Output};

/// Copies of every number that a logarithm or exponential is taken of. Those functions round their vector body and their
/// scalar tail differently; with so many columns a row's place in the batch decides nothing.
const LANES: i64 = 64;

/// The file of `mixture`, called `name`: its score in closed form at every σ, computed in float64, with the same bytes in every batch.
/// With one name in `labels` for each component it is class-conditional: the score of a class is its component's, and
/// that of no class (−1) the mixture's; classes come as often as the components.
///
/// # Panics
/// Where `labels` are neither none nor one for each component.
pub(crate) fn mixture_file(name: &str, mixture: &GaussianMixture, labels: &[&str]) -> Vec<u8> {
    let (model, components) = (mixture.clone().named(name), mixture.components());
    let info = model.info();
    assert!(labels.is_empty() || labels.len() == components.len(), "one label for each component, or none");
    let dim = info.dim() as i64;

    let mut graph = GraphBuilder::new(&info.name);
    let x = graph.input_f32("x", &[dim]);
    let sigma = graph.input_f32("sigma", &[]);
    let label = (!labels.is_empty()).then(|| graph.input_i64("label", &[]));
    let score = Mixture { graph: &mut graph, components, dim }.score(&x, &sigma, label.as_ref());
    graph.output_f32("score", &score, &[dim]);

    let contract = Contract {
        name: info.name.clone(),
        output: Output::Score,
        sigma_min: info.sigma_min,
        sigma_max: info.sigma_max,
        range: info.range,
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        label_weights: components.iter().take(labels.len()).map(|component| component.weight).collect(),
        sampler: Some(info.sampler.clone()),
        training: info.training.clone(),
    };
    graph.finish(&contract.to_metadata())
}

/// The graph under construction. K components, D coordinates, B rows.
struct Mixture<'a> {
    graph: &'a mut GraphBuilder,
    components: &'a [Component],
    dim: i64,
}

impl Mixture<'_> {
    /// Σₖ rₖ (meanₖ − x)/vₖ with vₖ = varianceₖ + σ² and r the softmax over k of ln wₖ − D/2 ln vₖ − ‖x − meanₖ‖²/2vₖ.
    fn score(&mut self, x: &Value, sigma: &Value, label: Option<&Value>) -> Value {
        let count = self.components.len() as i64;
        let x = self.graph.cast(x, Element::F64);
        let x = self.reshape(&x, &[-1, 1, self.dim]);
        let means: Vec<f64> = self.components.iter().flat_map(|c| c.mean.iter().copied()).collect();
        let mean = self.graph.constant_f64("mean", &[1, count, self.dim], &means);
        let pull = self.graph.node("Sub", &[&mean, &x], &[]);

        let sigma = self.graph.cast(sigma, Element::F64);
        let sigma = self.reshape(&sigma, &[-1, 1, 1]);
        let sigma2 = self.graph.node("Mul", &[&sigma, &sigma], &[]);
        let variance = self.lanes("variance", |component| component.variance);
        let v = self.graph.node("Add", &[&sigma2, &variance], &[]);

        let mut logit = self.logit(&pull, &v);
        if let Some(label) = label {
            logit = self.only(&logit, label);
        }
        let responsibility = self.softmax(&logit);
        let rate = self.graph.node("Div", &[&responsibility, &v], &[]);
        let (first, axis) = (self.integers("first", &[0]), self.integers("lane_axis", &[2]));
        let end = self.integers("end", &[1]);
        let rate = self.graph.node("Slice", &[&rate, &first, &end, &axis], &[]);
        let terms = self.graph.node("Mul", &[&rate, &pull], &[]);
        let score = self.sum(&terms, 1, false);
        self.graph.cast(&score, Element::F32)
    }

    /// ln wₖ − D/2 ln vₖ − ‖x − meanₖ‖²/2vₖ, [B, K, LANES], of `pull` [B, K, D] and `v` [B, K, LANES].
    fn logit(&mut self, pull: &Value, v: &Value) -> Value {
        let square = self.graph.node("Mul", &[pull, pull], &[]);
        let distance = self.sum(&square, 2, true);
        let quotient = self.graph.node("Div", &[&distance, v], &[]);
        let log_v = self.graph.node("Log", &[v], &[]);
        let dim = self.graph.constant_f64("dim", &[], &[self.dim as f64]);
        let log_v = self.graph.node("Mul", &[&dim, &log_v], &[]);
        let both = self.graph.node("Add", &[&quotient, &log_v], &[]);
        let half = self.graph.constant_f64("half", &[], &[0.5]);
        let half_both = self.graph.node("Mul", &[&half, &both], &[]);
        let log_weight = self.lanes("log_weight", |component| libm::log(component.weight));
        self.graph.node("Sub", &[&log_weight, &half_both], &[])
    }

    /// `logit` with every component but the class's own taken out, where there is a class.
    fn only(&mut self, logit: &Value, label: &Value) -> Value {
        let label = self.reshape(label, &[-1, 1, 1]);
        let classes: Vec<i64> = (0..self.components.len() as i64).collect();
        let class = self.graph.constant_i64("class", &[1, classes.len() as i64, 1], &classes);
        let own = self.graph.node("Equal", &[&label, &class], &[]);
        let zero = self.graph.constant_i64("no_class", &[], &[0]);
        let none = self.graph.node("Less", &[&label, &zero], &[]);
        let stays = self.graph.node("Or", &[&own, &none], &[]);
        let out = self.graph.constant_f64("out", &[], &[-1e300]);
        self.graph.node("Where", &[&stays, logit, &out], &[])
    }

    /// The softmax over k, lane by lane.
    fn softmax(&mut self, logit: &Value) -> Value {
        let attributes = [("axes", Attr::Ints(vec![1])), ("keepdims", Attr::Int(1))];
        let largest = self.graph.node("ReduceMax", &[logit], &attributes);
        let below = self.graph.node("Sub", &[logit, &largest], &[]);
        let weight = self.graph.node("Exp", &[&below], &[]);
        let total = self.sum(&weight, 1, true);
        self.graph.node("Div", &[&weight, &total], &[])
    }

    fn sum(&mut self, value: &Value, axis: i64, keep: bool) -> Value {
        let axes = self.integers("axes", &[axis]);
        self.graph.node("ReduceSum", &[value, &axes], &[("keepdims", Attr::Int(keep.into()))])
    }

    fn reshape(&mut self, value: &Value, shape: &[i64]) -> Value {
        let shape = self.integers("shape", shape);
        self.graph.node("Reshape", &[value, &shape], &[])
    }

    fn integers(&mut self, name: &str, data: &[i64]) -> Value {
        self.graph.constant_i64(name, &[data.len() as i64], data)
    }

    /// A number of every component, [1, K, LANES].
    fn lanes(&mut self, name: &str, number: impl Fn(&Component) -> f64) -> Value {
        let numbers: Vec<f64> =
            self.components.iter().flat_map(|component| [number(component); LANES as usize]).collect();
        self.graph.constant_f64(name, &[1, self.components.len() as i64, LANES], &numbers)
    }
}
