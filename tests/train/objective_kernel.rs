//! The theorem of denoising score matching on kernel densities, in numbers, and the score of a kernel density.

use smld::sampler::{Noise, Purpose};
use smld::train::batches::Draws;
use smld::train::objective::{Dsm, Esm, KernelDensity, Objective};
use tch::{Device, Kind, Tensor};

const SQUARE: [[f32; 2]; 4] = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
const FIVE: [[f32; 2]; 5] = [[0.0, 0.0], [1.5, 0.5], [-1.0, 1.0], [0.5, -1.2], [-0.7, -0.9]];
/// C on the square at σ = 0.5.
const C: f64 = 1.097_558_541;

fn kernel(points: &[[f32; 2]], bandwidth: f64) -> KernelDensity {
    let rows = Tensor::from_slice(points.as_flattened()).reshape([-1, 2]);
    let labels = Tensor::full([points.len() as i64], -1, (Kind::Int64, Device::Cpu));
    KernelDensity { rows, labels, bandwidth, block: 3 }
}

/// The losses of `score` on each of 64 steps' draws.
fn losses(objective: &dyn Objective, points: &[[f32; 2]], score: impl Fn(&Tensor) -> Tensor) -> Vec<f64> {
    (0..64).map(|step| loss(objective, points, &score, step)).collect()
}

/// The loss of `score` on the draws of `step`, with each of `points` equally often.
fn loss(objective: &dyn Objective, points: &[[f32; 2]], score: impl Fn(&Tensor) -> Tensor, step: u32) -> f64 {
    tch::set_num_threads(1);
    let times = 16_384 / points.len() as i64;
    let x = Tensor::from_slice(points.as_flattened()).reshape([-1, 2]).repeat([times, 1]);
    let rows = x.size()[0];
    let label = Tensor::full([rows], -1, (Kind::Int64, Device::Cpu));
    let mut score = |x: &Tensor, _: &Tensor, _: &Tensor| score(x);
    let draws = Draws::new(2, step, rows as usize, Device::Cpu);
    objective.loss(&mut score, &x, &label, &draws).unwrap().double_value(&[])
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt())
}

/// Within 4 standard errors, and those below a twentieth of `scale`: where σ is small a rare point far out weighs most.
#[track_caller]
fn assert_is(values: &[f64], exact: f64, scale: f64) {
    let (mean, error) = mean_and_error(values);
    assert!(error < 0.05 * scale, "the standard error of {mean} is {error}");
    assert!((mean - exact).abs() < 4.0 * error, "{mean} ± {error} is not {exact}");
}

/// The three networks whose losses are known: 0, −x and Ax + b.
fn networks() -> [fn(&Tensor) -> Tensor; 3] {
    [
        |x| x.zeros_like(),
        |x| -x,
        |x| {
            let a = Tensor::from_slice(&[-1.2_f32, 0.1, 0.3, -0.8]).reshape([2, 2]);
            x.matmul(&a.tr()) + Tensor::from_slice(&[0.2_f32, -0.1])
        },
    ]
}

#[test]
fn the_exact_score_has_explicit_loss_zero_and_denoising_loss_c() {
    let square = [0.163_466_469, C, 0.449_599_509];
    let five = [2.151_771_974, 1.854_175_358, 0.389_252_583];
    for (points, constants) in [(SQUARE.as_slice(), square), (&FIVE, five)] {
        for (sigma, c) in [0.3, 0.5, 1.0].into_iter().zip(constants) {
            let density = kernel(points, sigma);
            let label = Tensor::from(-1_i64);
            let exact = |x: &Tensor| density.score(x, &label.expand([x.size()[0]], false));
            assert_is(&losses(&Dsm { sigma }, points, exact), c, c);
            let explicit = loss(&Esm { density: kernel(points, sigma) }, points, |x| direct_rows(points, x, sigma), 0);
            assert!(explicit < 1e-10, "{explicit} at σ = {sigma}");
        }
    }
}

#[test]
fn the_losses_of_three_networks_are_those_worked_out_by_hand() {
    let (dsm, esm) = (Dsm { sigma: 0.5 }, Esm { density: kernel(&SQUARE, 0.5) });
    for (network, denoising) in networks().into_iter().zip([4.0, 3.25, 3.3875]) {
        assert_is(&losses(&dsm, &SQUARE, network), denoising, denoising);
        assert_is(&losses(&esm, &SQUARE, network), denoising - C, denoising);
    }
}

