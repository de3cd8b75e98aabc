//! From what a request says to a sampler with every parameter decided.

use smld::sampler::{Init, SamplerSpec, SigmaRange};

#[test]
fn a_sampler_told_in_json_is_a_spec_that_resolves_to_itself_to_the_last_bit() {
    for spec in [
        serde_json::json!({"method": "langevin"}),
        serde_json::json!({"method": "langevin", "sigma": 0.1, "tau": 1.0 / 3.0, "steps": 7, "noise": false, "denoise": true}),
        serde_json::json!({"method": "annealed_langevin"}),
        serde_json::json!({"method": "annealed_langevin", "sigma_max": 14.7, "levels": 10, "init": {"uniform": {"low": 0, "high": 1}}}),
        serde_json::json!({"method": "predictor_corrector", "levels": 33, "snr": 0.1 + 0.2}),
        serde_json::json!({"method": "ancestral", "steps": 9, "rho": 5.5}),
        serde_json::json!({"method": "ancestral", "sigmas": [17.3, 1.0 / 3.0, 0.0123], "eta": 0.1 + 0.2}),
        serde_json::json!({"method": "probability_flow", "sigmas": [4.4]}),
        serde_json::json!({"method": "probability_flow", "solver": "dpmpp2m", "sigma_max": 3.3}),
    ] {
        let range = SigmaRange { min: 0.0123, max: 17.3, dim: 784 };
        let resolved = serde_json::from_value::<SamplerSpec>(spec).unwrap().resolve(None, range).unwrap();
        let told = serde_json::to_string(&resolved).unwrap();
        let again: SamplerSpec = serde_json::from_str(&told).unwrap();
        // Nothing is left for another model's spec or range to decide.
        let other = serde_json::json!({"method": "annealed_langevin", "levels": 3, "epsilon": 1.0, "denoise": false});
        let other: SamplerSpec = serde_json::from_value(other).unwrap();
        assert_eq!(again.resolve(Some(&other), range).unwrap(), resolved, "{told}");
    }
}

#[test]
fn numbers_in_json_are_read_back_to_the_last_bit() {
    // The default parser of serde_json is an ulp off on one number in some thousands.
    let mut number = 1.0_f64;
    for _ in 0..20_000 {
        number = f64::from_bits(number.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2 | 1 << 61);
        let init = Init::Normal { deviation: number };
        let again: Init = serde_json::from_str(&serde_json::to_string(&init).unwrap()).unwrap();
        assert_eq!(again, init);
    }
}

#[test]
fn the_models_own_sampler_fills_what_a_request_leaves_out_where_the_method_is_the_same() {
    let read = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap();
    let own =
        read(serde_json::json!({"method": "annealed_langevin", "levels": 7, "steps_per_level": 3, "denoise": false}));
    let range = SigmaRange { min: 0.01, max: 10.0, dim: 2 };
    let asked = read(serde_json::json!({"method": "annealed_langevin", "levels": 11}));
    assert_eq!(asked.resolve(Some(&own), range).unwrap().evaluations(), 33);
    let other = read(serde_json::json!({"method": "langevin", "steps": 5}));
    assert_eq!(other.resolve(Some(&own), range).unwrap().evaluations(), 5);
}

#[test]
fn who_names_levels_has_none_of_the_models_spacing_and_who_spaces_them_none_that_it_names() {
    let read = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap();
    let range = SigmaRange { min: 0.01, max: 10.0, dim: 2 };
    for method in ["ancestral", "probability_flow"] {
        let told = |asked: serde_json::Value, own: serde_json::Value| {
            let with_method = |mut spec: serde_json::Value| {
                spec["method"] = method.into();
                if method == "probability_flow" {
                    spec["solver"] = "euler".into();
                }
                read(spec)
            };
            let sampler = with_method(asked).resolve(Some(&with_method(own)), range).unwrap();
            serde_json::to_value(&sampler).unwrap()
        };
        let named = serde_json::json!({"sigmas": [9.0, 3.0, 1.0]});
        let spaced = serde_json::json!({"sigma_max": 8.0, "sigma_min": 2.0, "steps": 4, "rho": 3.0});
        let asked = told(serde_json::json!({}), named.clone());
        assert_eq!((&asked["sigmas"], asked.get("steps")), (&named["sigmas"], None));
        assert_eq!(asked["init"]["normal"]["deviation"], 9.0);
        let asked = told(named.clone(), spaced.clone());
        assert_eq!((&asked["sigmas"], asked.get("rho")), (&named["sigmas"], None));
        let asked = told(serde_json::json!({"steps": 5}), named);
        assert_eq!((asked.get("sigmas"), &asked["steps"], &asked["sigma_max"]), (None, &5.into(), &10.0.into()));
        assert_eq!(told(serde_json::json!({"steps": 5}), spaced)["rho"], 3.0);
    }
}

