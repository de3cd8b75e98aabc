//! As many steps as a number of evaluations allows.

use smld::sampler::{Sampler, SamplerSpec, SigmaRange};

const RANGE: SigmaRange = SigmaRange { min: 0.01, max: 15.0, dim: 784 };

fn read(spec: serde_json::Value) -> SamplerSpec {
    serde_json::from_value(spec).unwrap()
}

fn within(spec: &SamplerSpec, evaluations: u32) -> Sampler {
    spec.within(None, evaluations).unwrap().resolve(None, RANGE).unwrap()
}

/// A spec, the evaluations by which a further step or level makes it longer (for annealing at the largest budgets), and what it
/// takes of 8, 17, 35, 100, 500 and 1000.
fn known() -> Vec<(SamplerSpec, u32, [u32; 6])> {
    [
        (serde_json::json!({"method": "langevin"}), 1, [8, 17, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "langevin", "denoise": true}), 1, [8, 17, 35, 100, 500, 1000]),
        // 2·3, 4·4, 5·6, 5·19, 5·99 and 5·199 steps, and one that denoises.
        (serde_json::json!({"method": "annealed_langevin"}), 5, [7, 17, 31, 96, 496, 996]),
        (serde_json::json!({"method": "annealed_langevin", "denoise": false}), 5, [8, 16, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "annealed_langevin", "steps_per_level": 1}), 1, [8, 17, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "predictor_corrector"}), 2, [8, 16, 34, 100, 500, 1000]),
        (serde_json::json!({"method": "predictor_corrector", "corrector_steps": 4}), 5, [8, 15, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "ancestral"}), 1, [8, 17, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "probability_flow"}), 2, [7, 17, 35, 99, 499, 999]),
        (serde_json::json!({"method": "probability_flow", "solver": "dpmpp2m"}), 1, [8, 17, 35, 100, 500, 1000]),
        (serde_json::json!({"method": "probability_flow", "solver": "euler"}), 1, [8, 17, 35, 100, 500, 1000]),
    ]
    .map(|(spec, step, counts)| (read(spec), step, counts))
    .into()
}

#[test]
fn every_method_takes_what_its_rule_says_of_every_budget() {
    for (spec, _, counts) in known() {
        assert_eq!([8, 17, 35, 100, 500, 1000].map(|budget| within(&spec, budget).evaluations()), counts, "{spec:?}");
    }
}

#[test]
fn no_budget_is_exceeded_and_none_has_room_for_a_further_step() {
    for (spec, step, _) in known() {
        for budget in 3..=1100 {
            let takes = within(&spec, budget).evaluations();
            assert!(takes <= budget && budget - takes < step, "{spec:?}: {takes} of {budget}");
        }
    }
}

#[test]
fn what_is_named_stays_but_for_the_number_of_steps() {
    let own =
        read(serde_json::json!({"method": "annealed_langevin", "levels": 7, "steps_per_level": 3, "sigma_min": 0.1}));
    let asked = read(serde_json::json!({"method": "annealed_langevin", "epsilon": 0.001, "levels": 50}));
    assert_eq!(
        asked.within(Some(&own), 40).unwrap(),
        read(serde_json::json!(
            {"method": "annealed_langevin", "levels": 13, "steps_per_level": 3, "sigma_min": 0.1, "epsilon": 0.001}
        ))
    );
    let other = read(serde_json::json!({"method": "ancestral", "rho": 3}));
    let found = read(serde_json::json!({"method": "ancestral", "rho": 3, "steps": 40}));
    assert_eq!(other.within(Some(&own), 40).unwrap(), found);
    // Named levels stay where they are as many.
    for (method, evaluations) in [("ancestral", 3), ("probability_flow", 5)] {
        let own = read(serde_json::json!({"method": method, "sigmas": [9, 3, 1]}));
        let asked = read(serde_json::json!({ "method": method }));
        assert_eq!(asked.within(Some(&own), evaluations).unwrap(), own);
        let fault = own.within(None, 20).unwrap_err();
        assert!(fault.parameter == "sigmas" && fault.reason.contains("are 3"), "{fault}");
        let found = read(serde_json::json!({"method": method, "steps": 20}));
        assert_eq!(asked.within(Some(&own), if method == "ancestral" { 20 } else { 40 }).unwrap(), found);
    }
}

#[test]
fn fewer_evaluations_than_two_levels_take_are_refused() {
    for (spec, least) in [
        (serde_json::json!({"method": "langevin"}), 1),
        (serde_json::json!({"method": "langevin", "denoise": true}), 2),
        (serde_json::json!({"method": "annealed_langevin"}), 3),
        (serde_json::json!({"method": "annealed_langevin", "denoise": false}), 2),
        (serde_json::json!({"method": "predictor_corrector"}), 2),
        (serde_json::json!({"method": "ancestral"}), 2),
        (serde_json::json!({"method": "probability_flow"}), 3),
        (serde_json::json!({"method": "probability_flow", "solver": "euler"}), 2),
    ] {
        let spec = read(spec);
        assert_eq!(within(&spec, least).evaluations(), least, "{spec:?}");
        let fault = spec.within(None, least - 1).unwrap_err();
        assert!(fault.parameter == "evaluations" && fault.reason.contains(&format!("{least} at least")), "{fault}");
    }
    // A number that cannot be is not made one that can.
    let none = read(serde_json::json!({"method": "annealed_langevin", "steps_per_level": 0})).within(None, 40).unwrap();
    assert_eq!(none.resolve(None, RANGE).unwrap_err().parameter, "steps_per_level");
}