#[test]
fn denoising_and_explicit_loss_differ_by_a_constant_that_no_network_changes() {
    let (dsm, esm) = (Dsm { sigma: 0.5 }, Esm { density: kernel(&SQUARE, 0.5) });
    let differences = networks().map(|network| {
        let pairs = losses(&dsm, &SQUARE, network).into_iter().zip(losses(&esm, &SQUARE, network));
        pairs.map(|(denoising, explicit)| denoising - explicit).collect::<Vec<_>>()
    });
    for difference in &differences {
        assert_is(difference, C, C);
    }
    // On the same draws, network against network.
    for other in &differences[1..] {
        let apart: Vec<f64> = differences[0].iter().zip(other).map(|(a, b)| a - b).collect();
        assert_is(&apart, 0.0, C);
    }
}

const ROWS: usize = 300;
const DIM: usize = 40;
const CLASSES: i64 = 3;

fn drawn(index: u32, rows: usize) -> Vec<f32> {
    let mut values = vec![0.0; rows * DIM];
    Noise::new(4, index, Purpose::Data).normal(0, &mut values);
    values
}

/// [`direct`] of every row of x.
fn direct_rows(points: &[[f32; 2]], x: &Tensor, bandwidth: f64) -> Tensor {
    let rows: Vec<&[f32]> = points.iter().map(<[f32; 2]>::as_slice).collect();
    let values: Vec<f32> = Vec::try_from(x.reshape([-1])).unwrap();
    let score: Vec<f64> = values.chunks(2).flat_map(|x| direct(&rows, x, bandwidth)).collect();
    Tensor::from_slice(&score).to_kind(Kind::Float).reshape(x.size())
}

/// The rows of class `label`, all for −1.
fn of_class(rows: &[f32], label: i64) -> Vec<&[f32]> {
    let own = |&(i, _): &(usize, &[f32])| label == -1 || i as i64 % CLASSES == label;
    rows.chunks(DIM).enumerate().filter(own).map(|(_, row)| row).collect()
}

/// ∇ log q_h by the definition, in float64: log-sum-exp over the rows.
fn direct(rows: &[&[f32]], x: &[f32], bandwidth: f64) -> Vec<f64> {
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    let exponent = |row: &&[f32]| -x.iter().zip(*row).map(square).sum::<f64>() / (2.0 * bandwidth * bandwidth);
    let exponents: Vec<f64> = rows.iter().map(exponent).collect();
    let largest = exponents.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = exponents.iter().map(|exponent| (exponent - largest).exp()).sum();
    let element = |d: usize| {
        let terms = rows.iter().zip(&exponents).map(|(row, exponent)| {
            (exponent - largest).exp() / total * (f64::from(row[d]) - f64::from(x[d])) / (bandwidth * bandwidth)
        });
        terms.sum()
    };
    (0..x.len()).map(element).collect()
}

#[test]
fn the_score_in_blocks_is_the_direct_one_whatever_the_blocks() {
    let (rows, x) = (drawn(0, ROWS), drawn(1, 8));
    let labels: Vec<i64> = (0..ROWS as i64).map(|i| i % CLASSES).collect();
    let label = [-1, 0, 1, 2, -1, 0, 1, 2];
    // Where h is small one row has all the weight; where it is large the rows nearly share it.
    for bandwidth in [0.05, 0.5, 3.0] {
        let mut density = KernelDensity {
            rows: Tensor::from_slice(&rows).reshape([ROWS as i64, DIM as i64]),
            labels: Tensor::from_slice(&labels),
            bandwidth,
            block: 1,
        };
        let exact: Vec<f64> =
            x.chunks(DIM).zip(label).flat_map(|(x, label)| direct(&of_class(&rows, label), x, bandwidth)).collect();
        let scale = exact.iter().fold(0.0_f64, |scale, score| scale.max(score.abs()));
        for block in [1, 7, 64, 300, 1000] {
            density.block = block;
            let points = Tensor::from_slice(&x).reshape([8, DIM as i64]);
            let score = density.score(&points, &Tensor::from_slice(&label));
            let score: Vec<f32> = Vec::try_from(score.reshape([-1])).unwrap();
            for (score, exact) in score.iter().zip(&exact) {
                let apart = (f64::from(*score) - exact).abs() / scale;
                assert!(apart < 1e-6, "{score} is not {exact} with h = {bandwidth} in blocks of {block}");
            }
        }
    }
}
