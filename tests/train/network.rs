//! One description, two readers.

use crate::support::{OBJECTIVES, plan, plan_of_points};
use smld::sampler::{Noise, Purpose};
use smld::score::Rows;
use smld::score::onnx::Runtime;
use smld::train::checkpoint::{Progress, State};
use smld::train::export;
use smld::train::network::Network;
use smld::train::network::torch::{Precision, Weights};
use smld::train::optimiser::Optimiser;
use smld::train::plan::Plan;
use tch::{Device, Kind, Tensor, no_grad};

/// A state whose every weight is drawn at random: none of the network's parts is silent.
fn random_state(plan: &Plan) -> State {
    let mut weights = Weights::default();
    let shape: Vec<i64> = std::iter::once(1).chain(plan.network.shape().iter().copied()).collect();
    let (sigma, label) =
        (Tensor::ones([1], (Kind::Float, Device::Cpu)), Tensor::zeros([1], (Kind::Int64, Device::Cpu)));
    let x = Tensor::zeros(shape, (Kind::Float, Device::Cpu));
    let _ = plan.score(&mut weights, Precision::F32, &x, &sigma, &label);
    no_grad(|| {
        for (i, tensor) in weights.0.values_mut().enumerate() {
            let mut z = vec![0.0; tensor.numel()];
            Noise::new(9, i as u32, Purpose::Weights).normal(1, &mut z);
            let size = tensor.size();
            tensor.copy_(&(&*tensor + Tensor::from_slice(&z).reshape(size) * 0.05));
        }
    });
    let optimiser = Optimiser::new(&weights);
    State { weights, optimiser, progress: Progress::default() }
}

#[test]
fn the_exported_graph_is_the_network_that_was_trained_whatever_its_channels_and_classes() {
    let runtime = Runtime::load(None).unwrap();
    for (shape, classes) in [([1, 8, 8], 2), ([3, 12, 8], 2), ([1, 28, 28], 0)] {
        let mut plan = plan(shape, 1);
        if classes == 0 {
            plan.data = serde_json::Value::Null;
        }
        if let Network::UNet(unet) = &mut plan.network {
            unet.classes = classes;
        }
        let mut state = random_state(&plan);
        let file = export::file(&plan, &state, "random");
        let model = export::verify(file, &runtime, &plan, &mut state).unwrap();
        assert!(model.batch_invariant(), "a row of {shape:?} depends on its batch");
        assert_eq!(model.info().shape, shape.map(|n| n as usize));
        assert_eq!(model.info().labels.len(), classes as usize);
    }
}

#[test]
fn the_network_for_points_is_exported_as_it_was_trained_and_small() {
    let runtime = Runtime::load(None).unwrap();
    for (dim, classes) in [(1, 0), (2, 0), (2, 3), (17, 2)] {
        let plan = plan_of_points(dim, classes, OBJECTIVES[0].clone(), 1);
        let mut state = random_state(&plan);
        let file = export::file(&plan, &state, "random");
        assert!(file.len() < 200_000, "{} bytes", file.len());
        let model = export::verify(file, &runtime, &plan, &mut state).unwrap();
        assert!(model.batch_invariant(), "a row of [{dim}] depends on its batch");
        assert_eq!(model.info().shape, [dim as usize]);
        assert_eq!(model.info().labels.len(), classes as usize);
        assert_eq!(model.info().range, plan.range);
    }
}

/// Whatever the network says there: of a chain that has come far a network without norms says what drives it farther.
#[test]
fn the_exported_score_of_images_draws_back_into_the_range_of_the_data_from_anywhere() {
    let runtime = Runtime::load(None).unwrap();
    let plan = plan([1, 8, 8], 1);
    let mut state = random_state(&plan);
    let model = export::verify(export::file(&plan, &state, "random"), &runtime, &plan, &mut state).unwrap();
    let mut session = model.open(1).unwrap();
    for (sigma, far) in [(0.01_f32, 3.0_f32), (0.1, 1e3), (1.0, 1e5), (10.0, 1e5)] {
        let (mut x, mut score) = (vec![0.0; 64], vec![0.0; 64]);
        Noise::new(5, 0, Purpose::Sampling).for_each_normal(0, &mut x, |_, x, z| *x = far * z);
        session.evaluate(Rows { x: &x, sigma: &[sigma], label: &[-1] }, &mut score).unwrap();
        let denoised = x.iter().zip(&score).map(|(x, s)| f64::from(*x) + f64::from(sigma * sigma) * f64::from(*s));
        let rounding = 1e-6 * f64::from(far);
        for denoised in denoised {
            assert!((-rounding..=1.0 + rounding).contains(&denoised), "at σ = {sigma}, |x| = {far}: {denoised}");
        }
    }
}

#[test]
fn a_file_that_is_not_the_network_is_found_out() {
    let runtime = Runtime::load(None).unwrap();
    let plan = plan([1, 8, 8], 1);
    let mut state = random_state(&plan);
    let file = export::file(&plan, &state, "random");
    no_grad(|| {
        let weight = state.optimiser.average.0.get_mut("out.bias").unwrap();
        let _ = weight.g_add_scalar_(0.01);
    });
    let fault = export::verify(file, &runtime, &plan, &mut state).err().unwrap().to_string();
    assert!(fault.contains("differ by"), "{fault}");
}
