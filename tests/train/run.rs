//! Runs: the same again, and on from where they were.

use crate::support::{halves, plan};
use smld::sampler::{AncestralSpec, SamplerSpec};
use smld::train::batches::Batches;
use smld::train::checkpoint::{Progress, State};
use smld::train::network::torch::Weights;
use smld::train::objective::ObjectiveSpec;
use smld::train::plan::{Length, Plan};
use smld::train::run::Run;
use std::time::Duration;
use tch::{Device, Tensor};

fn same(a: &Weights, b: &Weights) -> bool {
    a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(|((n, x), (m, y))| n == m && Tensor::equal(x, y))
}

fn losses(run: &mut Run<'_>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| run.step().unwrap().loss).collect()
}

#[test]
fn the_same_seed_gives_the_same_curve_and_another_seed_another() {
    tch::set_num_threads(1);
    let data = halves(64);
    let curve = |seed| {
        let mut plan = plan([1, 8, 8], 8);
        plan.seed = seed;
        losses(&mut Run::begin(plan, &data, None, Device::Cpu).unwrap(), 8)
    };
    assert_eq!(curve(3), curve(3));
    assert_ne!(curve(3), curve(4));
}

#[test]
fn a_run_that_was_interrupted_goes_on_to_the_same_bits() {
    tch::set_num_threads(1);
    let (data, folder) = (halves(64), tempfile::tempdir().unwrap());
    let path = folder.path().join("checkpoint.safetensors");
    let mut whole = Run::begin(plan([1, 8, 8], 8), &data, None, Device::Cpu).unwrap();
    let curve = losses(&mut whole, 8);

    let mut first = Run::begin(plan([1, 8, 8], 8), &data, None, Device::Cpu).unwrap();
    losses(&mut first, 3);
    first.state.save(&first.plan, &path).unwrap();
    let (saved, state) = State::load(&path, Device::Cpu).unwrap();
    assert_eq!(saved, first.plan);
    let mut second = Run::resume(saved, state, &data, None, Device::Cpu).unwrap();
    assert_eq!(losses(&mut second, 5), curve[3..]);
    assert!(same(&second.state.weights, &whole.state.weights));
    assert!(same(&second.state.optimiser.average, &whole.state.optimiser.average));
    assert!(same(&second.state.optimiser.second, &whole.state.optimiser.second));
}

#[test]
fn a_run_begins_with_the_averaged_weights_of_another() {
    tch::set_num_threads(1);
    let data = halves(64);
    let mut first = Run::begin(plan([1, 8, 8], 8), &data, None, Device::Cpu).unwrap();
    losses(&mut first, 3);
    let average = first.state.optimiser.average.detached_copy();
    assert!(!same(&first.state.weights, &average));
    let mut second = Run::resume(first.plan, first.state.afresh(), &data, None, Device::Cpu).unwrap();
    assert!(same(&second.state.weights, &average) && second.done() == 0.0);
    losses(&mut second, 1);
    assert!(!same(&second.state.weights, &average));
}

#[test]
fn runs_differ_in_what_decides_them_and_not_in_length_in_sampler_or_in_the_name_of_the_data() {
    let data = |name: &str| serde_json::json!({"name": name, "sha256": "00", "classes": ["left", "right"]});
    let here = Plan { data: data("here"), ..plan([1, 8, 8], 8) };
    let mut there = Plan { data: data("there"), ..plan([1, 8, 8], 9) };
    there.sampler = Some(SamplerSpec::Ancestral(AncestralSpec::default()));
    assert_eq!(here.differences(&there).unwrap(), [""; 0]);
    there.seed = 4;
    there.optimiser.learning_rate = 1.0;
    there.objective = ObjectiveSpec::Dsm { sigma: 0.3 };
    there.data["sha256"] = "01".into();
    let all =
        "data.sha256 ln_sigma_deviation ln_sigma_mean objective optimiser.learning_rate seed sigma sigma_max sigma_min";
    assert_eq!(here.differences(&there).unwrap().join(" "), all);
}

