//! Drawing: the images, and what goes wrong.

use crate::browser::{Browser, ENTER, ESCAPE};
use crate::program::Program;
use serde_json::{Value, json};

const DIGITS: &str = "models/mnist.onnx";

/// The pictures of the tiles, in base 64.
const PICTURES: &str = "[...document.querySelectorAll('#tiles img')].map((img) => img.src.split(',')[1])";

/// Waits until the run says so.
async fn state(browser: &Browser, words: &str) {
    browser.until(&format!("document.getElementById('run-state').textContent.startsWith('{words}')")).await;
}

/// Starts two chains of more steps than anyone waits for.
async fn begin_an_endless_run(browser: &Browser) {
    browser.fill("#n", "2").await;
    browser.click("#method option[value=langevin]").await;
    browser.click(".parameters summary").await;
    browser.fill("#sampler-steps", "400000").await;
    browser.click("#start").await;
}

/// The pictures that the server answers to `body`.
async fn drawn(program: &Program, body: &Value) -> Vec<Value> {
    let answer: Value = program
        .request("POST", "/v1/samples")
        .header("accept", "application/json")
        .json(body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["images"].as_array().unwrap().iter().map(|image| image["b64_png"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_those_of_the_server_and_one_drawn_again_is_the_same() {
    let program = Program::serving(DIGITS, &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#n", "3").await;
    browser.fill("#seed", "18446744073709551615").await;
    browser.value("document.getElementById('label').value = '7'").await;
    browser.click(".parameters summary").await;
    // So many that chains are shown on their way, on a fast machine too.
    browser.fill("#sampler-steps", "1000").await;
    browser.click("#start").await;
    state(&browser, "Done").await;

    let sampler = json!({"method": "ancestral", "steps": 1000});
    let body = json!({"n": 3, "seed": "18446744073709551615", "label": "7", "sampler": sampler});
    assert_eq!(browser.value(PICTURES).await, Value::Array(drawn(&program, &body).await));
    assert_eq!(browser.value("document.getElementById('run-progress').value").await, 1);
    assert_eq!(
        browser.text("document.getElementById('run-what').textContent").await,
        "mnist, 7, seed 18446744073709551615"
    );

    // Back to where the chains began, and to their end again.
    let pictures = browser.value(PICTURES).await;
    browser.fill("#back", "0").await;
    assert_ne!(browser.value(PICTURES).await, pictures);
    assert!(browser.text("document.querySelector('.tile-sigma').textContent").await.starts_with("σ "));
    browser.fill("#back", "1").await;
    assert_eq!(browser.value(PICTURES).await, pictures);

    browser.click(".tile:nth-child(2)").await;
    assert_eq!(
        browser.text("document.getElementById('one-title').textContent").await,
        "Image 1 of seed 18446744073709551615"
    );
    let recipe = browser.text("document.getElementById('one-recipe').textContent").await;
    assert!(recipe.contains(r#""first_index": 1"#) && recipe.contains(r#""steps": 1000"#), "{recipe}");
    browser.click("#one-again").await;
    browser.until("document.getElementById('one-word').textContent.endsWith('the same, to the last byte.')").await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_are_seen_on_their_way_and_stopping_cancels_them() {
    let program = Program::serving(DIGITS, &["--deadline-seconds", "86400"]);
    let browser = Browser::open(&program.address).await;
    begin_an_endless_run(&browser).await;
    // What is shown becomes another picture, and says at which noise level it is.
    browser.until("document.querySelectorAll('.tile.pending img[src]').length === 2").await;
    assert_eq!(browser.text("document.querySelector('.tile-sigma').textContent").await, "σ 0.01");
    browser.value("window.first = document.querySelector('.tile img').src").await;
    browser.until("document.querySelector('.tile img').src !== window.first").await;
    browser.until("document.getElementById('run-sigma').textContent.endsWith('of 400000')").await;

    browser.click("#stop").await;
    state(&browser, "Stopped").await;
    program.running(0).await;
    let metrics = program.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"smld_requests_total{model="mnist",outcome="cancelled"} 1"#), "{metrics}");
    assert_eq!(browser.value("document.getElementById('start').disabled").await, false);
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_told_in_the_servers_words_at_its_field() {
    let program = Program::serving(DIGITS, &[]);
    let browser = Browser::open(&program.address).await;
    for (field, value, words, remedy) in [
        ("#n", "0", "n: is 0; it must be between 1 and 1000", "1"),
        ("#seed", "seven", "seed: 'seven' is not a whole number from 0 to 18446744073709551615", "7"),
        (
            "#sampler-steps",
            "1",
            "sampler.steps: is 1; one level cannot be both sigma_max = 15 and sigma_min = 0.01",
            "2",
        ),
    ] {
        browser.fill(field, value).await;
        // Its cost is asked for when nothing is typed for a while. What is then said moves the button, which must not happen under a click.
        browser.until(&format!("document.querySelector('{field}').matches('[aria-invalid=true]')")).await;
        browser.click("#start").await;
        browser.until(&format!("document.activeElement.matches('{field}[aria-invalid=true]')")).await;
        let told = "document.getElementById(document.activeElement.getAttribute('aria-errormessage')).textContent";
        assert!(browser.text(told).await.starts_with(words), "{}", browser.text(told).await);
        browser.fill(field, remedy).await;
        browser.until("document.querySelector('[aria-invalid]') === null").await;
    }
    browser.click("#start").await;
    state(&browser, "Done").await;
    assert_eq!(browser.value("document.querySelectorAll('[aria-invalid]').length").await, 0);
    browser.assert_quiet(&[422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_are_named_in_one_field() {
    let program = Program::serving(DIGITS, &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#n", "2").await;
    browser.click(".parameters summary").await;
    browser.fill("#sampler-sigmas", "9, 3, 5").await;
    browser.until("document.querySelector('#sampler-sigmas').matches('[aria-invalid=true]')").await;
    let told = browser.text("document.getElementById('sampler-sigmas-fault').textContent").await;
    assert_eq!(told, "sampler.sigmas: must go down, and 5 comes after 3");
    browser.fill("#sampler-sigmas", "9, 3 0.5").await;
    browser.until("document.getElementById('cost').textContent.startsWith('2 × 3 evaluations')").await;
    browser.click("#start").await;
    state(&browser, "Done").await;
    let ends = "['high', 'low'].map((end) => document.getElementById(`ladder-${end}`).textContent).join()";
    assert_eq!(browser.text(ends).await, "σ 9,0.5");
    browser.assert_quiet(&[422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let program = Program::serving(DIGITS, &[]);
    let browser = Browser::open(&program.address).await;
    // The first Tab offers to skip what comes before the form.
    browser.tab_to("document.activeElement.matches('.skip')").await;
    browser.press(&[ENTER]).await;
    browser.tab_to("document.activeElement.id === 'model'").await;
    browser.tab_to("document.activeElement.id === 'n'").await;
    // A Tab selects what is in the field.
    browser.press(&["2", ENTER]).await;
    state(&browser, "Done").await;
    assert_eq!(browser.value("document.querySelectorAll('.tile').length").await, 2);
    browser.tab_to("document.activeElement.matches('.tile:nth-child(2)')").await;
    browser.press(&[ENTER]).await;
    browser.until("document.getElementById('one').open && document.activeElement.id === 'one-again'").await;
    let outlined = "getComputedStyle(document.activeElement).outlineStyle === 'solid'";
    assert_eq!(browser.value(outlined).await, true, "the focus is seen");
    browser.press(&[ENTER]).await;
    browser.until("document.getElementById('one-word').textContent.endsWith('the same, to the last byte.')").await;
    browser.press(&[ESCAPE]).await;
    browser.until("!document.getElementById('one').open && document.activeElement.matches('.tile:nth-child(2)')").await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_drawn_where_the_server_puts_them() {
    let program = Program::serving("models/two-modes.density.json", &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#n", "40").await;
    browser.click("#start").await;
    state(&browser, "Done").await;
    browser.until("document.querySelector('.scatter').getAttribute('aria-label') === '40 points drawn'").await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_its_server_leaves_is_broken_off() {
    let program = Program::serving(DIGITS, &["--deadline-seconds", "86400"]);
    let browser = Browser::open(&program.address).await;
    begin_an_endless_run(&browser).await;
    state(&browser, "Drawing").await;
    drop(program);
    state(&browser, "Failed").await;
    let fault = "document.getElementById('fault').hidden ? '' : document.getElementById('fault').textContent";
    assert_eq!(browser.text(fault).await, "Broken off: The answer ended before the last sample.");
    assert_eq!(browser.value("document.getElementById('start').disabled").await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_points_follow_the_readers_scheme_and_those_of_long_ago_are_forgotten() {
    let program = Program::serving("models/two-modes.density.json", &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#n", "40").await;
    let draw = async || {
        browser.click("#start").await;
        browser.until("!document.getElementById('start').disabled").await;
        state(&browser, "Done").await;
    };
    draw().await;
    browser.value("void (window.first = new WeakRef(document.querySelector('.scatter')))").await;
    draw().await;
    let earlier = "document.querySelector('#earlier .scatter').toDataURL()";
    browser.value(&format!("window.light = {earlier}")).await;
    browser.look(1280, 800, &[("prefers-color-scheme", "dark")]).await;
    browser.until(&format!("{earlier} !== window.light")).await;

    // Four runs are kept beside the newest.
    for _ in 0..4 {
        draw().await;
    }
    let is_kept = async || browser.value("window.first.deref() !== undefined").await == true;
    for _ in 0..10 {
        if is_kept().await {
            browser.command("HeapProfiler.collectGarbage", &json!({})).await;
        }
    }
    assert!(!is_kept().await);
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_not_drawn_again_into_the_look_at_another() {
    let program = Program::serving(DIGITS, &[]);
    let browser = Browser::open(&program.address).await;
    browser.fill("#n", "2").await;
    browser.click(".parameters summary").await;
    // So many that it lasts until another image is looked at.
    browser.fill("#sampler-steps", "1000").await;
    browser.click("#start").await;
    state(&browser, "Done").await;
    browser.click(".tile:nth-child(1)").await;
    browser.click("#one-again").await;
    browser.press(&[ESCAPE]).await;
    browser.until("!document.getElementById('one').open").await;
    browser.click(".tile:nth-child(2)").await;
    let ready = "document.getElementById('one-word').textContent === '' && document.activeElement.id === 'one-again'";
    browser.until(ready).await;
    browser.click("#one-again").await;
    browser.until("document.getElementById('one-word').textContent.endsWith('the same, to the last byte.')").await;
    let is_second = "document.getElementById('one-image').src === document.querySelector('.tile:nth-child(2) img').src";
    assert_eq!(browser.value(is_second).await, true);
    browser.assert_quiet(&[]).await;
}
