//! Exact answers: on Gaussian densities Langevin dynamics is known in closed form, on mixtures its faults are.
//!
//! A Gaussian in very many dimensions is very many chains at once: the variance over D elements has standard error V √(2/D).

#![cfg(test)]

use smld::sampler::{Init, Noise, Purpose, Sampler, SamplerSpec, SigmaRange};
use smld::score::density::{Component, DensityModel, GaussianMixture};
use smld::score::{Rows, ScoreModel, ScoreSession};

const D: usize = 1 << 18;

fn sampler(spec: serde_json::Value, dim: usize) -> Sampler {
    let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
    spec.resolve(None, SigmaRange { min: 0.0, max: 20.0, dim }).unwrap()
}

fn gaussian(variance: f64, dim: usize) -> DensityModel {
    GaussianMixture::new(vec![Component { weight: 1.0, mean: vec![0.0; dim], variance }]).unwrap().named("gaussian")
}

/// The score of one row.
fn evaluate(density: &DensityModel, x: &[f32], sigma: f32, score: &mut [f32]) {
    density.clone().evaluate(Rows { x, sigma: &[sigma], label: &[-1] }, score).unwrap();
}

/// The chain of image `index` up to, not including, evaluation `end`.
fn run(sampler: &Sampler, density: &DensityModel, index: u32, end: u32) -> Vec<f32> {
    let noise = Noise::new(20, index, Purpose::Sampling);
    let dim = density.info().dim();
    let (mut x, mut score) = (vec![0.0; dim], vec![0.0; dim]);
    sampler.init(&noise, &mut x);
    for k in 0..end {
        evaluate(density, &x, sampler.sigma(k), &mut score);
        sampler.advance(k, &noise, &mut x, &score);
    }
    x
}

/// Whether the variance of `x`, of mean zero, is `exact` within four standard errors (one time in 16,000 it would not be).
fn assert_variance(x: &[f32], exact: f64) {
    let variance = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / x.len() as f64;
    let error = exact * (2.0 / x.len() as f64).sqrt();
    assert!((variance - exact).abs() < 4.0 * error, "{variance} is not {exact} ± {error}");
}

#[test]
fn langevin_on_a_gaussian_settles_at_the_variance_of_its_discretisation() {
    let density = gaussian(1.0, D);
    for (tau, steps, variance) in [(0.01, 350, 1.005025), (0.1, 40, 1.052632), (0.5, 10, 1.333333), (1.0, 3, 2.0)] {
        let exact: f64 = 1.0 / (1.0 - tau / 2.0);
        assert!((variance - exact).abs() < 1e-6);
        let sampler = sampler(serde_json::json!({"method": "langevin", "sigma": 0, "tau": tau, "steps": steps}), D);
        assert_variance(&run(&sampler, &density, 0, sampler.evaluations()), exact);
    }
}

#[test]
fn langevin_is_stable_below_twice_the_variance_and_not_above() {
    let density = gaussian(0.5, 64);
    let largest = |tau: f64| {
        let spec = serde_json::json!({"method": "langevin", "sigma": 0, "tau": tau, "steps": 2000});
        let sampler = sampler(spec, 64);
        run(&sampler, &density, 0, sampler.evaluations()).iter().fold(0.0, |largest: f32, x| largest.max(x.abs()))
    };
    // At τ = 0.99 the variance is 0.5/(1 − 0.99) = 50; at 1.01 it grows by 1.02² a step.
    assert!(largest(0.99) < 6.0 * 50.0_f32.sqrt());
    assert!(largest(1.01) > 1e10);
}

/// The variance that an annealed chain of variance `v0` has on N(0, v) before its denoising step: V ← (1 − τ/(v+σ²))² V + 2τ.
fn annealed(v: f64, v0: f64, sigmas: [f64; 2], levels: i32, steps: usize, epsilon: f64) -> f64 {
    let mut variance = v0;
    for i in 0..levels {
        let sigma = sigmas[0] * (sigmas[1] / sigmas[0]).powf(f64::from(i) / f64::from(levels - 1));
        let tau = epsilon * (sigma / sigmas[1]).powi(2);
        for _ in 0..steps {
            variance = (1.0 - tau / (v + sigma * sigma)).powi(2) * variance + 2.0 * tau;
        }
    }
    variance
}

#[test]
fn annealed_langevin_with_the_settings_of_song_and_ermon_2019_has_the_variance_of_its_recursion() {
    const V: f64 = 0.095;
    let before = annealed(V, 1.0 / 12.0, [1.0, 0.01], 10, 100, 2e-5);
    let denoise = V / (V + 1e-4);
    assert!((before - 0.098049).abs() < 1e-6 && (before * denoise * denoise - 0.097843).abs() < 1e-6);
    let spec = serde_json::json!({
        "method": "annealed_langevin", "sigma_max": 1, "sigma_min": 0.01, "levels": 10, "steps_per_level": 100,
        "epsilon": 2e-5, "init": {"uniform": {"low": -0.5, "high": 0.5}},
    });
    let (sampler, density) = (sampler(spec, D / 4), gaussian(V, D / 4));
    assert_eq!(sampler.evaluations(), 1001);
    let mut x = run(&sampler, &density, 0, 1000);
    assert_variance(&x, before);

    let mut score = vec![0.0; x.len()];
    evaluate(&density, &x, sampler.sigma(1000), &mut score);
    let noisy = x.clone();
    sampler.advance(1000, &Noise::new(20, 0, Purpose::Sampling), &mut x, &score);
    assert!(x.iter().zip(noisy).all(|(x, noisy)| (x - denoise as f32 * noisy).abs() <= 1e-6 * noisy.abs().max(0.1)));
}

