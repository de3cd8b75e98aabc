//! Reverse diffusion and the probability flow.

use crate::support::{D, assert_variance, gaussian, run, sampler, small_mode};
use serde_json::{Value, json};
use smld::sampler::{Noise, Purpose, Sampler};

/// The variance of the data.
const V: f64 = 0.3;
const SIGMAS: [f64; 2] = [10.0, 0.01];

fn spec(method: &str, mut more: Value) -> Value {
    more["method"] = method.into();
    more["sigma_max"] = SIGMAS[0].into();
    more["sigma_min"] = SIGMAS[1].into();
    more
}

fn geometric(levels: i32) -> Vec<f64> {
    let level = |i| SIGMAS[0] * (SIGMAS[1] / SIGMAS[0]).powf(f64::from(i) / f64::from(levels - 1));
    (0..levels).map(level).chain([0.0]).collect()
}

fn karras(steps: i32) -> Vec<f64> {
    let [high, low] = SIGMAS.map(|sigma| sigma.powf(1.0 / 7.0));
    let level = |i| (high + f64::from(i) / f64::from(steps - 1) * (low - high)).powi(7);
    (0..steps).map(level).chain([0.0]).collect()
}

/// x ← x + drift s on N(0, v) at σ multiplies x by this.
fn shrink(drift: f64, sigma: f64) -> f64 {
    1.0 - drift / (V + sigma * sigma)
}

/// The variance of what ancestral sampling makes of N(0, σ₁²) on `ladder`, which ends with 0.
fn ancestral(solver: &str, ladder: &[f64], eta: f64) -> f64 {
    // Of x, of x with the denoised mean before, and of that.
    let [mut xx, mut xd, mut dd] = [ladder[0].powi(2), 0.0, 0.0];
    for (i, pair) in ladder.windows(2).enumerate() {
        let ratio = pair[1] / pair[0];
        let keep = ratio.powf(1.0 + eta);
        let lean = if solver == "dpmpp2m" && i > 0 && pair[1] > 0.0 {
            (-ratio.ln() - (1.0 - keep) / (1.0 + eta)) / (ladder[i - 1] / pair[0]).ln()
        } else {
            0.0
        };
        // D = g x, and x ← keep x + (1 − keep) D + lean (D − D₋) + σ' √(1 − (σ'/σ)^2η) z.
        let g = V / (V + pair[0].powi(2));
        let a = keep + (1.0 - keep + lean) * g;
        let fresh = pair[1].powi(2) * (1.0 - ratio.powf(2.0 * eta));
        let next = a * a * xx - 2.0 * a * lean * xd + lean * lean * dd + fresh;
        [xx, xd, dd] = [next, g * (a * xx - lean * xd), g * g * xx];
    }
    xx
}

#[test]
fn ancestral_sampling_has_the_variance_of_its_recursion() {
    for solver in ["ddpm", "dpmpp2m"] {
        for (steps, eta) in [(5, 1.0), (20, 1.0), (8, 0.0), (8, 0.3), (8, 2.5)] {
            let more = json!({ "solver": solver, "steps": steps, "eta": eta });
            let sampler = sampler(spec("ancestral", more), D);
            assert_eq!(sampler.evaluations(), steps as u32);
            let x = run(&sampler, &gaussian(V, D), 0, sampler.evaluations());
            assert_variance(&x, ancestral(solver, &karras(steps), eta));
            // Whatever the noise, the recursion comes to the data with its steps.
            let fine = ancestral(solver, &karras(3000), eta) / V;
            assert!((fine - 1.0).abs() < 0.01, "{solver}, η = {eta}: {fine}");
        }
    }
}

#[test]
fn levels_that_are_named_are_gone_down() {
    let named = [10.0, 8.5, 3.0, 0.9, 0.2, 0.04];
    let ladder = [&named[..], &[0.0]].concat();
    let ancestral_spec = json!({ "method": "ancestral", "sigmas": named, "eta": 0.6 });
    let by_noise = sampler(ancestral_spec, D);
    assert_eq!(by_noise.evaluations(), 6);
    assert!((0..6).all(|k| by_noise.sigma(k) == named[k as usize] as f32));
    let x = run(&by_noise, &gaussian(V, D), 0, 6);
    assert_variance(&x, ancestral("dpmpp2m", &ladder, 0.6));

    let still = sampler(json!({ "method": "ancestral", "sigmas": named, "eta": 0 }), D);
    assert_variance(&run(&still, &gaussian(V, D), 0, 6), ancestral("dpmpp2m", &ladder, 0.0));

    // Without noise the first order is Euler's on the flow, to the last digits of float32.
    let still = sampler(json!({ "method": "ancestral", "solver": "ddpm", "sigmas": named, "eta": 0 }), 64);
    let flow = sampler(json!({ "method": "probability_flow", "solver": "euler", "sigmas": named }), 64);
    let [a, b] = [&still, &flow].map(|sampler| run(sampler, &gaussian(V, 64), 1, sampler.evaluations()));
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
}

