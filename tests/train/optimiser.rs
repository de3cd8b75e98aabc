//! Adam against libtorch's own.

use smld::train::network::torch::Weights;
use smld::train::optimiser::{Adam, Settings};
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
    let mut ours = Adam::new(&weights);
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
fn the_average_follows_the_weights_slowly() {
    let mut weights = Weights::default();
    weights.0.insert("x".to_owned(), Tensor::from_slice(&[1.0_f32]).set_requires_grad(true));
    let mut adam = Adam::new(&weights);
    let mut expected = 1.0;
    for step in 0..50 {
        weights.0["x"].sum(Kind::Float).backward();
        adam.step(&mut weights, &Settings::default(), step, 0.01);
        let n = f64::from(step + 1);
        let decay = (n / (9.0 + n)).min(0.999);
        expected = decay * expected + (1.0 - decay) * weights.0["x"].double_value(&[0]);
    }
    assert!((adam.average.0["x"].double_value(&[0]) - expected).abs() < 1e-5);
}

#[test]
fn the_rate_rises_in_a_line_and_falls_to_zero_along_a_cosine() {
    let settings = Settings { learning_rate: 1.0, warm_up: 10, ..Settings::default() };
    assert_eq!(settings.rate(0, 0.0), 0.1);
    assert_eq!(settings.rate(10, 0.0), 1.0);
    assert!((settings.rate(500, 0.5) - 0.5).abs() < 1e-12);
    assert!(settings.rate(999, 1.0).abs() < 1e-12);
}
