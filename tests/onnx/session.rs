//! Sessions at work.

use crate::mixture::mixture_file;
use crate::support::{contract, file, labelled_score, load, open, score, two_modes};
use smld::sampler::{Noise, Purpose};
use smld::score::density::{Density, GaussianMixture};
use smld::score::onnx::{Contract, Output};
use smld::score::{Rows, ScoreModel};

/// Points between and around the modes, and noise levels from a hundredth to thirty.
fn rows(count: usize) -> (Vec<f32>, Vec<f32>) {
    let mut x = vec![0.0; 2 * count];
    Noise::new(5, 0, Purpose::Sampling).normal(0, &mut x);
    let sigma: Vec<f32> = (0..count).map(|i| 0.01 * 3000_f32.powf(i as f32 / count as f32)).collect();
    x.chunks_mut(2).zip(&sigma).for_each(|(x, sigma)| x.iter_mut().for_each(|x| *x *= 4.0 + sigma));
    (x, sigma)
}

fn agree(found: &[f32], exact: &[f32]) {
    for (found, exact) in found.iter().zip(exact) {
        assert!((found - exact).abs() <= 1e-5 * exact.abs().max(1.0), "{found} is not {exact}");
    }
}

fn exact(mixture: &GaussianMixture, x: &[f32], sigma: &[f32]) -> Vec<f32> {
    let mut score = vec![0.0; x.len()];
    for ((x, &sigma), score) in x.chunks(2).zip(sigma).zip(score.chunks_mut(2)) {
        let mut slope = [0.0; 2];
        mixture.score(&[x[0].into(), x[1].into()], sigma.into(), &mut slope);
        score.copy_from_slice(&slope.map(|slope| slope as f32));
    }
    score
}

#[test]
fn the_mixture_agrees_with_the_exact_density_at_every_batch_size() {
    let mixture = two_modes();
    let mut session = open(mixture_file("two-modes", &mixture, &[]));
    let (x, sigma) = rows(257);
    let exact = exact(&mixture, &x, &sigma);
    for size in [1, 2, 3, 4, 7, 8, 16, 33, 64, 257] {
        for ((x, sigma), exact) in x.chunks(2 * size).zip(sigma.chunks(size)).zip(exact.chunks(2 * size)) {
            agree(&score(session.as_mut(), x, sigma), exact);
        }
    }
}

#[test]
fn the_mixture_stays_exact_without_noise_and_on_the_border_of_its_modes() {
    let mixture = two_modes();
    let mut session = open(mixture_file("two-modes", &mixture, &[]));
    let x = [0.0, 0.0, -0.07, 0.0, -0.1, 0.001, 30.0, -31.0, 5.0, 5.0];
    let sigma = [0.0; 5];
    agree(&score(session.as_mut(), &x, &sigma), &exact(&mixture, &x, &sigma));
}

#[test]
fn a_class_has_the_score_of_its_component_and_no_class_that_of_the_mixture() {
    let mixture = two_modes();
    let mut session = open(mixture_file("two-modes", &mixture, &["low", "high"]));
    let (x, sigma) = ([0.5, -0.25].repeat(3), [0.7; 3]);
    let score = labelled_score(session.as_mut(), &x, &sigma, &[-1, 0, 1]);
    let alone = |i: usize| GaussianMixture::new(vec![mixture.components()[i].clone()]).unwrap();
    agree(&score[0..2], &exact(&mixture, &x[..2], &sigma[..1]));
    agree(&score[2..4], &exact(&alone(0), &x[..2], &sigma[..1]));
    agree(&score[4..6], &exact(&alone(1), &x[..2], &sigma[..1]));
}

/// For N(0, I): s = −x/(1 + σ²), D = x/(1 + σ²), ε = σx/(1 + σ²).
#[test]
fn denoised_and_epsilon_outputs_are_served_as_the_score() {
    let gaussian = |output: Output| {
        file(&Contract { output, ..contract() }, move |graph, x, sigma| {
            let one = graph.constant_f32("one", &[], &[1.0]);
            let square = graph.node("Mul", &[sigma, sigma], &[]);
            let v = graph.node("Add", &[&one, &square], &[]);
            let denoised = graph.node("Div", &[x, &v], &[]);
            match output {
                Output::Score => graph.node("Neg", &[&denoised], &[]),
                Output::Denoised => denoised,
                Output::Epsilon => graph.node("Mul", &[&denoised, sigma], &[]),
            }
        })
    };
    let (x, sigma) = rows(33);
    let expected = score(open(gaussian(Output::Score)).as_mut(), &x, &sigma);
    for output in [Output::Denoised, Output::Epsilon] {
        let found = score(open(gaussian(output)).as_mut(), &x, &sigma);
        for ((found, expected), sigma) in found.iter().zip(&expected).zip(sigma.iter().flat_map(|s| [s, s])) {
            // (D − x)/σ² loses digits where σ is small: D and x agree to σ².
            let rounding = 4.0 * f32::EPSILON * expected.abs() * (1.0 + 1.0 / (sigma * sigma));
            assert!((found - expected).abs() <= rounding, "{output:?} at {sigma}: {found} is not {expected}");
        }
    }
}

#[test]
fn sessions_on_several_threads_give_the_same_bytes() {
    let model = load(mixture_file("two-modes", &two_modes(), &[])).unwrap();
    let (x, sigma) = rows(100);
    let expected = score(model.open(1).unwrap().as_mut(), &x, &sigma);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut session = model.open(1).unwrap();
                for _ in 0..20 {
                    assert_eq!(score(session.as_mut(), &x, &sigma), expected);
                }
            });
        }
    });
}

#[test]
fn a_session_whose_run_failed_can_be_used_again() {
    let mut session = open(mixture_file("two-modes", &two_modes(), &[]));
    let (x, sigma) = rows(4);
    let expected = score(session.as_mut(), &x, &sigma);
    let mut short = vec![0.0; 6];
    let error = session.evaluate(Rows { x: &x[..6], sigma: &sigma, label: &[] }, &mut short).unwrap_err();
    assert_eq!(error.model, "two-modes");
    assert_eq!(score(session.as_mut(), &x, &sigma), expected);
}
