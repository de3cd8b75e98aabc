//! The search for a sampler's parameters, on a Gaussian, where the distance of every setting is known.

use crate::support::{VARIANCE, done, done_unread, json, refused, write_gaussian};
use serde_json::{Value, json};
use smld::sampler::{SamplerSpec, SigmaRange};
use smld::score::density::DensityModel;
use smld::score::density::by_name;
use smld::score::onnx::{OnnxScore, Provider, Runtime};
use smld::score::{ModelInfo, ScoreModel};
use smld::train::evaluate::frechet::Estimate;
use smld::train::tune::{Trial, cost, move_levels, rounds, settings};
use std::collections::HashSet;

/// The Fréchet distance of an annealed chain's ends from the data, N(0, v I) in two dimensions: the score being linear, so is
/// every step, V ← (1 − τ/(v + σ²))² V + 2τ, and the last x ← x v/(v + σ²).
fn exact(sampler: &Value) -> f64 {
    let number = |key: &str| sampler[key].as_f64().unwrap();
    let ends = [number("sigma_max"), number("sigma_min")];
    let mut variance = ends[0] * ends[0];
    let levels = number("levels") as i32;
    for i in 0..levels {
        let sigma = ends[0] * (ends[1] / ends[0]).powf(f64::from(i) / f64::from(levels - 1));
        let tau = number("epsilon") * (sigma / ends[1]).powi(2);
        for _ in 0..number("steps_per_level") as u32 {
            variance = (1.0 - tau / (VARIANCE + sigma * sigma)).powi(2) * variance + 2.0 * tau;
        }
    }
    let shrunk = VARIANCE / (VARIANCE + ends[1] * ends[1]);
    2.0 * (shrunk * variance.sqrt() - VARIANCE.sqrt()).powi(2)
}

/// What both searches have in common; the seed comes last.
const TUNE: [&str; 11] =
    ["tune", "model.onnx", "--data", "data.npy", "--n", "100", "--trials", "18", "--json", "t.json", "--seed"];

#[test]
fn a_bad_default_is_found_out_and_the_best_setting_is_nearly_the_best_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // τ = 4·10⁻⁴ σ²: the chains hardly move from where they begin.
    let bad = json!({"method": "annealed_langevin", "sigma_max": 5, "sigma_min": 0.05, "epsilon": 1e-6});
    write_gaussian(folder, 8000, &bad);
    let said = done(folder, &[&TUNE[..], &["0", "--evaluations", "31", "--write"]].concat());
    let found = json(folder, "t.json");

    let trials = found["rounds"][0]["trials"].as_array().unwrap();
    assert_eq!((trials.len(), found["rounds"][1]["trials"].as_array().unwrap().len()), (18, 6));
    for trial in trials {
        let (frechet, exact) = (&trial["frechet"], exact(&trial["sampler"]));
        let [distance, error] = ["distance", "standard_error"].map(|key| frechet[key].as_f64().unwrap());
        // A distance of so few rows is too large by their own spread, here up to 0.02.
        assert!((distance - exact).abs() < 4.0 * error + 0.03, "{trial}: exactly {exact}");
    }
    let verdict = &found["verdict"];
    let [best, default] = ["best", "default"].map(|side| exact(&verdict[side]["sampler"]));
    let least = trials.iter().map(|trial| exact(&trial["sampler"])).fold(f64::INFINITY, f64::min);
    assert!(best < least + 0.01 && default > 10.0, "{best}, at least {least}; {default}");
    let gain = verdict["gain"]["distance"].as_f64().unwrap();
    assert!((gain / (default - best) - 1.0).abs() < 0.2, "{gain} and not {}", default - best);

    // What is said can be typed, and is the model's now; the score is what it was.
    let typed = said.lines().find_map(|line| line.strip_prefix("--sampler '")?.strip_suffix('\'')).unwrap();
    let typed: SamplerSpec = serde_json::from_str(typed).unwrap();
    let model =
        OnnxScore::load(&Runtime::load(None).unwrap(), &folder.join("model.onnx"), Provider::Cpu, false).unwrap();
    assert_eq!((&model.info().sampler, json!(typed)), (&typed, verdict["best"]["sampler"].clone()));

    // Now it is the default, and nothing is better by more than chance.
    let said = done(folder, &[&TUNE[..], &["0", "--evaluations", "31"]].concat());
    assert!(said.contains("keep the default"), "{said}");
}

