//! The shipped model in colour.

use super::program::Program;
use image::DynamicImage;
use serde_json::json;

/// What the avatars of the data set stand before.
const BACKGROUNDS: [[u8; 3]; 5] =
    [[0xb6, 0xe3, 0xf4], [0xc0, 0xae, 0xde], [0xd1, 0xd4, 0xf9], [0xff, 0xd5, 0xdc], [0xff, 0xdf, 0xbf]];

#[tokio::test]
async fn an_avatar_is_a_picture_in_colour_before_a_background_of_the_data() {
    let program = Program::serving("models/avatars.onnx", &[]);
    for label in ["short hair", "long hair", "glasses", "hat", "beard"] {
        let request = json!({ "n": 1, "seed": 1, "label": label });
        let asked = program.request("POST", "/v1/samples").header("accept", "image/png").json(&request);
        let picture = asked.send().await.unwrap().bytes().await.unwrap();
        let DynamicImage::ImageRgb8(picture) = image::load_from_memory(&picture).unwrap() else {
            panic!("{label}: not in colour")
        };
        assert_eq!(picture.dimensions(), (32, 32));
        let corner = picture.get_pixel(0, 0).0;
        let near = |colour: &[u8; 3]| colour.iter().zip(corner).all(|(a, b)| a.abs_diff(b) < 16);
        assert!(BACKGROUNDS.iter().any(near), "{label}: {corner:?}");
    }
}
