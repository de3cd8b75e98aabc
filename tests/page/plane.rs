//! Langevin dynamics in the plane.

use crate::browser::Browser;
use crate::program::Program;
use smld::score::density::{Component, Density, GaussianMixture};

const MODES: &str = "models/two-modes.density.json";

/// The pixels of a canvas, as text that changes with any of them.
fn pixels(id: &str) -> String {
    format!("document.getElementById('{id}').toDataURL()")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_field_is_drawn_and_particles_move_over_it() {
    let program = Program::serving(MODES, &[]);
    let browser = Browser::open(&program.address).await;
    browser.until(&format!("{}.length > 20000", pixels("plane-map"))).await;
    // Once: that the pixels are read again and again is what the browser warns of.
    let shades = "new Set(new Uint32Array(document.getElementById('plane-map').getContext('2d')\
                  .getImageData(0, 0, 500, 500).data.buffer)).size > 100";
    assert_eq!(browser.value(shades).await, true);
    let moves = async || {
        browser.value(&format!("window.before = {}", pixels("plane-particles"))).await;
        browser.until(&format!("{} !== window.before", pixels("plane-particles"))).await;
    };
    moves().await;
    // Another noise level is another field.
    browser.value(&format!("window.map = {}", pixels("plane-map"))).await;
    browser.fill("#plane-sigma", "0.9").await;
    browser.until(&format!("{} !== window.map", pixels("plane-map"))).await;
    // σ falls: its level is told beside the step.
    browser.click("#plane-anneal").await;
    browser.until("document.getElementById('plane-step').textContent.startsWith('σ')").await;
    moves().await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_field_is_drawn_of_as_many_rows_as_the_server_takes() {
    let program = Program::serving(MODES, &["--max-score-rows", "64"]);
    let browser = Browser::open(&program.address).await;
    browser.until(&format!("{}.length > 20000", pixels("plane-map"))).await;
    browser.assert_quiet(&[422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_noise_every_particle_ends_at_a_mode() {
    let program = Program::serving(MODES, &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#plane-tau", "0.9").await;
    browser.fill("#plane-steps", "50").await;
    browser.click("#plane-noise").await;
    browser.until("document.getElementById('plane-step').textContent === 'step 50 of 50'").await;
    // The modes are at ±(5, 5); the window's side is 1.24 times the range of ±8.
    let farthest = "(() => {
        const canvas = document.getElementById('plane-particles'), side = canvas.width;
        const { data } = canvas.getContext('2d').getImageData(0, 0, side, side);
        let farthest = 0;
        for (let i = 3; i < data.length; i += 4) {
            if (data[i] === 0) continue;
            const place = (i - 3) / 4, unit = 19.84 / side;
            const [x, y] = [(place % side) * unit - 9.92, 9.92 - Math.floor(place / side) * unit];
            farthest = Math.max(farthest, Math.min(Math.hypot(x - 5, y - 5), Math.hypot(x + 5, y + 5)));
        }
        return farthest;
    })()";
    let farthest = browser.value(farthest).await.as_f64().unwrap();
    // A particle has a radius of its own, of a tenth.
    assert!((0.01..0.3).contains(&farthest), "a particle is {farthest} from its mode");
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_p_found_from_the_score_is_that_of_the_density() {
    let program = Program::serving(MODES, &[]);
    let browser = Browser::open(&program.address).await;
    let heights = browser
        .value(
            "Promise.all([import('/page/field.js'), import('/page/potential.js')]).then(async ([field, potential]) => \
             [...potential.logDensity(await field.fetchField('two-modes', 1, new field.Window([-8, 8]), new AbortController().signal))])",
        )
        .await;
    let found: Vec<f64> = heights.as_array().unwrap().iter().map(|height| height.as_f64().unwrap()).collect();
    let component = |weight, mean| Component { weight, mean: vec![mean; 2], variance: 1.0 };
    let density = GaussianMixture::new(vec![component(0.2, -5.0), component(0.8, 5.0)]).unwrap();
    let place = |step: usize| -9.92 + 19.84 * step as f64 / 63.0;
    let exact: Vec<f64> = (0..64 * 64).map(|i| density.log_density(&[place(i % 64), place(i / 64)], 1.0)).collect();
    let top = exact.iter().copied().fold(f64::MIN, f64::max);
    let fault = |(found, exact): (&f64, &f64)| if exact - top > -8.0 { (found - (exact - top)).abs() } else { 0.0 };
    let worst = found.iter().zip(&exact).map(fault).fold(0.0, f64::max);
    assert!(worst < 0.1, "log p is {worst} off");
    browser.assert_quiet(&[]).await;
}
