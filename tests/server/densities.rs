//! What the program does with the files of densities.

use super::program::{MIXTURE, Program, output};
use serde_json::{Value, json};
use smld::score::density::DensityModel;
use smld::score::{Rows, ScoreSession};
use tokio::task::JoinSet;

const TWO_MODES: &str = "models/two-modes.density.json";

/// The points of an answer.
async fn points(answer: reqwest::Response) -> Vec<[f64; 2]> {
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let point = |point: &Value| serde_json::from_value(point["x"].clone()).unwrap();
    answer["points"].as_array().unwrap().iter().map(point).collect()
}

#[tokio::test]
async fn a_density_is_served_beside_networks_and_a_network_is_the_default() {
    // By name the board goes before the mixture.
    let program = Program::serving(&format!("models/checkerboard.density.json,{MIXTURE}"), &[]);
    let default: Value = program.samples(&json!({ "n": 1 })).await.json().await.unwrap();
    assert_eq!(default["model"], "mixture");
    let model: Value = program.get("/v1/models/checkerboard").await.json().await.unwrap();
    assert_eq!(
        (&model["kind"], &model["provider"], &model["shape"]),
        (&"density".into(), &"exact".into(), &json!([2]))
    );
    let file = std::fs::read("models/checkerboard.density.json").unwrap();
    let answer = program.samples(&json!({ "model": "checkerboard", "n": 20, "seed": 1 })).await;
    assert_eq!(answer.headers()["x-smld-model-sha256"], model["sha256"].as_str().unwrap());
    let other = DensityModel::from_bytes("checkerboard", &file).unwrap();
    assert_eq!(model["sha256"], smld::score::ScoreModel::info(&other).sha256);
    assert!(points(answer).await.as_flattened().iter().all(|x| x.abs() < 2.2));
}

#[tokio::test]
async fn densities_alone_need_no_onnxruntime() {
    let program = Program::serving(TWO_MODES, &["--onnxruntime", "/no/such/library.so"]);
    let answer = program.samples(&json!({ "n": 3, "seed": 1 })).await;
    assert_eq!(points(answer).await.len(), 3);
}

#[tokio::test]
async fn without_noise_the_samples_are_the_peaks() {
    let program = Program::serving(TWO_MODES, &[]);
    let sampler = json!({ "method": "langevin", "sigma": 0, "tau": 0.1, "steps": 500, "noise": false });
    let request = json!({ "n": 50, "seed": 3, "sampler": sampler });
    for [x, y] in points(program.samples(&request).await).await {
        assert!((x.abs() - 5.0).abs() < 1e-5 && (x - y).abs() < 1e-5, "({x}, {y}) is not a peak");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_beyond_twice_the_variance_are_told_as_the_requests_doing() {
    let program = Program::serving(TWO_MODES, &[]);
    let request = |tau: f64| {
        let sampler = json!({ "method": "langevin", "sigma": 0, "tau": tau, "steps": 500 });
        program.samples(&json!({ "seed": 1, "first_index": 7, "sampler": sampler }))
    };
    let (stable, unstable) = (request(1.9), request(2.5));
    let mut both = JoinSet::new();
    both.spawn(stable);
    both.spawn(unstable);
    let mut statuses: Vec<u16> = both.join_all().await.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);

    let answer = request(2.5).await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:smld:problem:diverged");
    assert_eq!((&problem["index"], &problem["sigma"], &problem["tau"]), (&json!(7), &json!(0.0), &json!(2.5)));
    assert!(problem["detail"].as_str().unwrap().contains("τ < 2v"), "{problem}");
    // |1 − τ/v| = 1.5 a step: the largest number, 3.4e38, is 218 of them from one.
    assert!((200..230).contains(&problem["evaluation"].as_u64().unwrap()), "{problem}");
    let metrics = program.get("/metrics").await.text().await.unwrap();
    for line in [
        r#"smld_requests_total{model="two-modes",outcome="diverged"} 2"#,
        r#"smld_nonfinite_total{model="two-modes"} 2"#,
    ] {
        assert!(metrics.lines().any(|sample| sample == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn a_density_that_cannot_be_stops_the_start_with_its_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flat.density.json"), r#"{"density": "ring", "radius": 1, "variance": 0}"#)
        .unwrap();
    let output = output(&["--listen", "127.0.0.1:0", "--models", folder.path().to_str().unwrap()]);
    let reason = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && reason.contains("flat.density.json") && reason.contains("above zero"),
        "{reason}"
    );
}

#[tokio::test]
async fn the_score_of_a_density_file_is_the_densitys_own_to_the_last_bit() {
    let program = Program::serving(TWO_MODES, &[]);
    let x: Vec<[f32; 2]> = (0..30).map(|i| [0.5 * i as f32 - 7.0, 6.0 - 0.41 * i as f32]).collect();
    let asked = program.request("POST", "/v1/models/two-modes/score").json(&json!({ "x": x, "sigma": 0.75 }));
    let answer: Value = asked.send().await.unwrap().json().await.unwrap();
    let told: Vec<Vec<f32>> = serde_json::from_value(answer["score"].clone()).unwrap();
    let mut density = DensityModel::from_bytes("two-modes", &std::fs::read(TWO_MODES).unwrap()).unwrap();
    let mut exact = [0.0; 60];
    density.evaluate(Rows { x: x.as_flattened(), sigma: &[0.75; 30], label: &[-1; 30] }, &mut exact).unwrap();
    assert_eq!(told.concat(), exact);
}
