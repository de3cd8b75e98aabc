//! Langevin dynamics, plain and annealed.

use crate::support::{D, assert_variance, evaluate, gaussian, run, sampler, small_mode};
use smld::sampler::{Noise, Purpose, SamplerSpec, SigmaRange};
use smld::score::density::{Component, GaussianMixture};

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
    sampler.advance(1000, &Noise::new(20, 0, Purpose::Sampling), &mut x, &mut Vec::new(), &score);
    assert!(x.iter().zip(noisy).all(|(x, noisy)| (x - denoise as f32 * noisy).abs() <= 1e-6 * noisy.abs().max(0.1)));
}

#[test]
fn annealed_langevin_by_default_comes_as_near_in_few_dimensions_as_in_many() {
    for dim in [1, 2, 16, 784] {
        let spec: SamplerSpec = serde_json::from_value(serde_json::json!({"method": "annealed_langevin"})).unwrap();
        let sampler = spec.resolve(None, SigmaRange { min: 0.01, max: 20.0, dim }).unwrap();
        let told = serde_json::to_value(&sampler).unwrap();
        let number = |name: &str| told[name].as_f64().unwrap();
        let (levels, steps) = (number("levels") as i32, number("steps_per_level") as usize);
        let variance = annealed(1.0, 400.0, [20.0, 0.01], levels, steps, number("epsilon"));
        assert!((1.0..1.2).contains(&variance), "{dim} dimensions: {variance}");
    }
}

#[test]
fn on_one_level_annealed_langevin_is_langevin_dynamics() {
    let range = SigmaRange { min: 0.5, max: 0.5, dim: 2 };
    let resolved = |spec: serde_json::Value| {
        let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
        spec.resolve(None, range).unwrap()
    };
    let one = resolved(serde_json::json!({"method": "annealed_langevin", "denoise": false}));
    let same = resolved(serde_json::json!({"method": "langevin"}));
    assert_eq!(one.evaluations(), same.evaluations());
    assert!((0..one.evaluations()).all(|k| (one.sigma(k), one.tau(k)) == (same.sigma(k), same.tau(k))));
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