#[test]
fn annealed_langevin_with_too_few_steps_keeps_the_excess_that_its_recursion_foretells() {
    const V: f64 = 0.095;
    let before = annealed(V, 196.0, [14.0, 0.01], 92, 5, 6.2e-6);
    let denoise = V / (V + 1e-4);
    assert!((before - 0.128679).abs() < 1e-6 && (before * denoise * denoise - 0.128408).abs() < 1e-6);
    let spec = serde_json::json!({
        "method": "annealed_langevin", "sigma_max": 14, "sigma_min": 0.01, "levels": 92, "steps_per_level": 5,
        "epsilon": 6.2e-6,
    });
    let sampler = sampler(spec, D / 2);
    assert_variance(&run(&sampler, &gaussian(V, D / 2), 0, 461), before * denoise * denoise);
}

/// The fraction of `count` chains that end in the small mode of 0.2 N((−5, −5), I) + 0.8 N((5, 5), I).
fn small_mode(spec: serde_json::Value, count: u32) -> f64 {
    let component = |weight, mean| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    let mixture = GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap().named("two");
    let sampler = sampler(spec, 2);
    let ends = (0..count).map(|index| run(&sampler, &mixture, index, sampler.evaluations()));
    f64::from(ends.filter(|x| x[0] + x[1] < 0.0).count() as u32) / f64::from(count)
}

// The standard error of a fraction of 3000 is at most 0.009; the bands are four of them on either side.

#[test]
fn plain_langevin_does_not_mix_and_gives_both_modes_alike() {
    let spec = serde_json::json!({
        "method": "langevin", "sigma": 0, "tau": 0.05, "steps": 500, "init": {"uniform": {"low": -8, "high": 8}},
    });
    let fraction = small_mode(spec, 3000);
    assert!((0.45..0.53).contains(&fraction), "{fraction}");
}

#[test]
fn annealed_langevin_finds_the_weights_of_the_modes_and_less_well_the_later_and_faster_it_begins() {
    let spec = |sigma_max: f64, steps: u32| {
        serde_json::json!({
            "method": "annealed_langevin", "sigma_max": sigma_max, "sigma_min": 0.1, "levels": 10,
            "steps_per_level": steps, "epsilon": 1e-3, "init": {"uniform": {"low": -8, "high": 8}},
        })
    };
    let slow = small_mode(spec(20.0, 100), 3000);
    assert!((0.18..0.26).contains(&slow), "{slow}");
    let late = small_mode(spec(3.0, 100), 3000);
    assert!((0.25..0.33).contains(&late), "{late}");
    let fast = small_mode(spec(20.0, 10), 3000);
    assert!((0.28..0.36).contains(&fast), "{fast}");
}

#[test]
fn without_noise_the_chain_climbs_to_the_mode() {
    let density =
        GaussianMixture::new(vec![Component { weight: 1.0, mean: vec![2.0, -3.0], variance: 0.5 }]).unwrap().named("g");
    let spec = serde_json::json!({"method": "langevin", "sigma": 0, "tau": 0.1, "steps": 200, "noise": false});
    let sampler = sampler(spec, 2);
    let distance = |end| {
        let x = run(&sampler, &density, 0, end);
        ((x[0] - 2.0).powi(2) + (x[1] + 3.0).powi(2)).sqrt()
    };
    // Every step leaves 1 − τ/v of the way.
    assert!((distance(10) / distance(0) - 0.8_f32.powi(10)).abs() < 1e-4);
    assert!(distance(sampler.evaluations()) < 1e-5);
}

#[test]
fn the_beginning_is_where_init_says() {
    let begin = |init: serde_json::Value| {
        let spec = serde_json::json!({"method": "langevin", "init": init});
        let mut x = vec![0.0; D];
        sampler(spec, D).init(&Noise::new(1, 0, Purpose::Sampling), &mut x);
        x
    };
    assert_variance(&begin(serde_json::json!({"normal": {"deviation": 3.0}})), 9.0);
    let uniform = begin(serde_json::json!({"uniform": {"low": -2.0, "high": 4.0}}));
    assert!(uniform.iter().all(|x| (-2.0..4.0).contains(x)));
    let mean = uniform.iter().map(|&x| f64::from(x)).sum::<f64>() / D as f64;
    assert!((mean - 1.0).abs() < 4.0 * (3.0 / D as f64).sqrt());
}