/// The chains of `dim` elements that [`run`] makes, by the same noise, with every step exact, and their variance: given x at σ, N(0, v)
/// with noise σ' is N(a x, a (σ² − σ'²)) with a = (v + σ'²)/(v + σ²).
fn exact_chains(sampler: &Sampler, dim: usize) -> (Vec<f32>, f64) {
    let noise = Noise::new(20, 0, Purpose::Sampling);
    let (mut x, mut z, mut variance) = (vec![0.0; dim], vec![0.0; dim], SIGMAS[0].powi(2));
    sampler.init(&noise, &mut x);
    for k in 0..sampler.evaluations() {
        let sigma = f64::from(sampler.sigma(k));
        // The last step denoises.
        let next = if k + 1 < sampler.evaluations() { f64::from(sampler.sigma(k + 1)) } else { 0.0 };
        let a = (V + next * next) / (V + sigma * sigma);
        let added = if next > 0.0 { a * (sigma * sigma - next * next) } else { 0.0 };
        noise.normal(k + 1, &mut z);
        x.iter_mut().zip(&z).for_each(|(x, z)| *x = a as f32 * *x + added.sqrt() as f32 * z);
        variance = a * a * variance + added;
    }
    (x, variance)
}

/// How far the variance of what ancestral sampling makes is from the exact one, as a share of it. From chains alone it would be known
/// to √(2/dim); what they have of chance, the exact chains of the same noise have nearly, too.
fn ancestral_error(solver: &str, steps: u32) -> f64 {
    let dim = D / 4;
    let sampler = sampler(spec("ancestral", json!({ "solver": solver, "steps": steps })), dim);
    let x = run(&sampler, &gaussian(V, dim), 0, sampler.evaluations());
    let (exact, variance) = exact_chains(&sampler, dim);
    let square = |x: &f32| f64::from(*x).powi(2);
    let apart = x.iter().zip(&exact).map(|(x, exact)| square(x) - square(exact)).sum::<f64>() / dim as f64;
    apart / variance
}

#[test]
fn ancestral_sampling_has_the_order_of_its_solver() {
    // By the recursion the error falls by 1.92 and 4.35; the standard error of each is below 1 %.
    for (solver, order, steps) in [("ddpm", 2.0, 50), ("dpmpp2m", 4.0, 48)] {
        let fall = ancestral_error(solver, steps) / ancestral_error(solver, 2 * steps);
        assert!((0.8 * order..1.2 * order).contains(&fall), "{solver}: the error falls by {fall}, not {order}");
    }
}

#[test]
fn ancestral_sampling_comes_to_the_data_with_its_steps() {
    let variance = |steps: i32| {
        let sampler = sampler(spec("ancestral", json!({ "solver": "ddpm", "steps": steps })), D / 4);
        let x = run(&sampler, &gaussian(V, D / 4), 0, sampler.evaluations());
        x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64
    };
    let errors = [10, 40, 160].map(|steps| (variance(steps) / V - 1.0).abs());
    assert!(errors[0] > 2.0 * errors[1] && errors[1] > 2.0 * errors[2] && errors[2] < 0.05, "{errors:?}");
}

/// The variance of what predictor and corrector make of N(0, σ₁²), in as many dimensions as there are.
fn corrected(levels: i32, corrector_steps: u32, snr: f64) -> f64 {
    let mut variance = SIGMAS[0].powi(2);
    for pair in geometric(levels).windows(2) {
        for _ in 0..corrector_steps {
            let tau = (2.0 * snr * snr).min(1.0) * pair[0].powi(2);
            variance = shrink(tau, pair[0]).powi(2) * variance + 2.0 * tau;
        }
        let removed = pair[0].powi(2) - pair[1].powi(2);
        let added = if pair[1] > 0.0 { removed } else { 0.0 };
        variance = shrink(removed, pair[0]).powi(2) * variance + added;
    }
    variance
}

#[test]
fn predictor_corrector_has_the_variance_of_its_recursion() {
    // The last ratio is one at which the step size has its bound.
    for snr in [0.16, 5.0] {
        let more = json!({ "levels": 60, "corrector_steps": 2, "snr": snr });
        let sampler = sampler(spec("predictor_corrector", more), D);
        assert_eq!(sampler.evaluations(), 180);
        assert_variance(&run(&sampler, &gaussian(V, D), 0, sampler.evaluations()), corrected(60, 2, snr));
    }
}

/// A step size that depended on the chain's own score would leave points with another density: on a line by that of Song et al. with twice
/// the variance.
#[test]
fn predictor_corrector_has_it_in_one_dimension_too() {
    const CHAINS: u32 = 4096;
    let sampler = sampler(spec("predictor_corrector", json!({})), 1);
    let square = |index| f64::from(run(&sampler, &gaussian(V, 1), index, sampler.evaluations())[0]).powi(2);
    let ratio = (0..CHAINS).map(square).sum::<f64>() / f64::from(CHAINS) / corrected(100, 1, 0.16);
    let standard_error = (2.0 / f64::from(CHAINS)).sqrt();
    assert!((ratio - 1.0).abs() < 4.0 * standard_error, "{ratio}");
}