#[test]
fn an_unknown_method_or_parameter_is_refused_by_its_name() {
    let refused = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap_err().to_string();
    assert!(refused(serde_json::json!({"method": "langevin", "step": 5})).contains("`step`"));
    assert!(refused(serde_json::json!({"method": "annealed_langevin", "tau": 5})).contains("`tau`"));
    assert!(refused(serde_json::json!({"method": "ddim"})).contains("`ddim`"));
    assert!(refused(serde_json::json!({"steps": 5})).contains("method"));
}

#[test]
fn a_parameter_that_cannot_be_is_refused_by_its_name() {
    let range = SigmaRange { min: 0.01, max: 10.0, dim: 784 };
    for (spec, parameter) in [
        (serde_json::json!({"method": "langevin", "sigma": 11}), "sigma"),
        (serde_json::json!({"method": "langevin", "sigma": -1}), "sigma"),
        (serde_json::json!({"method": "langevin", "tau": 0}), "tau"),
        (serde_json::json!({"method": "langevin", "steps": 0}), "steps"),
        (serde_json::json!({"method": "langevin", "steps": 1_000_001}), "steps"),
        (serde_json::json!({"method": "langevin", "init": {"normal": {"deviation": -1}}}), "init"),
        (serde_json::json!({"method": "langevin", "init": {"uniform": {"low": 1, "high": 1}}}), "init"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_max": 10.1}), "sigma_max"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_min": 0.001}), "sigma_min"),
        (serde_json::json!({"method": "annealed_langevin", "sigma_max": 1, "sigma_min": 2}), "sigma_min"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 0}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 1}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "levels": 1_000_000}), "levels"),
        (serde_json::json!({"method": "annealed_langevin", "steps_per_level": 0}), "steps_per_level"),
        (serde_json::json!({"method": "annealed_langevin", "epsilon": -1e-5}), "epsilon"),
        (serde_json::json!({"method": "predictor_corrector", "levels": 1}), "levels"),
        (serde_json::json!({"method": "predictor_corrector", "snr": 0}), "snr"),
        (serde_json::json!({"method": "predictor_corrector", "corrector_steps": 4_000_000_000_u32}), "levels"),
        (serde_json::json!({"method": "ancestral", "steps": 0}), "steps"),
        (serde_json::json!({"method": "ancestral", "rho": -1}), "rho"),
        (serde_json::json!({"method": "ancestral", "eta": -0.1}), "eta"),
        (serde_json::json!({"method": "ancestral", "eta": 1e9}), "eta"),
        (serde_json::json!({"method": "ancestral", "sigmas": []}), "sigmas"),
        (serde_json::json!({"method": "ancestral", "sigmas": [1.0, 2.0]}), "sigmas"),
        (serde_json::json!({"method": "ancestral", "sigmas": [1.0, 1.0]}), "sigmas"),
        (serde_json::json!({"method": "ancestral", "sigmas": [1.0, 0.0]}), "sigmas"),
        (serde_json::json!({"method": "probability_flow", "sigmas": [11.0, 1.0]}), "sigmas"),
        (serde_json::json!({"method": "probability_flow", "sigmas": [1.0, 0.1], "steps": 2}), "sigmas"),
        (
            serde_json::json!({"method": "ancestral", "sigmas": (0..10_001).map(|i| 9.0 - f64::from(i) * 5e-4).collect::<Vec<_>>()}),
            "sigmas",
        ),
        (serde_json::json!({"method": "ancestral", "sigmas": [1.0, 1.0 - 1e-12]}), "sigmas"),
        (serde_json::json!({"method": "ancestral", "rho": 0.003}), "rho"),
        (serde_json::json!({"method": "probability_flow", "rho": 1e-300}), "rho"),
        (serde_json::json!({"method": "probability_flow", "rho": 1e17}), "rho"),
        (serde_json::json!({"method": "langevin", "tau": 1e-60}), "tau"),
        (serde_json::json!({"method": "annealed_langevin", "epsilon": 1e-50}), "epsilon"),
        (serde_json::json!({"method": "annealed_langevin", "epsilon": 1e35}), "epsilon"),
        (serde_json::json!({"method": "langevin", "init": {"normal": {"deviation": 1e300}}}), "init"),
        (serde_json::json!({"method": "langevin", "init": {"uniform": {"low": -3e38, "high": 3e38}}}), "init"),
        (serde_json::json!({"method": "ancestral", "steps": 10_001}), "steps"),
        (serde_json::json!({"method": "probability_flow", "steps": 10_001}), "steps"),
        (serde_json::json!({"method": "predictor_corrector", "levels": 10_001}), "levels"),
        (serde_json::json!({"method": "ancestral", "sigma_min": 0}), "sigma_min"),
        (serde_json::json!({"method": "probability_flow", "steps": 1}), "steps"),
        (serde_json::json!({"method": "probability_flow", "init": {"normal": {"deviation": -1}}}), "init"),
    ] {
        let fault = serde_json::from_value::<SamplerSpec>(spec.clone()).unwrap().resolve(None, range).unwrap_err();
        assert_eq!(fault.parameter, parameter, "{spec}: {fault}");
    }
}

