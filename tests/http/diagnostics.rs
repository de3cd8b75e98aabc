//! What the chains were like, told on request.

use super::support::{ROOMY, accepting, post, send, site};
use serde_json::{Value, json};

/// Rounds every number to four decimals, which is what a snapshot is read by.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            *value = json!((number.as_f64().unwrap() * 1e4).round() / 1e4);
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn points_have_their_chains_and_their_moments() {
    let site = site(ROOMY);
    let body = r#"{"model":"mixture","seed":4,"n":3,"diagnostics":true,"sampler":{"method":"langevin","steps":10,"sigma":1.0,"tau":0.1}}"#;
    let mut told = send(&site.router, post(body)).await.json()["diagnostics"].take();
    round(&mut told);
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn images_have_them_where_json_is_accepted_though_a_picture_is_their_standard() {
    let site = site(ROOMY);
    let body = r#"{"seed":4,"n":2,"diagnostics":true}"#;
    let answer = send(&site.router, post(body)).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let told = &answer.json()["diagnostics"];
    assert_eq!(told["chains"].as_array().unwrap().len(), 2);
    // The tiles know their score only.
    assert!(told["chains"][0]["log_density"].is_null() && told["chains"][0]["mean_step_snr"].is_f64());
    let size = |of: &Value| of.as_array().unwrap().len();
    assert_eq!((size(&told["mean"]), size(&told["covariance"]), size(&told["covariance"][0])), (12, 12, 12));
}

#[tokio::test]
async fn an_answer_without_them_is_the_same_but_for_them() {
    let site = site(ROOMY);
    let draw = async |diagnostics: Value| {
        let body = json!({"model": "mixture", "seed": 9, "n": 4, "diagnostics": diagnostics});
        send(&site.router, post(body.to_string())).await.json()
    };
    let (told, untold, silent) = (draw(true.into()).await, draw(false.into()).await, draw(Value::Null).await);
    assert_eq!((&told["points"], &untold["points"]), (&untold["points"], &silent["points"]));
    assert!(told.get("diagnostics").is_some() && untold.get("diagnostics").is_none());
}

#[tokio::test]
async fn a_format_without_a_place_for_them_is_refused_by_the_field() {
    let site = site(ROOMY);
    for accept in ["image/png", "application/x-npy"] {
        let answer = send(&site.router, accepting(post(r#"{"diagnostics":true}"#), accept)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!("diagnostics")));
        assert!(answer.text().contains("accept: application/json"), "{}", answer.text());
    }
    let wrong = send(&site.router, post(r#"{"diagnostics":"yes"}"#)).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["field"]), (422, &json!("diagnostics")));
}