#[test]
fn a_sampler_told_in_json_is_a_spec_that_resolves_to_itself_to_the_last_bit() {
    for spec in [
        serde_json::json!({"method": "langevin"}),
        serde_json::json!({"method": "langevin", "sigma": 0.1, "tau": 1.0 / 3.0, "steps": 7, "noise": false, "denoise": true}),
        serde_json::json!({"method": "annealed_langevin"}),
        serde_json::json!({"method": "annealed_langevin", "sigma_max": 14.7, "levels": 10, "init": {"uniform": {"low": 0, "high": 1}}}),
    ] {
        let range = SigmaRange { min: 0.0123, max: 17.3, dim: 784 };
        let resolved = serde_json::from_value::<SamplerSpec>(spec).unwrap().resolve(None, range).unwrap();
        let told = serde_json::to_string(&resolved).unwrap();
        let again: SamplerSpec = serde_json::from_str(&told).unwrap();
        // Nothing is left for another model's spec or range to decide.
        let other = serde_json::json!({"method": "annealed_langevin", "levels": 3, "epsilon": 1.0, "denoise": false});
        let other: SamplerSpec = serde_json::from_value(other).unwrap();
        assert_eq!(again.resolve(Some(&other), range).unwrap(), resolved, "{told}");
    }
}

#[test]
fn numbers_in_json_are_read_back_to_the_last_bit() {
    // The default parser of serde_json is an ulp off on one number in some thousands.
    let mut number = 1.0_f64;
    for _ in 0..20_000 {
        number = f64::from_bits(number.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2 | 1 << 61);
        let init = Init::Normal { deviation: number };
        let again: Init = serde_json::from_str(&serde_json::to_string(&init).unwrap()).unwrap();
        assert_eq!(again, init);
    }
}

#[test]
fn the_models_own_sampler_fills_what_a_request_leaves_out_where_the_method_is_the_same() {
    let read = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap();
    let own =
        read(serde_json::json!({"method": "annealed_langevin", "levels": 7, "steps_per_level": 3, "denoise": false}));
    let range = SigmaRange { min: 0.01, max: 10.0, dim: 2 };
    let asked = read(serde_json::json!({"method": "annealed_langevin", "levels": 11}));
    assert_eq!(asked.resolve(Some(&own), range).unwrap().evaluations(), 33);
    let other = read(serde_json::json!({"method": "langevin", "steps": 5}));
    assert_eq!(other.resolve(Some(&own), range).unwrap().evaluations(), 5);
}

#[test]
fn an_unknown_method_or_parameter_is_refused_by_its_name() {
    let refused = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap_err().to_string();
    assert!(refused(serde_json::json!({"method": "langevin", "step": 5})).contains("`step`"));
    assert!(refused(serde_json::json!({"method": "annealed_langevin", "tau": 5})).contains("`tau`"));
    assert!(refused(serde_json::json!({"method": "ddim"})).contains("`ddim`"));
    assert!(refused(serde_json::json!({"steps": 5})).contains("method"));
}

#[test]
fn a_parameter_that_cannot_be_is_refused_by_its_name() {
    let range = SigmaRange { min: 0.01, max: 10.0, dim: 784 };
    for (spec, parameter) in [
        (serde_json::json!({"method": "langevin", "sigma": 11}), "sigma"),
        (serde_json::json!({"method": "langevin", "sigma": -1}), "sigma"),
        (serde_json::json!({"method": "langevin", "tau": 0}), "tau"),
        (serde_json::json!({"method": "langevin", "steps": 0}), "steps"),
        (serde_json::json!({"method": "langevin", "steps": 1_000_001}), "steps"),
        (serde_json::json!({"method": "langevin", "init": {"normal": {"deviation": -1}}}), "init"),
        (serde_json::json!({"method": "langevin", "init": {"uniform": {"low": 1, "high": 1}}}), "init"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_max": 10.1}), "sigma_max"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_min": 0.001}), "sigma_min"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_max": 1, "sigma_min": 2}), "sigma_min"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 0}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 1}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 1_000_000}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "steps_per_level": 0}), "steps_per_level"),
        (serde_json::json!({"method": "annealed_langevin", "epsilon": -1e-5}), "epsilon"),
    ] {
        let fault = serde_json::from_value::<SamplerSpec>(spec.clone()).unwrap().resolve(None, range).unwrap_err();
        assert_eq!(fault.parameter, parameter, "{spec}: {fault}");
    }
}

#[test]
fn a_ladder_too_coarse_for_its_steps_is_warned_of_and_the_default_one_is_not() {
    let warnings = |spec: serde_json::Value| {
        let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
        spec.resolve(None, SigmaRange { min: 0.01, max: 15.0, dim: 784 }).unwrap().warnings().concat()
    };
    assert_eq!(warnings(serde_json::json!({"method": "annealed_langevin"})), "");
    // L = 20, T = 5, τ = 0.1 σ².
    let coarse = warnings(serde_json::json!({"method": "annealed_langevin", "levels": 20, "epsilon": 1e-5}));
    assert!(coarse.contains("too coarse") && coarse.contains("now 20"), "{coarse}");
    let wild = warnings(serde_json::json!({"method": "annealed_langevin", "epsilon": 2e-4}));
    assert!(wild.contains("overshoot"), "{wild}");
}
