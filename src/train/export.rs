//! From a trained network to a score network file that has been seen to work.

use super::checkpoint::State;
use super::network::export::{ExportOps, same};
use super::network::torch::{Weights, values};
use super::objective::{DsmLadder, ObjectiveSpec};
use super::plan::Plan;
use crate::onnx::GraphBuilder;
use crate::sampler::{AncestralSpec, AnnealedLangevinSpec, Init, LangevinSpec, Noise, Purpose, SamplerSpec, schedule};
use crate::score::onnx::{Contract, OnnxScore, Output, Provider, Runtime};
use crate::score::{ReadyModel, Rows, prepare};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use tch::{Tensor, no_grad};

/// The file of the moving average in `state`, called `name`, as bytes. Where the plan names no sampler it is sampled by the one
/// that the objective's noise levels are for.
#[must_use]
pub fn file(plan: &Plan, state: &State, name: &str) -> Vec<u8> {
    let [sigma_min, sigma_max] = plan.objective.levels();
    let contract = Contract {
        name: name.to_owned(),
        output: Output::Score,
        sigma_min,
        sigma_max,
        range: plan.range,
        labels: labels(&plan.data),
        label_weights: label_weights(&plan.data),
        sampler: plan.sampler.clone().or_else(|| Some(default_sampler(plan))),
        training: json!({
            "objective": plan.objective.name(),
            "steps": state.progress.step,
            "seconds": state.progress.seconds.round(),
            "weights": state.weights.count(),
            "plan": plan,
            "smld": env!("CARGO_PKG_VERSION"),
        }),
    };
    graph(plan, &state.optimiser.average).finish(&contract.to_metadata())
}

fn graph(plan: &Plan, weights: &Weights) -> GraphBuilder {
    let shape = plan.network.shape();
    let mut graph = GraphBuilder::new("score");
    let x = graph.input_f32("x", shape);
    let sigma = graph.input_f32("sigma", &[]);
    let label = (plan.network.classes() > 0).then(|| graph.input_i64("label", &[]));
    let mut ops = ExportOps { graph: &mut graph, weights };
    let score = plan.network.bounded_score(&mut ops, plan.range, &x, &sigma, label.as_ref());
    graph.output_f32("score", &score, shape);
    graph
}

/// Where there are levels to go down: of a ladder (`dsm-ladder`) annealing over its levels; of a continuum ancestral sampling of
/// images, annealing of points. At one level Langevin dynamics from a uniform start over the data's range, for as long as a Gaussian
/// of the data's spread needs to forget it, but for 100 steps at least and 10,000 at most: a σ below a fourteenth of the spread would need
/// more, and its chains may still be on their way.
fn default_sampler(plan: &Plan) -> SamplerSpec {
    // About a thousand evaluations, as Song & Ermon 2019 take for ten levels.
    let down = |levels: u32| {
        let (levels, steps_per_level) = (Some(levels), Some((1000 / levels).clamp(5, 100)));
        SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
            levels,
            steps_per_level,
            ..AnnealedLangevinSpec::default()
        })
    };
    match plan.objective {
        ObjectiveSpec::DsmLadder { levels, .. } => down(levels),
        ObjectiveSpec::DsmContinuous { sigma_min, sigma_max, .. }
        | ObjectiveSpec::Distil { sigma_min, sigma_max, .. } => match *plan.network.shape() {
            [dim] => down(DsmLadder::levels(sigma_max, sigma_min, dim as usize)),
            // Of images the best in few evaluations, as far as it was measured.
            _ => SamplerSpec::Ancestral(AncestralSpec::default()),
        },
        ObjectiveSpec::Dsm { sigma }
        | ObjectiveSpec::Esm { sigma }
        | ObjectiveSpec::Ism { sigma, .. }
        | ObjectiveSpec::Ssm { sigma } => {
            // On N(0, v) the start fades as exp(−t/v) with t = τT, and a variance v ≥ σ² is at most 5 % too large.
            let tau = 0.1 * sigma * sigma;
            let variance = sigma * sigma + plan.network.deviation() * plan.network.deviation();
            let [low, high] = plan.range.map(f64::from);
            SamplerSpec::Langevin(LangevinSpec {
                sigma: Some(sigma),
                tau: Some(tau),
                steps: Some((5.0 * variance / tau).ceil().clamp(100.0, 10_000.0) as u32),
                init: Some(Init::Uniform { low, high }),
                ..LangevinSpec::default()
            })
        }
    }
}

fn labels(data: &Value) -> Vec<String> {
    let classes = data["classes"].as_array().map(Vec::as_slice).unwrap_or_default();
    classes.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How many rows each class has.
fn label_weights(data: &Value) -> Vec<f64> {
    let counts = data["label_counts"].as_array().map(Vec::as_slice).unwrap_or_default();
    counts.iter().filter_map(Value::as_f64).collect()
}

/// Loads `file` as the server does and compares it with libtorch at five noise levels.
///
/// # Errors
/// Where the file breaks the contract, a score is not finite or vanishes, or the two differ by more than 1e-4 of the largest at that σ.
pub fn verify(file: Vec<u8>, runtime: &Runtime, plan: &Plan, state: &mut State) -> Result<ReadyModel> {
    const ROWS: usize = 4;
    let model = OnnxScore::from_bytes(runtime, file, Provider::Cpu, false)?;
    let ready = prepare(Arc::new(model), &[1])?;
    let mut session = ready.open(1)?;
    let dim = ready.info().dim();
    let [sigma_min, sigma_max] = plan.objective.levels();
    for (level, sigma) in schedule::geometric(sigma_max, sigma_min, 5).into_iter().enumerate() {
        let mut x = vec![0.0; ROWS * dim];
        let scale = (sigma * sigma + plan.network.deviation() * plan.network.deviation()).sqrt() as f32;
        Noise::new(plan.seed, level as u32, Purpose::Sampling).for_each_normal(0, &mut x, |_, x, z| *x = scale * z);
        let sigmas = [sigma as f32; ROWS];
        let label: Vec<i64> = (0..ROWS as i64).map(|i| (i % (plan.network.classes() + 1)) - 1).collect();
        let mut score = vec![0.0; x.len()];
        session.evaluate(Rows { x: &x, sigma: &sigmas, label: &label }, &mut score)?;

        let device = state.optimiser.average.device();
        let shape: Vec<i64> = std::iter::once(ROWS as i64).chain(plan.network.shape().iter().copied()).collect();
        let [x, sigmas] = [Tensor::from_slice(&x).reshape(shape), Tensor::from_slice(&sigmas)];
        let [x, sigmas, label] = [x, sigmas, Tensor::from_slice(&label)].map(|tensor| tensor.to_device(device));
        let exact = no_grad(|| plan.bounded_score(&mut state.optimiser.average, &x, &sigmas, &label));
        let exact = values(&exact);
        // σ² is beyond float32 there, or so large that nothing is left of a score over it.
        ensure!(
            exact.iter().any(|&s| s != 0.0),
            "at σ = {sigma} the score vanishes in float32; give a smaller --sigma-max, or --sigma"
        );
        same(&format!("at σ = {sigma} the scores"), &exact, &score)?;
    }
    Ok(ready)
}