#[test]
fn the_same_seed_is_the_same_search_and_another_draws_other_samples_of_the_same_settings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 5000, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let tune = |seed| {
        let flow = [&TUNE[..], &[seed, "--method", "probability_flow", "--evaluations", "9", "--moves", "10"]].concat();
        (done(folder, &flow), json(folder, "t.json"))
    };
    let once = tune("0");
    assert_eq!(once, tune("0"));
    let other = tune("7").1;
    let tried = |found: &Value| -> HashSet<String> {
        let trials = found["rounds"][0]["trials"].as_array().unwrap();
        trials.iter().map(|trial| trial["sampler"].to_string()).collect()
    };
    assert_eq!(tried(&once.1), tried(&other));
    assert_ne!(once.1["rounds"], other["rounds"]);
}

#[test]
fn a_search_whose_words_nobody_reads_is_kept_and_written_into_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let before = std::fs::read(folder.join("model.onnx")).unwrap();
    let tune = ["tune", "model.onnx", "--data", "data.npy", "--n", "40", "--trials", "2", "--evaluations", "9"];
    let moved = ["--method", "ancestral", "--moves", "20", "--json", "t.json", "--write"];
    done_unread(folder, &[&tune[..], &moved[..]].concat());
    let found = json(folder, "t.json");
    assert_eq!(found["verdict"]["samples"], 40);
    assert_eq!((&found["moves"]["samples"], &found["moves"]["tried"]), (&json!(40), &json!(20)));
    let moves = found["moves"]["right"].as_array().unwrap();
    assert_eq!(moves.last().unwrap()["sampler"], found["verdict"]["best"]["sampler"]);
    assert!(moves.iter().all(|trial| trial["sampler"]["sigmas"].as_array().unwrap().len() == 9));
    let distances: Vec<f64> = moves.iter().map(|trial| trial["frechet"]["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted_by(|before, after| after < before), "{distances:?}");
    assert_ne!(std::fs::read(folder.join("model.onnx")).unwrap(), before);
}

#[test]
fn every_setting_of_every_method_fits_in_its_evaluations_and_is_tried_once() {
    let model = DensityModel::new("moons", by_name("two-moons").unwrap());
    let (info, mut seen) = (model.info(), HashSet::new());
    for method in ["langevin", "annealed_langevin", "predictor_corrector", "ancestral", "probability_flow"] {
        let method: SamplerSpec = serde_json::from_value(json!({"method": method})).unwrap();
        for evaluations in [8, 35, 500] {
            let settings = settings(&method, info, evaluations, 40).unwrap();
            assert_eq!(settings.len(), 40);
            assert_eq!(settings[0], method.within(Some(&info.sampler), evaluations).unwrap());
            for setting in settings {
                let sampler = setting.resolve(Some(&info.sampler), info.sigma_range()).unwrap();
                let takes = sampler.evaluations();
                assert!(takes <= evaluations && 4 * takes >= 3 * evaluations, "{setting:?}: {takes} of {evaluations}");
                assert!(seen.insert(json!(sampler).to_string()), "{setting:?} is tried twice");
            }
        }
    }
}

#[test]
fn langevin_is_searched_over_all_levels_of_the_model_whatever_its_own_sampler_has() {
    let model = DensityModel::new("moons", by_name("two-moons").unwrap());
    let own: SamplerSpec = serde_json::from_value(json!({"method": "langevin", "sigma": 1.0})).unwrap();
    let info = ModelInfo { sigma_min: 0.02, sigma_max: 5.0, sampler: own.clone(), ..model.info().clone() };
    let sigmas: Vec<f64> = settings(&own, &info, 100, 40)
        .unwrap()
        .iter()
        .map(|setting| json!(setting)["sigma"].as_f64().unwrap())
        .collect();
    assert_eq!(sigmas[0], 1.0);
    assert!(sigmas.iter().all(|sigma| (0.02..=5.0).contains(sigma)), "{sigmas:?}");
    // A third of the levels, which are even in their logarithm, lies below 0.13, and another above 0.79.
    let count = |wanted: fn(f64) -> bool| sigmas[1..].iter().filter(|&&sigma| wanted(sigma)).count();
    assert!((10..=16).contains(&count(|sigma| sigma < 0.13)), "{sigmas:?}");
    assert!((10..=16).contains(&count(|sigma| sigma > 0.79)), "{sigmas:?}");
}

/// Moves where the distance of levels σᵢ and of η is (Σ (ln σᵢ − ln cᵢ)² + (η − 0.7)²), which is least at `best` and 0.7; what was
/// asked for is told too.
fn moves(start: &Value, best: &[f64], count: usize) -> (Vec<Trial>, Vec<SamplerSpec>) {
    let sampler: SamplerSpec = serde_json::from_value(start.clone()).unwrap();
    let (mut asked, range) = (Vec::new(), SigmaRange { min: 0.01, max: 10.0, dim: 2 });
    let distance = |setting: &SamplerSpec| {
        let told = json!(setting.resolve(None, range).unwrap());
        let sigmas: Vec<f64> = serde_json::from_value(told["sigmas"].clone()).unwrap();
        assert_eq!((sigmas.len(), sigmas[0]), (best.len(), best[0]));
        let square = |(sigma, best): (&f64, &f64)| (sigma / best).ln().powi(2);
        let eta = told.get("eta").map_or(0.0, |eta| (eta.as_f64().unwrap() - 0.7).powi(2));
        eta + sigmas.iter().zip(best).map(square).sum::<f64>()
    };
    let right = move_levels(&Trial { sampler, frechet: None }, range, count, |setting| {
        asked.push(setting.clone());
        Ok(Some(Estimate { distance: distance(setting), standard_error: 0.0 }))
    });
    (right.unwrap(), asked)
}

#[test]
fn levels_are_moved_to_where_the_distance_is_least() {
    let best = [10.0, 9.0, 1.0, 0.4, 0.02];
    for (method, solver) in [("ancestral", "dpmpp2m"), ("probability_flow", "heun"), ("probability_flow", "euler")] {
        let start = json!({"method": method, "solver": solver, "steps": 5, "sigma_min": 0.05});
        let (right, asked) = moves(&start, &best, 200);
        assert!(asked.len() <= 200, "{}", asked.len());
        let last = right.last().unwrap();
        assert!(last.frechet.unwrap().distance < 1e-3, "{last:?}");
        let told = json!(last.sampler);
        assert_eq!((&told["method"], &told["solver"]), (&json!(method), &json!(solver)));
        assert_eq!(moves(&start, &best, 3).1.len(), 3);
    }
}

#[test]
fn the_last_level_of_a_density_known_at_every_level_goes_down_too() {
    let sampler: SamplerSpec =
        serde_json::from_value(json!({"method": "ancestral", "sigmas": [5.0, 1.0, 0.1]})).unwrap();
    let range = SigmaRange { min: 0.0, max: 10.0, dim: 2 };
    let last = |setting: &SamplerSpec| json!(setting)["sigmas"][2].as_f64().unwrap();
    let right = move_levels(&Trial { sampler, frechet: None }, range, 50, |setting| {
        Ok(Some(Estimate { distance: last(setting), standard_error: 0.0 }))
    });
    assert!((last(&right.unwrap().last().unwrap().sampler) - 0.01).abs() < 0.002);
}

#[test]
fn what_has_no_levels_to_move_is_left_alone() {
    assert_eq!(moves(&json!({"method": "annealed_langevin"}), &[1.0], 9), (Vec::new(), Vec::new()));
    // One level, which stays, and no η.
    let flow = json!({"method": "probability_flow", "solver": "euler", "sigmas": [10.0]});
    assert_eq!(moves(&flow, &[10.0], 9), (Vec::new(), Vec::new()));
    // Levels that cannot be told apart are not taken for one.
    let same = json!({"method": "ancestral", "sigma_max": 1, "sigma_min": 1, "steps": 4});
    assert_eq!(moves(&same, &[1.0; 4], 9), (Vec::new(), Vec::new()));
}

#[test]
fn a_round_has_a_third_of_the_settings_and_draws_only_what_it_has_more() {
    assert_eq!(cost(&rounds(40, 256), 0), 40 * 256 + 13 * (768 - 256) + 4 * (2304 - 768) + 2 * 2304);
    assert_eq!(cost(&rounds(40, 256), 7), cost(&rounds(40, 256), 0) + 7 * 2304);
    assert_eq!(rounds(5, 100).len(), 1);
}

#[test]
fn bad_input_is_answered_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let says =
        |arguments: &[&str]| refused(folder, &[&["tune", "model.onnx", "--data", "data.npy"], arguments].concat());
    assert!(says(&["--method", "ddim"]).contains("`ancestral`"));
    assert!(says(&["--n", "39"]).contains("more than 39"));
    assert!(says(&["--evaluations", "2"]).contains("3 at least"));
    assert!(says(&["--trials", "1"]).contains("--trials"));
    assert!(says(&["--moves", "3"]).contains("--moves is of ancestral"));
    // Of 400 rows 80 are held out.
    assert!(says(&["--n", "81", "--trials", "2"]).contains("make --n smaller"));
}
