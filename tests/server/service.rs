//! What the program does with a network file.

use super::program::Program;
use serde_json::{Value, json};
use smld::score::density::{Component, Density, GaussianMixture};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_alone_again_and_beside_fifty_others_gives_the_same_bytes() {
    let program = Program::start(&["--workers", "2"]);
    let request = json!({ "n": 20, "seed": 1, "sampler": { "method": "annealed_langevin", "levels": 10 } });
    let points = async |answer: reqwest::Response| {
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["points"].to_string()
    };
    let alone = points(program.samples(&request).await).await;
    assert_eq!(points(program.samples(&request).await).await, alone);
    let mut others = JoinSet::new();
    for i in 0..50 {
        let sampler = json!({ "method": "langevin", "sigma": 0.5, "steps": 20 * i + 1 });
        others.spawn(program.samples(&json!({ "n": 1 + i % 5, "seed": i, "sampler": sampler })));
    }
    assert_eq!(points(program.samples(&request).await).await, alone);
    assert!(others.join_all().await.iter().all(|answer| answer.status() == 200));
}

/// Gradient ascent without noise ends at a mode, whatever the seed: an answer known from the density alone.
#[tokio::test]
async fn without_noise_the_samples_are_the_modes_of_the_density() {
    let program = Program::start(&[]);
    let sampler = json!({ "method": "langevin", "sigma": 0.1, "tau": 0.1, "steps": 500, "noise": false });
    let answer = program.samples(&json!({ "n": 30, "seed": 3, "sampler": sampler })).await;
    let component = |weight, mean: f64| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    let density = GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap();
    for point in answer.json::<Value>().await.unwrap()["points"].as_array().unwrap() {
        let x: Vec<f64> = point["x"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let mut score = [0.0; 2];
        density.score(&x, 0.1, &mut score);
        assert!(score.iter().all(|score| score.abs() < 1e-3), "the score at {x:?} is {score:?}");
    }
}

/// Of two components, at −5 with weight 0.2 and at 5 with 0.8. The share is within four standard deviations of a binomial's.
#[tokio::test]
async fn a_sample_whose_class_is_not_named_is_of_the_class_that_is_told() {
    let program = Program::serving("tests/fixtures/classes.onnx", &[]);
    let draw = async |request: Value| {
        let answer: Value = program.samples(&request).await.json().await.unwrap();
        let points = answer["points"].as_array().unwrap().clone();
        points.into_iter().map(|point| (point["x"][0].as_f64().unwrap(), point["label"].as_str().map(str::to_owned)))
    };
    let sampler = json!({ "method": "ancestral", "steps": 25 });
    let each_its_own = draw(json!({ "n": 400, "seed": 1, "sampler": sampler })).await;
    let low = each_its_own.filter(|(x, label)| {
        assert_eq!(label.as_deref(), Some(if *x < 0.0 { "low" } else { "high" }));
        *x < 0.0
    });
    assert!((low.count() as f64 - 80.0).abs() < 4.0 * 8.0);
    let together = draw(json!({ "n": 100, "seed": 1, "label": -1, "sampler": sampler })).await;
    assert!(together.map(|(_, label)| assert_eq!(label, None)).count() == 100);
}

#[tokio::test]
async fn the_program_is_ready_alive_and_counted() {
    let program = Program::start(&[]);
    for path in ["/livez", "/readyz", "/v1/models/mixture", "/"] {
        assert_eq!(program.get(path).await.status(), 200, "{path}");
    }
    let models: Value = program.get("/v1/models").await.json().await.unwrap();
    let model = &models["models"][0];
    assert_eq!(
        (&model["kind"], &model["provider"], &model["batch_invariant"]),
        (&"network".into(), &"cpu".into(), &true.into())
    );
    assert_eq!(model["sha256"].as_str().unwrap().len(), 64);
    let metrics = program.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"smld_execution_provider_info{model="mixture",provider="cpu"} 1"#), "{metrics}");
}

#[tokio::test]
async fn the_log_is_json_by_choice_with_a_line_for_each_request() {
    let program = Program::start(&["--log-format", "json"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request =
        program.request("POST", "/v1/samples").header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = request.json(&json!({ "n": 0 })).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    program.signal("TERM");
    let (_, log) = program.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["message"] == "answered").unwrap();
    assert_eq!(
        (&line["span"]["id"], &line["span"]["method"], &line["status"]),
        (&id.into(), &"POST".into(), &422.into())
    );
    assert_eq!((&line["span"]["path"], &line["span"]["trace"]), (&"/v1/samples".into(), &trace.into()));
    assert!(line["latency_ms"].is_u64() && line["problem"].as_str().unwrap().contains("n: is 0"), "{line}");
}

/// What a client sent stands in the sentence that says what is wrong with it.
#[tokio::test]
async fn a_client_writes_no_lines_into_the_log_and_no_long_ones() {
    let program = Program::start(&[]);
    let forged = "a'\n2026-01-01T00:00:00Z  INFO request{key=alice}: smld::http: answered status=200";
    let named = program.samples(&json!({ "model": forged })).await;
    assert_eq!((named.status().as_u16(), named.text().await.unwrap().contains("\\n2026")), (404, true));
    let long = program.samples(&json!({ "model": "x".repeat(100_000) })).await;
    assert!(long.bytes().await.unwrap().len() < 4096);
    let input = json!({"name": "y\nz", "datatype": "FP32", "shape": [1], "data": [1.0]});
    let infer = program.request("POST", "/v2/models/mixture/infer").json(&json!({ "inputs": [input] }));
    assert_eq!(infer.send().await.unwrap().status(), 422);
    program.signal("TERM");
    let (_, log) = program.end();
    let answered: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
    assert!(answered.len() == 3 && answered.iter().all(|line| line.contains("status=4") && line.len() < 4096), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01") || line.starts_with('z')), "{log}");
}

/// Its lines go into a pipe that is full after some 64 KiB: who waited for room there would answer nobody.
#[tokio::test]
async fn a_log_that_nobody_reads_holds_nothing_up() {
    const REQUESTS: usize = 1000;
    let program = Program::start(&[]);
    for _ in 0..REQUESTS {
        assert_eq!(program.get("/v1/models").await.status(), 200);
    }
    program.signal("TERM");
    let (status, log) = program.end();
    let lines = log.lines().filter(|line| line.contains("/v1/models")).count();
    assert!(status.success() && log.len() > 1 << 16, "{} bytes", log.len());
    assert_eq!(lines, REQUESTS, "and what is read in the end is whole");
}

/// Where too many wait the rest is lost, and the metrics tell how many.
#[tokio::test]
async fn lines_of_the_log_that_were_lost_are_counted() {
    let program = Program::start(&["--log", "trace"]);
    let lost = async || {
        let metrics = program.get("/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("smld_log_lines_lost_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(lost().await, 0);
    for _ in 0..20_000 {
        if lost().await > 0 {
            return;
        }
    }
    panic!("nothing was lost by 20,000 requests, each of which is told in more than one line");
}
