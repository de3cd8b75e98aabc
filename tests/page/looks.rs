//! Light and dark, large and small, lively and calm.

use crate::browser::Browser;
use crate::program::Program;
use serde_json::json;

const MODELS: &str = "models/mnist.onnx,models/two-moons.onnx";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_light_or_dark_as_the_reader_is() {
    let program = Program::serving(MODELS, &[]);
    let browser = Browser::open(&program.address).await;
    // The paper, the ink, and what is drawn in script: light on dark, or dark on light.
    for (scheme, paper, ink) in
        [("light", "rgb(251, 250, 248)", "rgb(28, 33, 39)"), ("dark", "rgb(18, 21, 26)", "rgb(231, 233, 236)")]
    {
        browser.look(1280, 800, &[("prefers-color-scheme", scheme)]).await;
        let colors = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]";
        assert_eq!(browser.value(colors).await, json!([paper, ink]));
    }
    browser.until("!document.getElementById('plane').hidden").await;
    let map = "document.getElementById('plane-map').toDataURL()";
    browser.until(&format!("{map}.length > 20000")).await;
    browser.value(&format!("window.map = {map}")).await;
    browser.look(1280, 800, &[("prefers-color-scheme", "light")]).await;
    browser.until(&format!("{map} !== window.map")).await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_a_small_screen() {
    let program = Program::serving(MODELS, &[]);
    let browser = Browser::open(&program.address).await;
    browser.look(390, 844, &[]).await;
    let fits = async || browser.value("document.documentElement.scrollWidth <= 390").await;
    assert_eq!(fits().await, true);
    browser.click("#method option[value=annealed_langevin]").await;
    browser.click(".parameters summary").await;
    browser.fill("#sampler-levels", "10").await;
    browser.fill("#sampler-steps_per_level", "1").await;
    browser.fill("#n", "5").await;
    browser.click("#start").await;
    browser.until("document.getElementById('run-state').textContent.startsWith('Done')").await;
    browser.click("#keep summary").await;
    assert_eq!(fits().await, true);
    browser.click(".tile").await;
    browser.click("#one summary").await;
    assert_eq!(fits().await, true);
    let inside = "document.getElementById('one').getBoundingClientRect().right <= 390";
    assert_eq!(browser.value(inside).await, true);
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_little_motion_sees_where_the_particles_end() {
    let program = Program::serving(MODELS, &[]);
    let browser = Browser::start().await;
    browser.look(1280, 800, &[("prefers-reduced-motion", "reduce")]).await;
    browser.visit(&program.address).await;
    browser.until("document.getElementById('plane-step').textContent === 'step 300 of 300'").await;
    assert_eq!(browser.text("document.getElementById('plane-play').textContent").await, "Play");
    // Of fewer steps, and of others, too.
    browser.fill("#plane-steps", "50").await;
    browser.until("document.getElementById('plane-step').textContent === 'step 50 of 50'").await;
    let particles = "document.getElementById('plane-particles').toDataURL()";
    browser.value(&format!("window.before = {particles}")).await;
    browser.fill("#plane-tau", "0.9").await;
    browser.until(&format!("{particles} !== window.before")).await;
    browser.assert_quiet(&[]).await;
}
