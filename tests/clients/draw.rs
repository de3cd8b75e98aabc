/// Sixteen sneakers from the server at `url`, as a picture that carries what made it.
fn sneakers(url: &str) -> Result<Vec<u8>, ureq::Error> {
    let request = serde_json::json!({"model": "fashion-mnist", "label": "sneaker", "n": 16, "seed": 7});
    let mut answer = ureq::post(format!("{url}/v1/samples")).header("accept", "image/png").send_json(&request)?;
    println!("seed {}", answer.headers()["x-smld-seed"].to_str().unwrap_or_default());
    answer.body_mut().read_to_vec()
}
