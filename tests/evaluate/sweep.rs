//! Quality against evaluations: the file, what is added to it, and the figure of it.

use crate::support::{done, json, refused, write_gaussian};
use serde_json::{Value, json};

const SWEEP: [&str; 9] =
    ["sweep", "model.onnx", "--data", "data.npy", "--n", "60", "--json", "q.json", "--evaluations"];

fn point<'a>(sweep: &'a Value, method: &str, budget: u32) -> &'a Value {
    let mut points = sweep["points"].as_array().unwrap().iter();
    points.find(|point| point["asked"]["method"] == method && point["budget"] == budget).unwrap()
}

#[test]
fn what_is_in_the_file_is_not_measured_again_and_more_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 2000, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let table = done(folder, &[&SWEEP[..], &["8,100"]].concat());
    assert!(table.contains("| `probability_flow, dpmpp2m` |") && table.contains("| held-out rows "), "{table}");
    let first = json(folder, "q.json");
    assert_eq!(first["points"].as_array().unwrap().len(), 12);
    let annealed = point(&first, "annealed_langevin", 8);
    assert_eq!((&annealed["evaluations"], &annealed["sampler"]["levels"]), (&7.into(), &3.into()));
    let distance = |budget| point(&first, "annealed_langevin", budget)["frechet"]["distance"].as_f64().unwrap();
    assert!(distance(8) > 3.0 * distance(100), "{first}");

    // A figure that nobody measures: it is still there when the same is asked for, and when more is.
    let text = std::fs::read_to_string(folder.join("q.json")).unwrap();
    let known = point(&first, "ancestral", 8)["frechet"]["distance"].to_string();
    assert_eq!(text.matches(&known).count(), 1);
    std::fs::write(folder.join("q.json"), text.replace(&known, "123.5")).unwrap();
    let again = done(folder, &[&SWEEP[..], &["8,100"]].concat());
    assert!(again.contains("123.5000"), "{again}");
    let more = [&SWEEP[..], &["17,8", "--sampler", r#"{"method":"ancestral"}"#]].concat();
    let table = done(folder, &more);
    assert!(table.contains("| 8 ") && table.contains("| 17 ") && table.contains("| 100 "), "{table}");
    let grown = json(folder, "q.json");
    assert_eq!(grown["points"].as_array().unwrap().len(), 13);
    assert_eq!(point(&grown, "ancestral", 8)["frechet"]["distance"], 123.5);
    assert_eq!(point(&grown, "ancestral", 17)["sampler"]["steps"], 17);

    let says = refused(folder, &[&SWEEP[..], &["8", "--seed", "1"]].concat());
    assert!(says.contains("q.json") && says.contains("other values of: seed"), "{says}");
    assert_eq!(json(folder, "q.json"), grown);

    // The model is given another sampler: its score is the same, and what was asked for by name is too.
    let tuned =
        ["tune", "model.onnx", "--data", "data.npy", "--n", "40", "--trials", "2", "--method", "ancestral", "--write"];
    done(folder, &[&tuned[..], &["--evaluations", "12"]].concat());
    done(folder, &[&SWEEP[..], &["8,100", "--sampler", r#"{"method":"annealed_langevin"}"#]].concat());
    assert_eq!(json(folder, "q.json"), grown);

    let numbers = done(folder, &["plot", "quality", "q.json", "q.json", "--out", "q.svg"]);
    assert!(numbers.contains(table.lines().last().unwrap()), "{numbers}");
    let figure = std::fs::read_to_string(folder.join("q.svg")).unwrap();
    assert!(figure.contains("ancestral") && figure.contains("Fréchet distance"));
}

#[test]
fn a_sampler_that_diverges_has_a_place_in_the_table_and_none_in_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 2000, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    // τ = 30 at a variance of 0.2525: every step is a hundred times too long.
    let wild = r#"{"method":"langevin","sigma":0.05,"tau":30}"#;
    let table = done(folder, &[&SWEEP[..], &["100", "--sampler", wild]].concat());
    assert!(table.contains("diverges"), "{table}");
    let says = refused(folder, &["plot", "quality", "q.json", "--out", "q.svg"]);
    assert!(says.contains("no distance to draw"), "{says}");
    let both = [&SWEEP[..], &["100", "--sampler", wild, "--sampler", r#"{"method":"ancestral"}"#]].concat();
    done(folder, &both);
    done(folder, &["plot", "quality", "q.json", "--out", "q.svg"]);
}

#[test]
fn a_second_sweep_into_the_same_file_is_refused_and_a_sweep_leaves_no_lock_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let lock = folder.join("q.json.lock");
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let sweep = [&SWEEP[..], &["8", "--sampler", r#"{"method":"ancestral"}"#]].concat();
    let says = refused(folder, &sweep);
    assert!(says.contains("another smld-train sweep is adding to q.json"), "{says}");
    assert!(lock.exists() && !folder.join("q.json").exists());
    drop(held);
    done(folder, &sweep);
    assert!(folder.join("q.json").exists() && !lock.exists());
}

/// A file of two distances, each ± a tenth of it, with a mark of 0.5 ± 0.05.
fn two(distances: [f64; 2]) -> String {
    let estimate = |distance: f64| json!({"distance": distance, "standard_error": 0.1 * distance});
    let sampler = json!({"method": "ancestral", "steps": 8});
    let point = |(distance, budget): (f64, u32)| {
        json!({
            "asked": {"method": "ancestral"}, "budget": budget, "evaluations": budget, "sampler": sampler,
            "frechet": estimate(distance),
        })
    };
    let points: Vec<Value> = distances.into_iter().zip([8, 16]).map(point).collect();
    json!({"about": {"model": {"name": "m"}}, "held_out": estimate(0.5), "points": points}).to_string()
}

#[test]
fn a_small_distance_has_its_digits_in_the_table_and_its_place_in_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let drawn = |distances| {
        std::fs::write(folder.join("q.json"), two(distances)).unwrap();
        let table = done(folder, &["plot", "quality", "q.json", "--out", "q.svg"]);
        (table, std::fs::read_to_string(folder.join("q.svg")).unwrap())
    };
    let (table, figure) = drawn([3.0, 1e-6]);
    assert!(table.contains("3.0000 ± 0.3000") && table.contains("1.00e-6 ± 1.00e-7"), "{table}");
    assert!(figure.contains("1e−6"), "the axis ends above the smallest distance");
    // Zero has no place on the axis, which ends at the smallest distance that has one.
    let (table, figure) = drawn([3.0, 0.0]);
    assert!(table.contains("0.0000 ± 0.0000"), "{table}");
    assert!(!figure.contains("e−") && !figure.contains(">\n0.1\n<"), "the axis goes on below the smallest distance");
    let (_, figure) = drawn([0.0, 0.0]);
    assert!(figure.contains("</svg>"));
}

#[test]
fn bad_input_is_answered_before_anything_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_gaussian(folder, 400, &json!({"method": "ancestral", "sigma_max": 5, "sigma_min": 0.05}));
    let says = |arguments: &[&str]| refused(folder, &[&SWEEP[..], arguments].concat());
    let small = says(&["2"]);
    assert!(small.contains("'annealed_langevin' at 2 evaluations") && small.contains("3 at least"), "{small}");
    assert!(says(&["0"]).contains("--evaluations"));
    let tune = ["tune", "model.onnx", "--data", "data.npy", "--json", "nowhere/x.json"];
    assert!(refused(folder, &tune).contains("--json: there is no folder nowhere"));
    assert!(says(&["8", "--sampler", r#"{"method":"ancestral","rho":-1}"#]).contains("rho"));
    assert!(!folder.join("q.json").exists());
    std::fs::write(folder.join("q.json"), "{}").unwrap();
    assert!(says(&["8"]).contains("not a file of smld-train sweep"));
    assert!(refused(folder, &["plot", "quality", "none.json", "--out", "q.svg"]).contains("none.json"));
}
