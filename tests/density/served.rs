//! Samples as they are served: a density's file, a request's JSON, the engine.

use super::common::{asked, drawn, ready, roomy};
use super::histogram::assert_follows;
use serde_json::{Value, json};
use smld::engine::{Failure, RawSampleRequest, Samples, engine};
use smld::score::ReadyModel;
use smld::score::density::{DensityModel, NAMES, by_name};
use std::path::Path;
use std::sync::Arc;

/// The model of a file with `json` in it.
fn described(json: &Value) -> ReadyModel {
    ready(DensityModel::from_bytes("density", json.to_string().as_bytes()).unwrap(), 1)
}

/// A model of the folder models/.
fn shipped(name: &str) -> ReadyModel {
    ready(DensityModel::load(Path::new(&format!("models/{name}.density.json"))).unwrap(), 1)
}

/// N(0, variance I) of `dim` dimensions: as many independent chains at once.
fn gaussian(variance: f64, dim: usize) -> ReadyModel {
    described(&json!({"density": "gaussian", "mean": vec![0.0; dim], "variance": variance}))
}

/// The answer of an engine to a request for `n` samples of seed 5; without a sampler, by the model's own.
fn answer(model: &ReadyModel, n: u32, sampler: Value) -> Result<Samples, Failure> {
    let sampler = serde_json::from_value(sampler).unwrap();
    let raw = RawSampleRequest { n: Some(n.into()), seed: Some(5), sampler, ..RawSampleRequest::default() };
    let (engine, mut workers) = engine(std::slice::from_ref(model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.submit(&asked(model, &raw)).unwrap();
    drawn(&mut workers, ticket)
}

/// The samples of [`answer`].
fn samples(model: &ReadyModel, n: u32, sampler: Value) -> Vec<Vec<f64>> {
    let samples = answer(model, n, sampler).unwrap().samples;
    samples.into_iter().map(|(_, x)| x.into_iter().map(f64::from).collect()).collect()
}

/// Whether the variance of `samples`, of mean zero, is `exact` within four standard errors (one time in 16,000 it would not be).
fn assert_variance(samples: &[Vec<f64>], exact: f64) {
    let count = samples.iter().map(Vec::len).sum::<usize>() as f64;
    let variance = samples.iter().flatten().map(|x| x * x).sum::<f64>() / count;
    let error = exact * (2.0 / count).sqrt();
    assert!((variance - exact).abs() < 4.0 * error, "{variance} is not {exact} ± {error}");
}

#[test]
fn langevin_settles_at_the_variance_of_its_discretisation() {
    let model = gaussian(1.0, 1024);
    for (tau, steps, exact) in [(0.01, 350, 1.005025), (0.1, 40, 1.052632), (0.5, 10, 1.333333), (1.0, 3, 2.0)] {
        let sampler = json!({"method": "langevin", "sigma": 0, "tau": tau, "steps": steps});
        assert_variance(&samples(&model, 64, sampler), exact);
    }
}

#[test]
fn annealed_langevin_has_the_variance_of_its_recursion() {
    let sampler = json!({
        "method": "annealed_langevin", "sigma_max": 1, "sigma_min": 0.01, "levels": 10, "steps_per_level": 100,
        "epsilon": 2e-5, "init": {"uniform": {"low": -0.5, "high": 0.5}},
    });
    assert_variance(&samples(&gaussian(0.095, 1024), 32, sampler), 0.097843);
}

#[test]
fn langevin_diverges_beyond_twice_the_variance_and_not_below() {
    let model = gaussian(0.5, 16);
    let sampler = |tau: f64| json!({"method": "langevin", "sigma": 0, "tau": tau, "steps": 2000});
    assert!(answer(&model, 4, sampler(0.99)).is_ok());
    // |1 − τ/v| = 1.1 a step: 3.4e38, the largest number, is 932 of them from one.
    let Err(Failure::Diverged { sigma, tau, evaluation, .. }) = answer(&model, 4, sampler(1.05)) else {
        panic!("τ = 1.05 is above 2v = 1")
    };
    assert!(sigma == 0.0 && tau == Some(1.05) && (850..950).contains(&evaluation), "{sigma} {tau:?} {evaluation}");
}

/// The share of 3000 samples at the small mode of models/two-modes, whose weight is 0.2.
fn small_mode(sampler: Value) -> f64 {
    let samples = samples(&shipped("two-modes"), 3000, sampler);
    samples.iter().filter(|x| x[0] + x[1] < 0.0).count() as f64 / samples.len() as f64
}

// The standard error of a share of 3000 is at most 0.009; the bands are four of them on either side.

#[test]
fn the_weights_of_the_modes_are_what_each_sampler_makes_of_them() {
    let init = json!({"uniform": {"low": -8, "high": 8}});
    let plain = small_mode(json!({"method": "langevin", "sigma": 0, "tau": 0.05, "steps": 500, "init": init}));
    assert!((0.45..0.53).contains(&plain), "{plain}");
    let annealed = |sigma_max: f64, steps: u32| {
        small_mode(json!({
            "method": "annealed_langevin", "sigma_max": sigma_max, "sigma_min": 0.1, "levels": 10,
            "steps_per_level": steps, "epsilon": 1e-3, "init": init,
        }))
    };
    let (slow, late, fast) = (annealed(20.0, 100), annealed(3.0, 100), annealed(20.0, 10));
    assert!((0.18..0.26).contains(&slow), "{slow}");
    assert!((0.25..0.33).contains(&late), "{late}");
    assert!((0.28..0.36).contains(&fast), "{fast}");
    let own = small_mode(Value::Null);
    assert!((0.17..0.24).contains(&own), "{own}");
}

#[test]
fn without_noise_chains_climb_to_the_ridge_of_the_ring() {
    // Where the gradient across vanishes: r I₁(z)/I₀(z) = ρ, which is r − v/2r and smaller terms.
    let sampler = json!({"method": "langevin", "sigma": 0, "tau": 0.005, "steps": 200, "noise": false});
    for x in samples(&shipped("ring"), 50, sampler) {
        assert!((x[0].hypot(x[1]) - 0.995).abs() < 1e-4, "{x:?}");
    }
}

/// Points by a model's own sampler.
fn own_samples(name: &str) -> Vec<[f64; 2]> {
    let model = ready(DensityModel::new(name, by_name(name).unwrap()), 1);
    samples(&model, 1000, Value::Null).into_iter().map(|x| x.try_into().unwrap()).collect()
}

/// A relative error of 5 % is left to the samplers: chains of finite length and finite steps are not exact.
#[test]
fn the_samplers_that_densities_name_themselves_give_the_densities() {
    for name in NAMES.into_iter().filter(|&name| name != "funnel") {
        let density = by_name(name).unwrap();
        assert_follows(name, &own_samples(name), density.as_ref(), density.sigma_range()[0], 5, 0.05);
    }
}

#[test]
fn langevin_does_not_go_down_the_neck_of_the_funnel() {
    let deep = own_samples("funnel").iter().filter(|x| x[0] < -6.0).count();
    // Of exact draws 22.8 ± 4.7 are two deviations down.
    assert!(deep < 6, "{deep}");
}
