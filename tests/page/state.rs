//! The server's state on the page.

use crate::browser::Browser;
use crate::program::Program;
use serde_json::json;

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