#[test]
fn how_long_the_rest_takes_is_told_only_where_it_can_be() {
    let data = halves(64);
    let mut run = Run::begin(plan([1, 8, 8], 4), &data, None, Device::Cpu).unwrap();
    assert_eq!(run.left(), None);
    run.state.progress = Progress { step: 1, seconds: 2.0 };
    assert_eq!(run.left(), Some(Duration::from_secs(6)));
    run.plan.length = Length::Minutes(1e300);
    assert_eq!(run.left(), None);
}

#[test]
fn a_first_loss_that_is_no_number_is_laid_on_the_noise_levels() {
    let data = halves(64);
    let plan = Plan { objective: ObjectiveSpec::Dsm { sigma: 1e-30 }, ..plan([1, 8, 8], 4) };
    let fault = Run::begin(plan, &data, None, Device::Cpu).unwrap().step().unwrap_err().to_string();
    assert!(fault.contains("the noise levels are too small or too large"), "{fault}");
}

#[test]
fn a_damaged_checkpoint_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.safetensors");
    for bytes in [b"".as_slice(), b"no tensors at all", &[255; 64]] {
        std::fs::write(&path, bytes).unwrap();
        let fault = State::load(&path, Device::Cpu).err().unwrap().to_string();
        assert!(fault.contains("broken.safetensors is not a checkpoint"), "{fault}");
    }
}

#[test]
fn a_checkpoint_of_other_weights_is_refused_and_not_filled_up_with_new_ones() {
    let (data, folder) = (halves(64), tempfile::tempdir().unwrap());
    let path = folder.path().join("older.safetensors");
    let mut run = Run::begin(plan([1, 8, 8], 8), &data, None, Device::Cpu).unwrap();
    run.state.save(&run.plan, &path).unwrap();
    assert!(State::load(&path, Device::Cpu).is_ok());
    let scale = run.state.weights.0.remove("low.1.scale.weight").unwrap();
    run.state.weights.0.insert("low.1.modulation.weight".to_owned(), scale);
    run.state.save(&run.plan, &path).unwrap();
    let fault = State::load(&path, Device::Cpu).err().unwrap().to_string();
    assert!(fault.contains("older.safetensors is of another version of this trainer"), "{fault}");

    let mut run = Run::begin(plan([1, 8, 8], 8), &data, None, Device::Cpu).unwrap();
    assert!(run.state.optimiser.second.0.remove("low.1.scale.weight").is_some());
    run.state.save(&run.plan, &path).unwrap();
    let fault = State::load(&path, Device::Cpu).err().unwrap().to_string();
    assert!(fault.contains("older.safetensors is of another version of this trainer"), "{fault}");
}

#[test]
fn every_epoch_sees_every_row_once_and_hides_some_classes() {
    let data = halves(64);
    let mut batches = Batches::new(&data, 1, 16, 0.25, Device::Cpu);
    let mut hidden = 0;
    let mut orders = Vec::new();
    for epoch in 0..32 {
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for step in 0..4 {
            let (x, label) = batches.get(4 * epoch + step);
            hidden += Vec::<i64>::try_from(label).unwrap().iter().filter(|&&label| label == -1).count();
            let x: Vec<f32> = Vec::try_from(x.reshape([-1])).unwrap();
            rows.extend(x.chunks(64).map(|row| row.iter().map(|x| x.to_bits()).collect()));
        }
        orders.push(rows.clone());
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len(), 64, "epoch {epoch} does not see every row once");
    }
    assert_ne!(orders[0], orders[1]);
    // 2048 draws with probability a quarter: 512 ± 5 deviations of 19.6.
    assert!((414..=610).contains(&hidden), "{hidden}");
}

#[test]
fn a_network_that_is_trained_has_a_smaller_loss_than_one_that_is_not() {
    tch::set_num_threads(1);
    let data = halves(64);
    let mut run = Run::begin(plan([1, 8, 8], 60), &data, None, Device::Cpu).unwrap();
    let curve = losses(&mut run, 60);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert!(mean(&curve[50..]) < 0.8 * mean(&curve[..10]), "{curve:?}");
}