/// On N(0, v) the flow from σ to σ' multiplies by √((v + σ'²)/(v + σ²)), and the denoising step by v/(v + σ'²); the ends of the
/// chains that a solver makes differ from that by a power of the step.
fn flow_error(solver: &str, steps: u32) -> f64 {
    let spec = spec("probability_flow", json!({ "solver": solver, "steps": steps }));
    let sampler = sampler(spec, 64);
    let [begin, end] = [0, sampler.evaluations()].map(|end| run(&sampler, &gaussian(V, 64), 3, end));
    let [wide, narrow] = SIGMAS.map(|sigma| V + sigma * sigma);
    let exact = (narrow / wide).sqrt() * V / narrow;
    let ratio = begin.iter().zip(&end).map(|(b, e)| f64::from(*e) / f64::from(*b)).sum::<f64>() / 64.0;
    (ratio / exact - 1.0).abs()
}

#[test]
fn the_flow_is_followed_with_the_order_of_its_solver() {
    // Twice the steps: an error of first order is halved, one of second order quartered.
    for (solver, order, [coarse, fine]) in
        [("euler", 2.0, [100, 200]), ("heun", 4.0, [24, 48]), ("dpmpp2m", 4.0, [48, 96])]
    {
        let fall = flow_error(solver, coarse) / flow_error(solver, fine);
        assert!((0.75 * order..1.35 * order).contains(&fall), "{solver}: the error falls by {fall}, not {order}");
    }
}

#[test]
fn with_as_many_evaluations_second_order_is_more_exact() {
    let [euler, heun, two_step] = [("euler", 35), ("heun", 18), ("dpmpp2m", 35)].map(|(s, n)| flow_error(s, n));
    assert!(heun < 0.5 * euler && two_step < 0.2 * euler, "{euler} {heun} {two_step}");
}

#[test]
fn levels_that_are_all_the_same_are_no_trouble() {
    for method in [json!({ "method": "ancestral" }), json!({ "method": "probability_flow", "solver": "dpmpp2m" })] {
        let mut spec = method.clone();
        for (parameter, value) in [("sigma_max", json!(0.5)), ("sigma_min", json!(0.5)), ("steps", json!(4))] {
            spec[parameter] = value;
        }
        let sampler = sampler(spec, 8);
        // Nothing happens until the last evaluation denoises.
        let begin = run(&sampler, &gaussian(V, 8), 0, 3);
        let end = run(&sampler, &gaussian(V, 8), 0, 4);
        let factor = (V / (V + 0.25)) as f32;
        assert!(begin.iter().zip(&end).all(|(b, e)| (e - factor * b).abs() < 1e-5), "{method}: {begin:?} {end:?}");
    }
}

#[test]
fn the_flow_needs_no_noise_after_its_beginning() {
    let at_the_origin = json!({ "init": { "normal": { "deviation": 0.0 } } });
    let sampler = sampler(spec("probability_flow", at_the_origin), 8);
    assert!(run(&sampler, &gaussian(V, 8), 0, sampler.evaluations()).iter().all(|x| *x == 0.0));
}

// The standard error of a fraction of 3000 is 0.0075 at 0.2; the bands are four of them on either side.

// At σ = 20 the blurred density is about N((3, 3), 400 I), and chains begin at N(0, 400 I): an error of (3, 3).

/// Given x at σ = 20 the odds of the modes are in proportion to exp(x·(10, 10)/400); less (3, 3) they are e^0.15 times as good for the
/// small one: 0.225.
#[test]
fn methods_with_noise_find_the_weights_of_the_modes_from_where_they_begin() {
    for spec in [
        json!({ "method": "ancestral", "solver": "ddpm", "sigma_max": 20, "steps": 40 }),
        json!({ "method": "ancestral", "solver": "dpmpp2m", "sigma_max": 20, "steps": 40 }),
        json!({ "method": "predictor_corrector", "sigma_max": 20, "levels": 200 }),
    ] {
        let fraction = small_mode(spec.clone(), 3000);
        assert!((0.195..0.255).contains(&fraction), "{fraction} for {spec}");
    }
}

/// The flow keeps every chain's quantile along (1, 1), from which (3, 3) is 0.21 deviations: Φ(Φ⁻¹(0.2) + 0.21) = 0.26.
#[test]
fn the_flow_carries_an_error_of_the_beginning_to_the_end() {
    for solver in ["heun", "dpmpp2m"] {
        let fraction =
            small_mode(json!({ "method": "probability_flow", "sigma_max": 20, "solver": solver, "steps": 40 }), 3000);
        assert!((0.23..0.29).contains(&fraction), "{fraction} with {solver}");
    }
}
