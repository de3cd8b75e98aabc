//! Every objective against the one answer of Gaussian data: a linear score.

use smld::sampler::{Noise, Purpose};
use smld::train::batches::Draws;
use smld::train::objective::{
    Continuum, Dsm, DsmContinuous, DsmLadder, Esm, Ism, KernelDensity, Objective, ScoreFunction, Ssm, Trace,
};
use tch::{Device, Kind, Tensor};

const ROWS: i64 = 2048;
const STEPS: u32 = 16;
const SIGMA: f64 = 0.5;
/// The covariance of the data.
const COVARIANCE: [[f64; 2]; 2] = [[1.0, 0.4], [0.4, 0.5]];

/// Rows with mean exactly zero and covariance exactly [`COVARIANCE`], drawn from that Gaussian. What is least over linear
/// scores then is, for any number of rows, the score of the Gaussian: by parts, E ∇log p xᵀ = −I for every p.
fn gaussian() -> Tensor {
    let mut z = vec![0.0; 2 * ROWS as usize];
    Noise::new(5, 0, Purpose::Data).normal(0, &mut z);
    let z = Tensor::from_slice(&z).reshape([ROWS, 2]).to_kind(Kind::Double);
    let z = &z - z.mean_dim(0, true, Kind::Double);
    let spread = (z.tr().matmul(&z) / ROWS).linalg_cholesky(false);
    let wanted = Tensor::from_slice(COVARIANCE.as_flattened()).reshape([2, 2]).linalg_cholesky(false);
    z.matmul(&wanted.matmul(&spread.inverse()).tr()).to_kind(Kind::Float)
}

/// −(Σ + σ² I)⁻¹, row by row: the score of the data blurred by σ is that times x.
fn exact(sigma: f64) -> [f64; 4] {
    let [[a, b], [_, d]] = COVARIANCE;
    let (a, d) = (a + sigma * sigma, d + sigma * sigma);
    [-d, b, b, -a].map(|entry| entry / (a * d - b * b))
}

/// θ that minimises the loss of `model(θ, x, σ)`, which is linear in θ, on each of [`STEPS`] steps' draws: the means and
/// their standard errors. The loss is quadratic, so its gradients at zero and at the unit vectors give its minimum.
fn minimiser(
    objective: &dyn Objective,
    parameters: usize,
    model: impl Fn(&Tensor, &Tensor, &Tensor) -> Tensor,
) -> Vec<(f64, f64)> {
    tch::set_num_threads(1);
    let (x, label) = (gaussian(), Tensor::full([ROWS], -1, (Kind::Int64, Device::Cpu)));
    let minima: Vec<Vec<f64>> = (0..STEPS)
        .map(|step| {
            // Levels are stratified by row: each step has its own order, as a run's batches have.
            let mut u = vec![0.0; ROWS as usize];
            Noise::new(1, step, Purpose::Order).uniform(0, &mut u);
            let x = x.index_select(0, &Tensor::from_slice(&u).argsort(0, false));
            let gradient = |theta: &[f32]| {
                let theta = Tensor::from_slice(theta).set_requires_grad(true);
                let mut score = |x: &Tensor, sigma: &Tensor, _: &Tensor| model(&theta, x, sigma);
                let score: &mut ScoreFunction<'_> = &mut score;
                objective.loss(score, &x, &label, &Draws::new(1, step, ROWS as usize, Device::Cpu)).unwrap().backward();
                theta.grad().to_kind(Kind::Double)
            };
            let zero = gradient(&vec![0.0; parameters]);
            let unit = |i: usize| (0..parameters).map(|j| f32::from(u8::from(i == j))).collect::<Vec<_>>();
            let columns: Vec<Tensor> = (0..parameters).map(|i| gradient(&unit(i)) - &zero).collect();
            Vec::try_from(Tensor::linalg_solve(&Tensor::stack(&columns, 1), &-zero, true)).unwrap()
        })
        .collect();
    let n = f64::from(STEPS);
    let column = |i: usize| minima.iter().map(move |minimum| minimum[i]);
    (0..parameters)
        .map(|i| {
            let mean = column(i).sum::<f64>() / n;
            let variance = column(i).map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, (variance / n).sqrt())
        })
        .collect()
}

