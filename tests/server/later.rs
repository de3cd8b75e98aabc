//! Work that is watched or fetched later, as an ordinary client does it.

use super::program::Program;
use serde_json::{Value, json};

fn chain(steps: u32) -> Value {
    json!({ "n": 4, "seed": 3, "sampler": { "method": "langevin", "sigma": 1.0, "tau": 0.1, "steps": steps } })
}

/// What is fetched at `path` once it is there.
async fn fetched(program: &Program, path: &str) -> Value {
    loop {
        let answer = program.get(path).await;
        let status = answer.status();
        let body = answer.json().await.unwrap();
        if status != 202 {
            assert_eq!(status, 200, "{body}");
            return body;
        }
    }
}

#[tokio::test]
async fn what_is_watched_or_fetched_later_is_what_is_answered_at_once() {
    let program = Program::start(&[]);
    let at_once: Value = program.samples(&chain(100)).await.json().await.unwrap();

    let watched = program.request("POST", "/v1/samples").header("accept", "text/event-stream").json(&chain(100));
    let events = watched.send().await.unwrap().text().await.unwrap();
    let data = |name: &str| {
        let events = events.split("\n\n").filter_map(|event| event.strip_prefix(&format!("event: {name}\ndata: ")));
        events.map(|data| serde_json::from_str(data).unwrap()).collect::<Vec<Value>>()
    };
    assert_eq!(Value::from(data("image")), at_once["points"]);
    // Steps were measured before the first request.
    assert!(data("accepted")[0]["predicted_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(data("done")[0]["evaluations"], 400);

    let asked = program.request("POST", "/v1/samples").header("prefer", "respond-async").json(&chain(100));
    let accepted = asked.send().await.unwrap();
    assert_eq!(
        (accepted.status().as_u16(), &accepted.headers()["preference-applied"]),
        (202, &"respond-async".parse().unwrap())
    );
    let path = accepted.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(fetched(&program, &path).await["points"], at_once["points"]);

    let path = "/v1/samples/6f9619ff-8b86-d011-b42d-00c04fc964ff";
    for _ in 0..2 {
        let put = program.request("PUT", path).json(&chain(100)).send().await.unwrap();
        assert!(put.status().is_success() && put.headers()["location"] == path);
    }
    assert_eq!(fetched(&program, path).await["points"], at_once["points"]);
}

#[tokio::test]
async fn what_is_deleted_is_cancelled_at_once_and_its_id_is_not_in_the_log() {
    let program = Program::start(&[]);
    let asked = program.request("POST", "/v1/samples").header("prefer", "respond-async").json(&chain(250_000));
    let accepted = asked.send().await.unwrap();
    let path = accepted.headers()["location"].to_str().unwrap().to_owned();
    program.running(1).await;
    assert_eq!(program.request("DELETE", &path).send().await.unwrap().status(), 204);
    program.running(0).await;
    assert_eq!(program.get(&path).await.status(), 404);
    program.signal("TERM");
    let (status, log) = program.end();
    let id = path.strip_prefix("/v1/samples/").unwrap();
    assert!(status.success() && log.contains("cancelled by the client") && !log.contains(id), "{log}");
}
