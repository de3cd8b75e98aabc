//! Adam against libtorch's own, Muon against the singular values of what it is given.

use smld::train::network::torch::Weights;
use smld::train::optimiser::{Optimiser, Rule, Settings};
use tch::nn::OptimizerConfig;
use tch::{Device, Kind, Tensor, nn};

#[test]
fn the_optimiser_takes_the_steps_of_libtorchs_adam_with_its_clipping() {
    let begin = Tensor::from_slice(&[3.0_f32, -2.0, 0.5]);
    let target = Tensor::from_slice(&[0.0_f32, 1.0, 2.0]);
    let loss = |x: &Tensor| ((x - &target) * 4.0).square().sum(Kind::Float);

    let store = nn::VarStore::new(Device::Cpu);
    let theirs = store.root().var_copy("x", &begin);
    let mut reference = nn::Adam { beta1: 0.9, beta2: 0.99, ..nn::Adam::default() }.build(&store, 0.1).unwrap();

    let mut weights = Weights::default();
    weights.0.insert("x".to_owned(), begin.copy().set_requires_grad(true));
    let mut ours = Optimiser::new(&weights);
    let settings = Settings { clip: 1.0, ..Settings::default() };
    for step in 0..20 {
        reference.backward_step_clip_norm(&loss(&theirs), 1.0);
        loss(&weights.0["x"]).backward();
        ours.step(&mut weights, &settings, step, 0.1);
        let apart = (&weights.0["x"] - &theirs).abs().max().double_value(&[]);
        assert!(apart < 1e-5, "{apart} apart after step {step}");
    }
}

#[test]
fn muon_moves_a_kernel_along_the_singular_vectors_of_its_gradient_by_the_same_in_each() {
    tch::manual_seed(1);
    for size in [[8, 4, 3, 3], [40, 2, 3, 3]] {
        let gradient = Tensor::randn(size, (Kind::Float, Device::Cpu));
        let mut weights = Weights::default();
        weights.0.insert("kernel".to_owned(), Tensor::zeros(size, (Kind::Float, Device::Cpu)).set_requires_grad(true));
        let mut optimiser = Optimiser::new(&weights);
        (&weights.0["kernel"] * &gradient).sum(Kind::Float).backward();
        optimiser.step(&mut weights, &Settings { kernels: Rule::Muon, ..Settings::default() }, 0, 0.1);

        let (u, _, v) = gradient.flatten(1, -1).svd(true, true);
        let moved = u.tr().matmul(&weights.0["kernel"].detach().flatten(1, -1)).matmul(&v);
        let (rows, columns) = (size[0], size[1] * size[2] * size[3]);
        let by = moved.diagonal(0, 0, 1) / (-0.1 * 0.2 * (rows.max(columns) as f64).sqrt());
        let (least, most) = (by.min().double_value(&[]), by.max().double_value(&[]));
        assert!(0.65 < least && most < 1.25, "{size:?}: between {least} and {most}");
        let aside = (&moved - moved.diagonal(0, 0, 1).diag(0)).abs().max().double_value(&[]);
        assert!(aside < 1e-4, "{size:?}: {aside} to the side");
        let square = weights.0["kernel"].square().mean(Kind::Float).double_value(&[]);
        assert!((square.sqrt() / 0.1 - 0.2).abs() < 0.05, "{size:?}: {square}");
    }
}

#[test]
fn muon_leaves_what_is_no_kernel_to_adam() {
    let moved = |kernels| {
        let mut weights = Weights::default();
        weights.0.insert("bias".to_owned(), Tensor::from_slice(&[1.0_f32, -2.0]).set_requires_grad(true));
        let mut optimiser = Optimiser::new(&weights);
        weights.0["bias"].square().sum(Kind::Float).backward();
        optimiser.step(&mut weights, &Settings { kernels, ..Settings::default() }, 0, 0.1);
        weights.0["bias"].detach().copy()
    };
    assert_eq!(moved(Rule::Muon), moved(Rule::Adam));
}

#[test]
fn the_average_follows_the_weights_slowly() {
    let mut weights = Weights::default();
    weights.0.insert("x".to_owned(), Tensor::from_slice(&[1.0_f32]).set_requires_grad(true));
    let mut optimiser = Optimiser::new(&weights);
    let mut expected = 1.0;
    for step in 0..50 {
        weights.0["x"].sum(Kind::Float).backward();
        optimiser.step(&mut weights, &Settings::default(), step, 0.01);
        let n = f64::from(step + 1);
        let decay = (n / (9.0 + n)).min(0.999);
        expected = decay * expected + (1.0 - decay) * weights.0["x"].double_value(&[0]);
    }
    assert!((optimiser.average.0["x"].double_value(&[0]) - expected).abs() < 1e-5);
}

#[test]
fn the_rate_rises_in_a_line_and_falls_to_zero_along_a_cosine() {
    let settings = Settings { learning_rate: 1.0, warm_up: 10, ..Settings::default() };
    assert_eq!(settings.rate(0, 0.0), 0.1);
    assert_eq!(settings.rate(10, 0.0), 1.0);
    assert!((settings.rate(500, 0.5) - 0.5).abs() < 1e-12);
    assert!(settings.rate(999, 1.0).abs() < 1e-12);
}
