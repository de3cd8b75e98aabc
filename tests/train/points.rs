//! Points: a network of their own, and every objective from begin to file.

use crate::support::{OBJECTIVES, plan_of_points, ring};
use smld::sampler::SamplerSpec;
use smld::score::onnx::Runtime;
use smld::train::batches::Draws;
use smld::train::checkpoint::State;
use smld::train::export;
use smld::train::network::torch::{Precision, Weights};
use smld::train::objective::{Esm, KernelDensity, Objective, ObjectiveSpec};
use smld::train::plan::Plan;
use smld::train::run::Run;
use tch::{Device, Kind, Tensor, no_grad};

#[test]
fn every_objective_goes_on_to_the_same_bits_after_an_interruption() {
    tch::set_num_threads(1);
    let (data, folder) = (ring(64), tempfile::tempdir().unwrap());
    let path = folder.path().join("checkpoint.safetensors");
    for objective in OBJECTIVES {
        let plan = plan_of_points(2, 0, objective.clone(), 6);
        let mut whole = Run::begin(plan.clone(), &data, None, Device::Cpu).unwrap();
        let curve: Vec<f64> = (0..6).map(|_| whole.step().unwrap().loss).collect();
        let mut first = Run::begin(plan.clone(), &data, None, Device::Cpu).unwrap();
        for _ in 0..2 {
            first.step().unwrap();
        }
        first.state.save(&first.plan, &path).unwrap();
        let (saved, state) = State::load(&path, Device::Cpu).unwrap();
        assert_eq!(saved, plan);
        let mut second = Run::resume(saved, state, &data, None, Device::Cpu).unwrap();
        let rest: Vec<f64> = (0..4).map(|_| second.step().unwrap().loss).collect();
        assert_eq!(rest, curve[2..], "{}", objective.name());
        let same = |(a, b): (&Tensor, &Tensor)| Tensor::equal(a, b);
        let (a, b) = (&second.state.optimiser.average.0, &whole.state.optimiser.average.0);
        assert!(a.values().zip(b.values()).all(same), "{}", objective.name());
    }
}

#[test]
fn every_objective_is_written_under_its_name_with_the_sampler_for_its_levels() {
    let runtime = Runtime::load(None).unwrap();
    let data = ring(64);
    for objective in OBJECTIVES {
        let mut run = Run::begin(plan_of_points(2, 0, objective.clone(), 2), &data, None, Device::Cpu).unwrap();
        run.step().unwrap();
        let file = export::file(&run.plan, &run.state, "ring");
        let model = export::verify(file, &runtime, &run.plan, &mut run.state).unwrap();
        let info = model.info();
        assert_eq!([info.sigma_min, info.sigma_max], objective.levels());
        assert_eq!(info.training["objective"], objective.name());
        assert_eq!(info.training["plan"]["objective"], objective.name());
        match (&info.sampler, &objective) {
            (SamplerSpec::AnnealedLangevin(spec), ObjectiveSpec::DsmLadder { levels, .. }) => {
                assert_eq!(spec.levels, Some(*levels));
            }
            // 0.02 to 5 in steps of 1.3.
            (SamplerSpec::AnnealedLangevin(spec), ObjectiveSpec::DsmContinuous { .. }) => {
                assert_eq!((spec.levels, spec.steps_per_level), (Some(23), Some(43)));
            }
            (SamplerSpec::Langevin(spec), _) => assert_eq!(spec.sigma, Some(info.sigma_max)),
            (spec, _) => panic!("{spec:?} for {objective:?}"),
        }
        info.sampler.resolve(None, info.sigma_range()).unwrap();
    }
}

#[test]
fn every_objective_of_one_level_teaches_the_network_the_score_of_the_kernel_density() {
    tch::set_num_threads(1);
    let data = ring(512);
    let label = Tensor::full([512], -1, (Kind::Int64, Device::Cpu));
    let esm = Esm { density: KernelDensity::new(&data, 0.3, Device::Cpu) };
    let explicit_loss = |plan: &Plan, weights: &mut Weights| {
        let mut score =
            |x: &Tensor, sigma: &Tensor, label: &Tensor| plan.score(weights, Precision::F32, x, sigma, label);
        let draws = Draws::new(9, 0, 512, Device::Cpu);
        no_grad(|| esm.loss(&mut score, &esm.density.rows, &label, &draws).unwrap()).double_value(&[])
    };
    for objective in OBJECTIVES.into_iter().filter(|objective| objective.levels() == [0.3, 0.3]) {
        let plan = Plan { batch: 256, ..plan_of_points(2, 0, objective.clone(), 300) };
        let mut run = Run::begin(plan, &data, None, Device::Cpu).unwrap();
        let before = explicit_loss(&run.plan, &mut run.state.optimiser.average);
        for _ in 0..300 {
            run.step().unwrap();
        }
        let after = explicit_loss(&run.plan, &mut run.state.optimiser.average);
        assert!(after < 0.1 * before, "{objective:?}: the explicit loss went from {before} to {after}");
    }
}
