//! Denoising score matching against closed forms.

use smld::sampler::{Noise, Purpose};
use smld::train::batches::Draws;
use smld::train::objective::{Continuum, DsmContinuous, Objective};
use tch::{Device, Kind, Tensor};

const ROWS: i64 = 4096;
const DIM: i64 = 16;

/// Clean rows from N(0, deviation² I).
fn gaussian(deviation: f64) -> Tensor {
    let mut z = vec![0.0; (ROWS * DIM) as usize];
    Noise::new(5, 0, Purpose::Sampling).normal(0, &mut z);
    Tensor::from_slice(&z).reshape([ROWS, DIM]) * deviation
}

fn loss(objective: &DsmContinuous, score: impl Fn(&Tensor, &Tensor) -> Tensor) -> f64 {
    let label = Tensor::zeros([ROWS], (Kind::Int64, Device::Cpu));
    let draws = Draws::new(1, 0, ROWS as usize, Device::Cpu);
    let mut score = |x: &Tensor, sigma: &Tensor, _: &Tensor| score(x, sigma);
    objective.loss(&mut score, &gaussian(objective.0.deviation), &label, &draws).unwrap().double_value(&[])
}

fn at(sigma: f64) -> DsmContinuous {
    let (ln_sigma_mean, ln_sigma_deviation) = (0.0, 1.0);
    DsmContinuous(Continuum { ln_sigma_mean, ln_sigma_deviation, sigma_min: sigma, sigma_max: sigma, deviation: 0.5 })
}

/// Five standard errors of the mean of `ROWS·DIM` squares of normal numbers whose mean is `mean`.
fn bound(mean: f64) -> f64 {
    5.0 * mean * (2.0 / (ROWS * DIM) as f64).sqrt()
}

#[test]
fn the_exact_score_of_gaussian_data_has_loss_one_at_every_level() {
    for sigma in [0.01, 0.3, 1.0, 20.0] {
        let loss = loss(&at(sigma), |x, sigma| -x / (sigma * sigma + 0.25).unsqueeze(1));
        assert!((loss - 1.0).abs() < bound(1.0), "{loss} at σ = {sigma}");
    }
}

#[test]
fn the_score_that_is_nowhere_anything_has_loss_one_plus_the_ratio_of_the_variances() {
    for sigma in [0.1, 0.5, 2.0] {
        let exact = (sigma * sigma + 0.25) / 0.25;
        let loss = loss(&at(sigma), |x, _| x.zeros_like());
        assert!((loss - exact).abs() < bound(exact), "{loss} is not {exact} at σ = {sigma}");
    }
}

#[test]
fn levels_are_log_normal_and_stay_within_the_range() {
    let objective = DsmContinuous(Continuum {
        ln_sigma_mean: -0.8,
        ln_sigma_deviation: 1.4,
        sigma_min: 0.01,
        sigma_max: 15.0,
        deviation: 0.5,
    });
    let levels = std::cell::RefCell::new(Vec::new());
    loss(&objective, |x, sigma| {
        levels.borrow_mut().push(sigma.log().shallow_clone());
        x.zeros_like()
    });
    let ln = &levels.borrow()[0];
    // Stratified draws have far less variance than independent ones; a hundredth is generous.
    assert!((ln.mean(Kind::Float).double_value(&[]) + 0.8).abs() < 0.01);
    assert!((ln.std(true).double_value(&[]) - 1.4).abs() < 0.02);
    assert!(ln.max().double_value(&[]) <= 15.0_f64.ln() + 1e-6 && ln.min().double_value(&[]) >= 0.01_f64.ln() - 1e-6);
}
