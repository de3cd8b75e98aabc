//! What chains are said to be like: against exact answers, and the same in every company.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::Spy;
use common::{asked, bits, collected, drawn, gaussian, ready, roomy, two_bumps, work};
use smld::engine::{ChainDiagnostics, EngineConfig, Moments, RawSampleRequest, Samples, engine};
use smld::sampler::{Init, LangevinSpec, Noise, PredictorCorrectorSpec, Purpose, SamplerSpec};
use smld::score::density::{Component, Density, GaussianMixture};
use smld::score::{ReadyModel, Rows};
use std::sync::Arc;

/// `n` samples with diagnostics, drawn with nobody else there.
fn diagnosed(model: &ReadyModel, n: u64, sampler: SamplerSpec) -> Samples {
    let raw = RawSampleRequest { n: Some(n), sampler: Some(sampler), ..told() };
    let (engine, mut workers) = engine(std::slice::from_ref(model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.submit(&asked(model, &raw)).unwrap();
    drawn(&mut workers, ticket).unwrap()
}

fn told() -> RawSampleRequest {
    RawSampleRequest { seed: Some(5), diagnostics: Some(true), ..RawSampleRequest::default() }
}

fn langevin(spec: LangevinSpec) -> SamplerSpec {
    SamplerSpec::Langevin(spec)
}

/// ‖s(x, σ)‖.
fn score_norm(model: &ReadyModel, x: &[f32], sigma: f32) -> f64 {
    let mut score = vec![0.0; x.len()];
    model.open(1).unwrap().evaluate(Rows { x, sigma: &[sigma], label: &[-1] }, &mut score).unwrap();
    score.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn one_step_has_the_ratio_of_its_drift_to_its_noise() {
    let model = ready(gaussian(&[1.0, -1.0], 0.5), 1);
    let spec = LangevinSpec { steps: Some(1), tau: Some(0.02), sigma: Some(0.3), ..LangevinSpec::default() };
    let got = diagnosed(&model, 1, langevin(spec.clone()));
    let sampler = langevin(spec).resolve(None, model.info().sigma_range()).unwrap();
    let mut x = vec![0.0; 2];
    sampler.init(&Noise::new(5, 0, Purpose::Sampling), &mut x);
    let norm = score_norm(&model, &x, 0.3);
    let [ChainDiagnostics { index, mean_score_norm, mean_step_snr, log_density }] = got.chains[..] else {
        panic!("one chain")
    };
    assert_eq!((index, mean_score_norm), (0, norm));
    // τ‖s‖ over √(2τ)·√D.
    let ratio = 0.02 * norm / (0.04_f64.sqrt() * 2.0_f64.sqrt());
    assert!((mean_step_snr.unwrap() / ratio - 1.0).abs() < 1e-12);
    assert_eq!(log_density, model.log_density(&got.samples[0].1, 0.3));
}

#[test]
fn the_denoising_step_is_an_evaluation_and_not_a_step_with_noise() {
    let model = ready(gaussian(&[1.0, -1.0], 0.5), 1);
    let spec = |denoise| {
        let (steps, tau, sigma) = (Some(1), Some(0.02), Some(0.3));
        langevin(LangevinSpec { steps, tau, sigma, denoise: Some(denoise), ..LangevinSpec::default() })
    };
    let (noisy, clean) = (diagnosed(&model, 1, spec(false)), diagnosed(&model, 1, spec(true)));
    assert_eq!(clean.chains[0].mean_step_snr, noisy.chains[0].mean_step_snr);
    let mean = 0.5 * (noisy.chains[0].mean_score_norm + score_norm(&model, &noisy.samples[0].1, 0.3));
    assert!((clean.chains[0].mean_score_norm / mean - 1.0).abs() < 1e-12);
}

#[test]
fn ascent_has_no_noise_and_a_network_no_density() {
    let model = ready(gaussian(&[1.0], 0.5), 1);
    let spec = LangevinSpec { steps: Some(3), noise: Some(false), ..LangevinSpec::default() };
    let got = diagnosed(&model, 2, langevin(spec.clone()));
    assert!(got.chains.iter().all(|chain| chain.mean_step_snr.is_none() && chain.log_density.is_some()));
    let (unknown, _) = Spy::ready(1);
    let got = diagnosed(&unknown, 2, langevin(LangevinSpec { sigma: Some(1.0), ..spec }));
    assert!(got.chains.iter().all(|chain| chain.log_density.is_none()));
}

#[test]
fn a_corrector_has_the_ratio_it_was_asked_for_where_the_score_is_that_of_noise() {
    // As good as a point, of which little but noise is seen at σ = 0.01; the norm of so many numbers is known to a hundredth.
    let model = ready(gaussian(&[0.0; 4096], 1e-6), 1);
    let spec = PredictorCorrectorSpec {
        sigma_max: Some(0.01),
        sigma_min: Some(0.01),
        levels: Some(1),
        corrector_steps: Some(20),
        snr: Some(0.05),
        ..PredictorCorrectorSpec::default()
    };
    let got = diagnosed(&model, 3, SamplerSpec::PredictorCorrector(spec));
    for chain in got.chains {
        assert!((chain.mean_step_snr.unwrap() / 0.05 - 1.0).abs() < 0.04, "{chain:?}");
    }
}

#[test]
fn a_gaussian_at_rest_has_the_norms_and_densities_that_it_must_have() {
    // N(0, v I) in the plane, begun in the stationary state of its own discretised dynamics, N(0, w I).
    let (v, tau) = (0.5_f64, 0.1_f64);
    let w = v / (1.0 - tau / (2.0 * v));
    let model = ready(gaussian(&[0.0, 0.0], v), 1);
    let init = Some(Init::Normal { deviation: w.sqrt() });
    let spec = LangevinSpec { steps: Some(40), tau: Some(tau), init, ..LangevinSpec::default() };
    let chains = diagnosed(&model, 2000, langevin(spec)).chains;
    // E‖x‖ is √(πw/2) in the plane, and s = −x/v.
    let norm = (std::f64::consts::FRAC_PI_2 * w).sqrt() / v;
    let log_density = -(std::f64::consts::TAU * v).ln() - w / v;
    near(&chains, norm, |chain| chain.mean_score_norm);
    near(&chains, (tau / 2.0).sqrt() * norm / 2.0_f64.sqrt(), |chain| chain.mean_step_snr.unwrap());
    near(&chains, log_density, |chain| chain.log_density.unwrap());
}

/// The mean of `f` over independent chains is `exact` within four of its standard errors, which are small.
#[track_caller]
fn near(chains: &[ChainDiagnostics], exact: f64, f: impl Fn(&ChainDiagnostics) -> f64) {
    let n = chains.len() as f64;
    let mean = chains.iter().map(&f).sum::<f64>() / n;
    let error = (chains.iter().map(|chain| (f(chain) - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    assert!((mean - exact).abs() < 4.0 * error && error < 0.02 * exact.abs(), "{mean} ± {error} is not {exact}");
}

#[test]
fn the_moments_of_draws_are_those_of_the_mixture() {
    let components = [(0.2, [-2.0, -1.0], 0.3), (0.8, [1.0, 0.5], 0.7)];
    let component =
        |(weight, mean, variance): (f64, [f64; 2], f64)| Component { weight, mean: mean.to_vec(), variance };
    let mixture = GaussianMixture::new(components.map(component).into()).unwrap();
    let mut exact_mean = [0.0; 2];
    components.iter().for_each(|(weight, m, _)| (0..2).for_each(|d| exact_mean[d] += weight * m[d]));
    let exact = |d: usize, e: usize| -> f64 {
        let own = |(weight, m, v): &(f64, [f64; 2], f64)| {
            weight * ((m[d] - exact_mean[d]) * (m[e] - exact_mean[e]) + if d == e { *v } else { 0.0 })
        };
        components.iter().map(own).sum()
    };
    let draws: Vec<(u32, Vec<f32>)> = (0..20_000)
        .map(|i| {
            let mut x = [0.0; 2];
            mixture.draw(&Noise::new(1, i, Purpose::Data), &mut x);
            (i, x.iter().map(|&x| x as f32).collect())
        })
        .collect();
    let Moments::Full { mean, covariance: Some(covariance) } = Moments::of(&draws) else { panic!("two are few") };
    for d in 0..2 {
        assert!((mean[d] - exact_mean[d]).abs() < 4.0 * (exact(d, d) / 20_000.0).sqrt(), "{mean:?}");
        for e in 0..2 {
            let product = |(_, x): &(u32, Vec<f32>)| (f64::from(x[d]) - mean[d]) * (f64::from(x[e]) - mean[e]);
            let spread = draws.iter().map(|draw| (product(draw) - covariance[d][e]).powi(2)).sum::<f64>() / 2e4;
            assert!((covariance[d][e] - exact(d, e)).abs() < 4.0 * (spread / 2e4).sqrt(), "{covariance:?}");
        }
    }
}

#[test]
fn diagnostics_are_the_same_alone_and_in_company_and_leave_the_samples_as_they_were() {
    let model = ready(two_bumps(3), 2);
    let spec = || Some(langevin(LangevinSpec { steps: Some(30), sigma: Some(0.2), ..LangevinSpec::default() }));
    let raw = |diagnostics| RawSampleRequest { n: Some(9), sampler: spec(), diagnostics, ..told() };
    let draw = |config: EngineConfig, diagnostics: Option<bool>, company: bool| {
        let (engine, mut workers) = engine(std::slice::from_ref(&model), config, Arc::new(())).unwrap();
        let others: Vec<_> = (0..if company { 3 } else { 0 })
            .map(|seed| RawSampleRequest { n: Some(4 + seed), seed: Some(seed), ..raw(Some(seed == 1)) })
            .map(|raw| engine.submit(&asked(&model, &raw)).unwrap())
            .collect();
        workers[0].step();
        let ticket = engine.submit(&asked(&model, &raw(diagnostics))).unwrap();
        work(&mut workers);
        drop(others);
        collected(ticket)
    };
    let alone = draw(EngineConfig { batch_rows: 1, ..roomy(1) }, Some(true), false);
    let among = draw(EngineConfig { batch_rows: 7, ..roomy(2) }, Some(true), true);
    let untold = draw(roomy(2), None, false);
    assert_eq!((alone.chains.len(), &alone.chains), (9, &among.chains));
    assert!(untold.chains.is_empty());
    for (a, b) in alone.samples.iter().zip(&untold.samples) {
        assert_eq!((a.0, bits(&a.1)), (b.0, bits(&b.1)));
    }
}
