//! Distillation from scores that are known exactly.

use crate::support::{plan_of_points, ring};
use smld::score::density::DensityModel;
use smld::score::{ReadyModel, prepare};
use smld::train::batches::Draws;
use smld::train::checkpoint::State;
use smld::train::objective::{Continuum, Distil, Objective, ObjectiveSpec};
use smld::train::run::Run;
use smld::train::teacher::Teacher;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const ROWS: i64 = 4096;

fn density(json: &str) -> ReadyModel {
    prepare(Arc::new(DensityModel::from_bytes("teacher", json.as_bytes()).unwrap()), &[1]).unwrap()
}

/// The loss at σ of the exact score of N(0, ½² I), which is the teacher's, times `a`.
fn loss(sigma: f64, a: f64) -> f64 {
    tch::set_num_threads(1);
    let continuum =
        Continuum { ln_sigma_mean: 0.0, ln_sigma_deviation: 1.0, sigma_min: sigma, sigma_max: sigma, deviation: 0.5 };
    let teacher =
        Teacher::open(&density(r#"{"density": "gaussian", "mean": [0, 0, 0, 0], "variance": 0.25}"#)).unwrap();
    let draws = Draws::new(1, 0, ROWS as usize, Device::Cpu);
    let x = Draws::new(2, 0, ROWS as usize, Device::Cpu)
        .normal_like(&Tensor::zeros([ROWS, 4], (Kind::Float, Device::Cpu)))
        * 0.5;
    let label = Tensor::full([ROWS], -1, (Kind::Int64, Device::Cpu));
    let mut score = |x: &Tensor, sigma: &Tensor, _: &Tensor| -x / (sigma * sigma + 0.25).unsqueeze(1) * a;
    Distil { continuum, teacher }.loss(&mut score, &x, &label, &draws).unwrap().double_value(&[])
}

#[test]
fn the_teachers_own_score_has_loss_zero_at_every_level() {
    for sigma in [0.01, 0.3, 2.0] {
        assert!(loss(sigma, 1.0) < 1e-9, "{} at σ = {sigma}", loss(sigma, 1.0));
    }
}

#[test]
fn a_multiple_of_the_teachers_score_has_the_loss_of_the_closed_form() {
    // λ(σ) (a − 1)² E t² with t = −x/(σ² + s²) over x ~ N(0, σ² + s²): (a − 1)² σ²/s².
    for (sigma, a) in [(0.1, 0.0), (0.5, 3.0), (2.0, 0.5)] {
        let exact = (a - 1.0_f64).powi(2) * sigma * sigma / 0.25;
        // Five standard errors of a mean of squares of normal numbers.
        let bound = 5.0 * exact * (2.0 / (ROWS * 4) as f64).sqrt();
        assert!((loss(sigma, a) - exact).abs() < bound, "{} is not {exact}", loss(sigma, a));
    }
}

#[test]
fn a_network_learns_an_exact_score_and_goes_on_to_the_same_bits_after_an_interruption() {
    tch::set_num_threads(1);
    let (data, folder) = (ring(512), tempfile::tempdir().unwrap());
    let path = folder.path().join("checkpoint.safetensors");
    let teacher = density(r#"{"density": "ring", "radius": 1, "variance": 0.01}"#);
    let objective = ObjectiveSpec::Distil {
        sigma_min: 0.05,
        sigma_max: 3.0,
        ln_sigma_mean: -1.0,
        ln_sigma_deviation: 1.0,
        teacher: teacher.info().name.clone(),
        teacher_sha256: teacher.info().sha256.clone(),
    };
    let plan = plan_of_points(2, 0, objective, 300);
    let mut whole = Run::begin(plan.clone(), &data, Some(&teacher), Device::Cpu).unwrap();
    let curve: Vec<f64> = (0..300).map(|_| whole.step().unwrap().loss).collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    // The noise of denoising score matching would leave most of the loss there.
    assert!(mean(&curve[280..]) < 0.05 * mean(&curve[..5]), "{curve:?}");

    let mut first = Run::begin(plan.clone(), &data, Some(&teacher), Device::Cpu).unwrap();
    for _ in 0..2 {
        first.step().unwrap();
    }
    first.state.save(&first.plan, &path).unwrap();
    let (saved, state) = State::load(&path, Device::Cpu).unwrap();
    assert_eq!(saved, plan);
    let mut second = Run::resume(saved, state, &data, Some(&teacher), Device::Cpu).unwrap();
    let rest: Vec<f64> = (0..4).map(|_| second.step().unwrap().loss).collect();
    assert_eq!(rest, curve[2..6]);

    assert!(Run::begin(plan, &data, None, Device::Cpu).err().unwrap().to_string().contains("needs a teacher"));
}