#[test]
fn a_ladder_too_coarse_for_its_steps_is_warned_of_and_the_default_one_is_not() {
    let of = |spec: serde_json::Value, dim: usize| {
        let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
        spec.resolve(None, SigmaRange { min: 0.01, max: 15.0, dim }).unwrap().warnings().concat()
    };
    let warnings = |spec| of(spec, 784);
    for dim in [1, 2, 3, 4, 16, 64, 784, 3072] {
        assert_eq!(of(serde_json::json!({"method": "annealed_langevin"}), dim), "", "{dim} dimensions");
    }
    // Steps that are the best for three levels are too large for any: it is the ladder.
    let three = warnings(serde_json::json!({"method": "annealed_langevin", "levels": 3}));
    assert!(three.contains("too coarse") && three.contains("now 3"), "{three}");
    // L = 20, T = 5, τ = 0.1 σ².
    let coarse = warnings(serde_json::json!({"method": "annealed_langevin", "levels": 20, "epsilon": 1e-5}));
    assert!(coarse.contains("too coarse") && coarse.contains("now 20"), "{coarse}");
    // At 0.5 σ² endless steps end with 4/3 of the variance.
    let large = warnings(serde_json::json!({"method": "annealed_langevin", "steps_per_level": 100, "epsilon": 5e-5}));
    assert!(large.contains("1.33 times the variance") && large.contains("sigma_min²/3 = 3.333e-5"), "{large}");
    let wild = warnings(serde_json::json!({"method": "annealed_langevin", "epsilon": 2e-4}));
    assert!(wild.contains("overshoot"), "{wild}");
}

#[test]
fn a_long_step_after_a_very_short_one_is_warned_of_where_a_solver_carries_it_on() {
    let of = |spec: serde_json::Value| {
        let spec: SamplerSpec = serde_json::from_value(spec).unwrap();
        spec.resolve(None, SigmaRange { min: 0.01, max: 15.0, dim: 784 }).unwrap().warnings().concat()
    };
    let near = [10.0, 3.0, 2.99, 1.0, 0.1];
    for (method, of_second, of_first) in [("ancestral", "dpmpp2m", "ddpm"), ("probability_flow", "dpmpp2m", "euler")] {
        let warned = of(serde_json::json!({"method": method, "solver": of_second, "sigmas": near}));
        assert!(warned.contains("from σ = 2.990 to 1.000 is 328 times as long"), "{warned}");
        assert_eq!(of(serde_json::json!({"method": method, "solver": of_first, "sigmas": near})), "");
        for rho in [1.0, 7.0, 20.0] {
            assert_eq!(of(serde_json::json!({"method": method, "solver": of_second, "rho": rho})), "");
        }
    }
}

#[test]
fn the_step_size_of_one_level_is_not_taken_at_another() {
    let spec = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap();
    let own = spec(serde_json::json!({"method": "langevin", "sigma": 1.0, "tau": 0.3}));
    let range = SigmaRange { min: 0.01, max: 8.0, dim: 2 };
    let tau = |asked: serde_json::Value| spec(asked).resolve(Some(&own), range).unwrap().tau(0).unwrap();
    assert_eq!(tau(serde_json::json!({"method": "langevin", "steps": 9})), 0.3);
    assert_eq!(tau(serde_json::json!({"method": "langevin", "sigma": 1.0})), 0.3);
    assert!((tau(serde_json::json!({"method": "langevin", "sigma": 0.1})) - 0.001).abs() < 1e-12);
}

#[test]
fn the_model_s_step_size_is_for_its_own_last_level() {
    let spec = |spec: serde_json::Value| serde_json::from_value::<SamplerSpec>(spec).unwrap();
    let own = spec(serde_json::json!({"method": "annealed_langevin", "sigma_min": 1.0, "levels": 20, "epsilon": 0.3}));
    let range = SigmaRange { min: 0.0, max: 8.0, dim: 2 };
    let epsilon = |asked: serde_json::Value| {
        let sampler = spec(asked).resolve(Some(&own), range).unwrap();
        assert!(sampler.warnings().is_empty(), "{:?}", sampler.warnings());
        serde_json::to_value(&sampler).unwrap()["epsilon"].as_f64().unwrap()
    };
    let method = "annealed_langevin";
    assert_eq!(epsilon(serde_json::json!({ "method": method })), 0.3);
    assert_eq!(epsilon(serde_json::json!({"method": method, "steps_per_level": 9})), 0.3);
    assert_eq!(epsilon(serde_json::json!({"method": method, "sigma_min": 1.0})), 0.3);
    // What is stable at σ = 1 would overshoot at 0.1.
    assert!(epsilon(serde_json::json!({"method": method, "sigma_min": 0.1, "steps_per_level": 20})) < 0.01 / 3.0);
    assert_eq!(
        epsilon(serde_json::json!({"method": method, "sigma_min": 0.1, "epsilon": 0.001, "steps_per_level": 90})),
        0.001
    );
}
