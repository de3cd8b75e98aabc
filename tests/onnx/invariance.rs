//! Whether a row's bytes depend on its batch, as found at load.

use crate::mixture::mixture_file;
use crate::support::{contract, file, inputs, load, open, score, two_modes};
use smld::onnx::{Attr, GraphBuilder};
use smld::sampler::{Noise, Purpose};
use smld::score::density::{Component, GaussianMixture};
use smld::score::onnx::Contract;
use smld::score::{Unfit, prepare};
use std::sync::Arc;

fn invariant(file: Vec<u8>) -> bool {
    prepare(Arc::new(load(file).unwrap()), &[1]).unwrap().batch_invariant()
}

#[test]
fn the_mixture_has_the_same_bytes_in_every_batch_and_layout() {
    let ready = prepare(Arc::new(load(mixture_file("two-modes", &two_modes(), &[])).unwrap()), &[1, 2]).unwrap();
    assert!(ready.batch_invariant());
    assert_eq!(ready.layouts(), [1, 2]);
    assert!(invariant(mixture_file("two-modes", &two_modes(), &["low", "high"])));
}

#[test]
fn a_mixture_in_many_dimensions_has_the_same_bytes_in_every_batch() {
    let noise = Noise::new(1, 0, Purpose::Sampling);
    let mut means = [0.0; 5 * 37];
    noise.normal(0, &mut means);
    let component = |mean: &[f32]| Component {
        weight: 1.0 + f64::from(mean[0]).abs(),
        mean: mean.iter().map(|&m| f64::from(m)).collect(),
        variance: 0.1 + f64::from(mean[1]).powi(2),
    };
    let mixture = GaussianMixture::new(means.chunks(37).map(component).collect()).unwrap();
    assert!(invariant(mixture_file("many", &mixture, &[])));
}

#[test]
fn large_batches_of_the_mixture_have_the_bytes_of_rows_alone() {
    const ROWS: usize = 1000;
    let mut x = vec![0.0; 2 * ROWS];
    Noise::new(3, 0, Purpose::Sampling).normal(0, &mut x);
    let sigma: Vec<f32> = (0..ROWS).map(|i| 0.01 * 1.007_f32.powi(i as i32)).collect();
    x.iter_mut().zip(&sigma.repeat(2)).for_each(|(x, sigma)| *x *= 1.0 + sigma);
    let file = mixture_file("two-modes", &two_modes(), &[]);
    let mut session = open(file);
    let together = score(session.as_mut(), &x, &sigma);
    for i in 0..ROWS {
        let alone = score(session.as_mut(), &x[2 * i..2 * i + 2], &sigma[i..=i]);
        assert_eq!(
            alone.iter().map(|s| s.to_bits()).collect::<Vec<_>>(),
            [together[2 * i].to_bits(), together[2 * i + 1].to_bits()]
        );
    }
}

#[test]
fn a_logarithm_of_sigma_as_it_comes_is_found_out() {
    let file = file(&contract(), |graph, x, sigma| {
        let log = graph.node("Log", &[sigma], &[]);
        graph.node("Mul", &[x, &log], &[])
    });
    let ready = prepare(Arc::new(load(file).unwrap()), &[1, 2]).unwrap();
    assert!(!ready.batch_invariant());
    // One row at a time its bytes are its own all the same.
    assert!(ready.reproducible());
    assert_eq!((ready.fixed_rows(), ready.layouts()), (Some(1), [1, 2].as_slice()));
}

#[test]
fn functions_of_sigma_as_it_comes_are_found_out_whatever_its_range() {
    for (low, high) in [(0.002, 64.0), (0.01, 500.0), (0.001, 20.0), (0.01, 15.0), (0.05, 3.0), (0.02, 80.0)] {
        for function in ["Log", "Sin", "Cos"] {
            let contract = Contract { sigma_min: low, sigma_max: high, ..contract() };
            let file = file(&contract, |graph, x, sigma| {
                let value = graph.node(function, &[sigma], &[]);
                graph.node("Mul", &[x, &value], &[])
            });
            assert!(!invariant(file), "{function}, σ from {low} to {high}");
        }
    }
}

#[test]
fn rows_that_see_one_another_are_found_out() {
    assert!(!invariant(file(&contract(), |graph, x, _| {
        let rows = ("axes", Attr::Ints(vec![0]));
        let mean = graph.node("ReduceMean", &[x], &[rows, ("keepdims", Attr::Int(1))]);
        graph.node("Sub", &[&mean, x], &[])
    })));
}

#[test]
fn a_network_that_gives_nan_is_not_served() {
    let broken = file(&contract(), |graph, x, _| {
        let bound = graph.constant_f32("bound", &[], &[-30.0]);
        let shifted = graph.node("Sub", &[x, &bound], &[]);
        graph.node("Sqrt", &[&shifted], &[])
    });
    assert!(prepare(Arc::new(load(broken).unwrap()), &[1]).is_ok(), "x stays above the bound");
    let broken = file(&contract(), |graph, x, _| graph.node("Log", &[x], &[]));
    let Err(unfit) = prepare(Arc::new(load(broken).unwrap()), &[1]) else { panic!("log of a negative number") };
    assert!(matches!(unfit, Unfit::NotFinite { .. }));
    let sentence = unfit.to_string();
    assert!(
        sentence.contains("'small' gives NaN or infinity at σ = ") && sentence.contains("train it again"),
        "{sentence}"
    );
}

#[test]
fn a_table_that_is_one_class_short_is_found_out_before_it_fails_anyone_s_request() {
    let loaded = |rows: usize| {
        const CLASSES: usize = 1000;
        let contract = Contract { labels: (0..CLASSES).map(|i| i.to_string()).collect(), ..contract() };
        let mut graph = GraphBuilder::new("small");
        let (x, _) = inputs(&mut graph, 2);
        let label = graph.input_i64("label", &[]);
        let one = graph.constant_i64("one", &[1], &[1]);
        let place = graph.node("Add", &[&label, &one], &[]);
        let table = graph.constant_f32("table", &[rows as i64, 1], &vec![1.0; rows]);
        let scale = graph.node("Gather", &[&table, &place], &[]);
        let score = graph.node("Mul", &[&x, &scale], &[]);
        graph.output_f32("score", &score, &[2]);
        prepare(Arc::new(load(graph.finish(&contract.to_metadata())).unwrap()), &[1])
    };
    assert!(loaded(1001).is_ok());
    let Err(unfit) = loaded(1000) else { panic!("class 999 has no row") };
    assert!(unfit.to_string().contains("1000"), "{unfit}");
}