/// Each within 4 standard errors of what is exact, and those below `error`.
fn assert_recovers(found: &[(f64, f64)], exact: &[f64], error: f64) {
    assert_eq!(found.len(), exact.len());
    for ((found, own), exact) in found.iter().zip(exact) {
        assert!(*own < error, "the standard error {own} is not below {error}");
        assert!((found - exact).abs() < 4.0 * own + 1e-5, "{found} ± {own} is not {exact}");
    }
}

/// Ax + b for θ = (A, b).
fn linear(theta: &Tensor, x: &Tensor) -> Tensor {
    x.matmul(&theta.narrow(0, 0, 4).reshape([2, 2]).tr()) + theta.narrow(0, 4, 2)
}

#[test]
fn one_level_objectives_recover_the_linear_score_of_gaussian_data() {
    let esm = Esm {
        density: KernelDensity {
            rows: gaussian(),
            labels: Tensor::full([ROWS], -1, (Kind::Int64, Device::Cpu)),
            bandwidth: SIGMA,
            block: 1024,
        },
    };
    let [a, b, c, d] = exact(SIGMA);
    let objectives: [&dyn Objective; 5] = [
        &Dsm { sigma: SIGMA },
        &esm,
        &Ism { sigma: SIGMA, trace: Trace::Exact },
        &Ism { sigma: SIGMA, trace: Trace::Hutchinson },
        &Ssm { sigma: SIGMA },
    ];
    for objective in objectives {
        let found = minimiser(objective, 6, |theta, x, _| linear(theta, x));
        assert_recovers(&found, &[a, b, c, d, 0.0, 0.0], 0.02);
    }
}

#[test]
fn the_ladder_recovers_the_linear_score_at_each_of_its_levels() {
    let objective = DsmLadder::new(2.0, 0.5, 3);
    let ladder = Tensor::from_slice(&objective.ladder);
    let found = minimiser(&objective, 12, |theta, x, sigma| {
        let own = sigma.unsqueeze(1).eq_tensor(&ladder).to_kind(Kind::Float);
        let each = own.matmul(&theta.reshape([3, 4])).reshape([-1, 2, 2]);
        each.matmul(&x.unsqueeze(2)).squeeze_dim(2)
    });
    let exact: Vec<f64> = [2.0, 1.0, 0.5].into_iter().flat_map(exact).collect();
    assert_recovers(&found, &exact, 0.04);
}

/// The mean loss of Px, for a symmetric P, on the draws of [`STEPS`] steps.
fn mean_loss(objective: &dyn Objective, p: [f64; 4]) -> f64 {
    let (x, label) = (gaussian(), Tensor::full([ROWS], -1, (Kind::Int64, Device::Cpu)));
    let matrix = Tensor::from_slice(&p).to_kind(Kind::Float).reshape([2, 2]);
    let mut score = |x: &Tensor, _: &Tensor, _: &Tensor| x.matmul(&matrix);
    let of_step = |step| {
        let draws = Draws::new(1, step, ROWS as usize, Device::Cpu);
        objective.loss(&mut score, &x, &label, &draws).unwrap().double_value(&[])
    };
    (0..STEPS).map(of_step).sum::<f64>() / f64::from(STEPS)
}

/// Of s = 0 it is E ½‖z‖² = 1 in two dimensions, at every level and so of every ladder. Of the exact score −(Σ + σ² I)⁻¹ x it is
/// ½ tr Σ (Σ + σ² I)⁻¹ = 1 − ½ σ² tr (Σ + σ² I)⁻¹: the variance of z that x + σz does not tell.
#[test]
fn the_ladders_loss_is_half_of_the_square_weighted_by_the_square_of_the_level() {
    tch::set_num_threads(1);
    let near = |loss: f64, value: f64| assert!((loss / value - 1.0).abs() < 0.03, "the loss {loss} is not {value}");
    near(mean_loss(&DsmLadder::new(2.0, 0.5, 3), [0.0; 4]), 1.0);
    for sigma in [2.0, 0.5, 0.1] {
        let objective = DsmLadder { ladder: vec![sigma as f32] };
        near(mean_loss(&objective, [0.0; 4]), 1.0);
        let [a, _, _, d] = exact(sigma);
        near(mean_loss(&objective, exact(sigma)), 1.0 + 0.5 * sigma * sigma * (a + d));
    }
}

