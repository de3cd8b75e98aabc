//! Chains by hand: a Gaussian in very many dimensions is very many chains at once, and the variance over D elements has
//! standard error V √(2/D).

use smld::sampler::{Noise, Purpose, Sampler, SamplerSpec, SigmaRange};
use smld::score::density::{Component, DensityModel, GaussianMixture};
use smld::score::{Rows, ScoreModel, ScoreSession};

pub(crate) const D: usize = 1 << 18;

pub(crate) fn sampler(spec: serde_json::Value, dim: usize) -> Sampler {
    let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
    spec.resolve(None, SigmaRange { min: 0.0, max: 20.0, dim }).unwrap()
}

pub(crate) fn gaussian(variance: f64, dim: usize) -> DensityModel {
    GaussianMixture::new(vec![Component { weight: 1.0, mean: vec![0.0; dim], variance }]).unwrap().named("gaussian")
}

/// The score of one row.
pub(crate) fn evaluate(density: &DensityModel, x: &[f32], sigma: f32, score: &mut [f32]) {
    density.clone().evaluate(Rows { x, sigma: &[sigma], label: &[-1] }, score).unwrap();
}

/// The chain of image `index` up to, not including, evaluation `end`.
pub(crate) fn run(sampler: &Sampler, density: &DensityModel, index: u32, end: u32) -> Vec<f32> {
    let noise = Noise::new(20, index, Purpose::Sampling);
    let dim = density.info().dim();
    let (mut x, mut score, mut memory) = (vec![0.0; dim], vec![0.0; dim], Vec::new());
    sampler.init(&noise, &mut x);
    for k in 0..end {
        evaluate(density, &x, sampler.sigma(k), &mut score);
        sampler.advance(k, &noise, &mut x, &mut memory, &score);
    }
    x
}

/// Whether the variance of `x`, of mean zero, is `exact` within four standard errors (one time in 16,000 it would not be).
pub(crate) fn assert_variance(x: &[f32], exact: f64) {
    let variance = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / x.len() as f64;
    let error = exact * (2.0 / x.len() as f64).sqrt();
    assert!((variance - exact).abs() < 4.0 * error, "{variance} is not {exact} ± {error}");
}

/// The fraction of `count` chains that end in the small mode of 0.2 N((−5, −5), I) + 0.8 N((5, 5), I).
pub(crate) fn small_mode(spec: serde_json::Value, count: u32) -> f64 {
    let component = |weight, mean| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    let mixture = GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap().named("two");
    let sampler = sampler(spec, 2);
    let ends = (0..count).map(|index| run(&sampler, &mixture, index, sampler.evaluations()));
    f64::from(ends.filter(|x| x[0] + x[1] < 0.0).count() as u32) / f64::from(count)
}
