//! Which answers there are, and what is in them.

use super::support::{ROOMY, accepting, post, send, site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use npyz::NpyFile;
use serde_json::{Value, json};

/// Width, height and the text chunk `smld` of a PNG file.
fn png(file: &[u8]) -> (u32, u32, Value) {
    let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let info = reader.info();
    let note = info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == "smld").unwrap();
    (info.width, info.height, serde_json::from_str(&note.text).unwrap())
}

#[tokio::test]
async fn one_image_is_the_picture_itself_and_more_are_a_grid() {
    let site = site(ROOMY);
    let one = send(&site.router, post(r#"{"seed":1}"#)).await;
    assert_eq!((one.status.as_u16(), one.header("content-type")), (200, "image/png"));
    let (width, height, _) = png(&one.body);
    assert_eq!((width, height), (4, 3));
    let five = send(&site.router, post(r#"{"seed":1,"n":5}"#)).await;
    let (width, height, _) = png(&five.body);
    assert_eq!((width, height), (3 * 4 + 2 * 2, 2 * 3 + 2));
}

#[tokio::test]
async fn a_webp_has_the_pixels_of_the_png_and_a_jpeg_nearly() {
    let site = site(ROOMY);
    let mut pictures = Vec::new();
    for accept in ["image/png", "image/webp", "image/jpeg"] {
        let answer = send(&site.router, accepting(post(r#"{"seed":1,"n":5}"#), accept)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, accept));
        pictures.push(image::load_from_memory(&answer.body).unwrap().to_luma8());
    }
    assert_eq!(pictures[0], pictures[1]);
    assert_eq!(pictures[0].dimensions(), pictures[2].dimensions());
}

#[tokio::test]
async fn every_answer_says_whose_it_is_and_where_it_came_from() {
    let site = site(ROOMY);
    let answer = send(&site.router, post(r#"{"seed":"18446744073709551615","sampler":{"method":"langevin"}}"#)).await;
    assert_eq!(answer.header("x-request-id"), "a-test");
    assert_eq!(answer.header("x-smld-seed"), "18446744073709551615");
    assert_eq!(answer.header("x-smld-model-sha256"), "5d".repeat(32));
    assert!(!answer.headers.contains_key("x-smld-warning"));
}

#[tokio::test]
async fn a_client_id_that_cannot_stand_in_a_log_is_replaced() {
    let site = site(ROOMY);
    for id in ["", "two words", "a\u{e9}", &"x".repeat(129), "<script>"] {
        let mut request = post("{}");
        request.headers_mut().insert("x-request-id", axum::http::HeaderValue::from_bytes(id.as_bytes()).unwrap());
        let made = send(&site.router, request).await.header("x-request-id").to_owned();
        assert!(made.len() == 16 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
    }
}

#[tokio::test]
async fn the_note_in_a_picture_is_a_request_that_makes_it_again() {
    let site = site(ROOMY);
    let body =
        r#"{"seed":7,"first_index":3,"n":4,"label":"striped","sampler":{"method":"langevin","steps":20,"tau":0.001}}"#;
    let first = send(&site.router, post(body)).await;
    let (_, _, mut note) = png(&first.body);
    insta::assert_json_snapshot!(note);
    for not_asked in ["sha256", "version"] {
        note.as_object_mut().unwrap().remove(not_asked);
    }
    assert_eq!(send(&site.router, post(note.to_string())).await.body, first.body);
}

#[tokio::test]
async fn the_note_in_one_image_has_its_class_which_json_tells_too() {
    let site = site(ROOMY);
    let body = r#"{"seed":5,"n":12,"first_index":2}"#;
    let answer = send(&site.router, accepting(post(body), "application/json")).await.json();
    assert!(answer.get("label").is_none());
    let mut seen = [0, 0];
    for image in answer["images"].as_array().unwrap() {
        let file = STANDARD.decode(image["b64_png"].as_str().unwrap()).unwrap();
        let (_, _, note) = png(&file);
        let class = note["label"].as_u64().unwrap() as usize;
        assert_eq!(image["label"], ["plain", "striped"][class]);
        seen[class] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    let (_, _, of_all) = png(&send(&site.router, post(body)).await.body);
    assert!(of_all.get("label").is_none(), "each of twelve has its own: {of_all}");
}

#[tokio::test]
async fn json_holds_every_image_as_the_file_it_is_alone() {
    let site = site(ROOMY);
    let answer = send(&site.router, accepting(post(r#"{"seed":5,"n":3,"first_index":2}"#), "application/json")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let images = answer.json()["images"].as_array().unwrap().clone();
    assert_eq!(images.len(), 3);
    for (i, image) in images.iter().enumerate() {
        let index = i + 2;
        assert_eq!(image["index"], index);
        let alone = send(&site.router, post(format!(r#"{{"seed":5,"first_index":{index}}}"#))).await;
        assert_eq!(STANDARD.decode(image["b64_png"].as_str().unwrap()).unwrap(), alone.body);
    }
}

#[tokio::test]
async fn json_says_what_was_drawn_how_and_how_long_it_took() {
    let site = site(ROOMY);
    let body = r#"{"model":"mixture","seed":18446744073709551615,"n":2,
        "sampler":{"method":"langevin","steps":10,"sigma":1.0,"tau":0.1}}"#;
    let mut answer = send(&site.router, post(body)).await.json();
    for seconds in ["queue_seconds", "sampling_seconds"] {
        assert!(answer[seconds].take().as_f64().unwrap() >= 0.0);
    }
    for point in answer["points"].as_array_mut().unwrap() {
        assert_eq!(point["x"].take().as_array().unwrap().len(), 2);
    }
    insta::assert_json_snapshot!(answer);
}

#[tokio::test]
async fn an_array_holds_the_numbers_themselves() {
    let site = site(ROOMY);
    let draw = async |body| {
        let answer = send(&site.router, accepting(post(body), "application/x-npy")).await;
        assert_eq!(answer.header("content-type"), "application/x-npy");
        let file = NpyFile::new(answer.body.as_slice()).unwrap();
        (file.shape().to_vec(), file.into_vec::<f32>().unwrap())
    };
    let (shape, images) = draw(r#"{"seed":1,"n":3}"#).await;
    assert_eq!((shape, images.len()), (vec![3, 1, 3, 4], 36));
    let (shape, points) = draw(r#"{"model":"mixture","seed":1,"n":3}"#).await;
    assert_eq!((shape, points.len()), (vec![3, 2], 6));
    let listed = send(&site.router, post(r#"{"model":"mixture","seed":1,"n":3}"#)).await.json();
    let listed: Vec<f32> = (0..6).map(|i| listed["points"][i / 2]["x"][i % 2].as_f64().unwrap() as f32).collect();
    assert_eq!(listed, points);
}

#[tokio::test]
async fn points_of_the_plane_have_a_picture_whose_note_makes_it_again() {
    let site = site(ROOMY);
    let sampler = r#"{"method":"langevin","steps":20,"sigma":0.5}"#;
    let body = |n: u32| format!(r#"{{"model":"mixture","seed":7,"n":{n},"sampler":{sampler}}}"#);
    let draw = async |body: String| send(&site.router, accepting(post(body), "image/png")).await;
    let first = draw(body(40)).await;
    assert_eq!((first.status.as_u16(), first.header("content-type")), (200, "image/png"));
    let (width, height, mut note) = png(&first.body);
    assert!(width > 700 && height > 700, "{width} x {height}");
    for not_asked in ["sha256", "version"] {
        note.as_object_mut().unwrap().remove(not_asked);
    }
    assert_eq!(draw(note.to_string()).await.body, first.body);
    assert_ne!(draw(body(39)).await.body, first.body);
    // Without a wish the answer stays JSON.
    assert_eq!(send(&site.router, post(body(2))).await.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_seed_that_was_not_asked_for_is_told_and_makes_the_same_again() {
    let site = site(ROOMY);
    let first = send(&site.router, post("{}")).await;
    let seed: u64 = first.header("x-smld-seed").parse().unwrap();
    assert!(seed < 1 << 53, "every program can send it back");
    assert_eq!(send(&site.router, post(json!({ "seed": seed }).to_string())).await.body, first.body);
}

#[tokio::test]
async fn a_ladder_too_coarse_for_its_steps_is_warned_of() {
    let site = site(ROOMY);
    let body = r#"{"sampler":{"method":"annealed_langevin","levels":3,"steps_per_level":1,"epsilon":1e-6}}"#;
    let answer = send(&site.router, accepting(post(body), "application/json")).await;
    assert!(answer.header("x-smld-warning").contains("too coarse"));
    assert_eq!(answer.json()["warnings"][0], answer.header("x-smld-warning"));
}