#[test]
fn the_continuum_recovers_the_linear_score_at_every_level() {
    let objective = DsmContinuous(Continuum {
        ln_sigma_mean: -0.8,
        ln_sigma_deviation: 1.4,
        sigma_min: 0.05,
        sigma_max: 5.0,
        deviation: 0.87,
    });
    // θ₁ times the exact score, and what should not be there: θ₂ x, θ₃.
    let found = minimiser(&objective, 3, |theta, x, sigma| {
        let variance = sigma.square().unsqueeze(1);
        let [a, d] = [COVARIANCE[0][0], COVARIANCE[1][1]].map(|entry| &variance + entry);
        let b = COVARIANCE[0][1];
        let determinant = &a * &d - b * b;
        let (x1, x2) = (x.narrow(1, 0, 1), x.narrow(1, 1, 1));
        let score = Tensor::cat(&[(&x2 * b - &x1 * d) / &determinant, (x1 * b - x2 * a) / &determinant], 1);
        let theta = theta.unsqueeze(1);
        score * theta.get(0) + x * theta.get(1) + theta.get(2)
    });
    assert_recovers(&found, &[1.0, 0.0, 0.0], 0.01);
}

const A: [f32; 4] = [-1.2, 0.1, 0.3, -0.8];
const TRACE: f64 = -2.0;

/// The loss on a step's draws of Ax + (0.2, −0.1), and ½‖·‖² of the scores that it was given.
fn losses(objective: &dyn Objective, a: [f32; 4], step: u32) -> (f64, f64) {
    let theta = Tensor::from_slice(&[a.as_slice(), &[0.2, -0.1]].concat());
    let label = Tensor::full([ROWS], -1, (Kind::Int64, Device::Cpu));
    let mut square = 0.0;
    let mut score = |x: &Tensor, _: &Tensor, _: &Tensor| {
        let score = linear(&theta, x);
        square = score.to_kind(Kind::Double).square().sum(Kind::Double).double_value(&[]) / (2.0 * ROWS as f64);
        score
    };
    let draws = Draws::new(1, step, ROWS as usize, Device::Cpu);
    (objective.loss(&mut score, &gaussian(), &label, &draws).unwrap().double_value(&[]), square)
}

#[test]
fn the_exact_trace_of_a_linear_score_is_its_matrixs() {
    let (loss, square) = losses(&Ism { sigma: SIGMA, trace: Trace::Exact }, A, 0);
    assert!((loss - (TRACE + square)).abs() < 1e-5, "{loss}");
    // vᵀAv is the trace for every v of signs where A is diagonal.
    let (loss, square) = losses(&Ism { sigma: SIGMA, trace: Trace::Hutchinson }, [-1.2, 0.0, 0.0, -0.8], 0);
    assert!((loss - (TRACE + square)).abs() < 1e-5, "{loss}");
}

#[test]
fn hutchinsons_estimate_and_the_slices_have_the_exact_loss_as_their_mean() {
    let objectives: [&dyn Objective; 2] = [&Ism { sigma: SIGMA, trace: Trace::Hutchinson }, &Ssm { sigma: SIGMA }];
    for objective in objectives {
        let apart: Vec<f64> = (0..64)
            .map(|step| {
                let (loss, square) = losses(objective, A, step);
                loss - (TRACE + square)
            })
            .collect();
        let mean = apart.iter().sum::<f64>() / 64.0;
        let error = (apart.iter().map(|apart| (apart - mean).powi(2)).sum::<f64>() / (63.0 * 64.0)).sqrt();
        assert!(error < 0.004 && mean.abs() < 4.0 * error, "{mean} ± {error}");
    }
}
