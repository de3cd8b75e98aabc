//! The server's state on the page.

use crate::browser::{Browser, ENTER};
use crate::program::{Program, add_key};
use serde_json::json;

/// Lets the page wait a hundredth as long as it means to, and notes how long it meant to.
const HASTE: &str = "(() => {
    const wait = window.setTimeout;
    window.waits = [];
    window.setTimeout = (act, ms) => { window.waits.push(ms); return wait(act, ms / 100); };
})()";

/// What is said of the charts.
const WORD: &str = "document.getElementById('charts-word').textContent";

#[tokio::test(flavor = "multi_thread")]
async fn the_charts_show_what_the_server_does() {
    let program = Program::serving("models/mnist.onnx", &["--deadline-seconds", "86400"]);
    let browser = Browser::open(&program.address).await;
    let chart = |name: &str| format!("document.querySelector('.chart[aria-label=\"{name}\"]')");
    let figure = |name: &str| format!("{}.querySelector('.figure').textContent", chart(name));
    browser.until(&format!("{} === '0'", figure("Slots used"))).await;

    let sampler = json!({"method": "langevin", "steps": 100_000});
    let running = tokio::spawn(program.samples(&json!({"n": 3, "sampler": sampler})));
    // How many of the chains have begun is the engine's choice.
    browser.until(&format!("['1', '2', '3'].includes({})", figure("Slots used"))).await;
    browser.until(&format!("parseFloat({}) > 0", figure("Evaluations a second"))).await;
    browser.until(&format!("parseFloat({}) >= 1", figure("Rows a step"))).await;
    assert!(
        browser.text(&format!("{}.textContent", chart("Evaluations a second"))).await.contains("1 request running")
    );
    let line = format!("{}.querySelector('.line').getAttribute('d')", chart("Slots used"));
    assert!(browser.text(&line).await.starts_with('M'));

    running.abort();
    browser.until(&format!("{} === '0'", figure("Slots used"))).await;
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_looked_at_one_look_after_another_whatever_happens() {
    let program = Program::serving("models/mnist.onnx", &[]);
    let browser = Browser::start().await;
    browser.command("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": HASTE })).await;
    browser.visit(&program.address).await;
    let figure = "document.querySelector('.chart .figure').textContent";
    browser.until(&format!("{figure} === '0'")).await;
    // Answers that break off are not the end.
    let broken = "(() => {
        window.text = Response.prototype.text;
        Response.prototype.text = () => Promise.reject(new TypeError('broken off'));
    })()";
    browser.value(broken).await;
    browser.until(&format!("{WORD} === 'broken off'")).await;
    browser.value("void (Response.prototype.text = window.text)").await;
    browser.until(&format!("{WORD} === ''")).await;

    // However often the page is hidden and shown.
    let watched = "(() => {
        const ask = window.fetch;
        [window.looks, window.atOnce, window.most] = [0, 0, 0];
        window.fetch = async (path, how) => {
            if (path !== '/metrics') return ask(path, how);
            window.atOnce += 1;
            window.most = Math.max(window.most, window.atOnce);
            try {
                return await ask(path, how);
            } finally {
                window.atOnce -= 1;
                window.looks += 1;
            }
        };
        for (let turn = 0; turn < 5; turn += 1) document.dispatchEvent(new Event('visibilitychange'));
    })()";
    browser.value(watched).await;
    browser.until("window.looks >= 10").await;
    assert_eq!(browser.value("window.most").await, 1);
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_key_looks_seldom_and_again_with_the_next_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let key = add_key(&file, "alice", &["--requests-per-second", "1"]);
    let program = Program::serving("models/mnist.onnx", &["--keys", file.to_str().unwrap()]);
    let browser = Browser::start().await;
    browser.command("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": HASTE })).await;
    browser.go(&program.address).await;
    let give = async || {
        browser.until("!document.getElementById('key').hidden").await;
        browser.fill("#key-value", &key).await;
        browser.press(&[ENTER]).await;
    };
    give().await;
    browser.until("window.waits.includes(10_000)").await;

    browser.value("sessionStorage.clear()").await;
    browser.until(&format!("{WORD}.startsWith('The figures are not to be had here')")).await;
    give().await;
    browser.until(&format!("{WORD} === '' && document.querySelector('.chart .figure').textContent === '0'")).await;
    browser.assert_quiet(&[401, 429]).await;
}
