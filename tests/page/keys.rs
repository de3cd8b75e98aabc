//! A server that wants a key, and the page that asks for one.

use crate::browser::{Browser, ENTER};
use crate::program::{Program, add_key};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_key_types_it_once_and_it_is_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let key = add_key(&file, "alice", &[]);
    let program = Program::serving("models/mnist.onnx", &["--keys", file.to_str().unwrap()]);
    let browser = Browser::start().await;
    browser.look(390, 844, &[("prefers-color-scheme", "dark")]).await;
    browser.go(&program.address).await;
    let wanted = "!document.getElementById('key').hidden && document.activeElement.id === 'key-value'";
    browser.until(wanted).await;
    assert_eq!(browser.value("document.documentElement.scrollWidth <= 390").await, true);
    let word = "document.getElementById('key-word').textContent";
    let first = browser.text(word).await;
    assert!(first.contains("key is wanted"), "{first}");

    browser.fill("#key-value", "smld_nobodys").await;
    browser.press(&[ENTER]).await;
    browser.until(&format!("{wanted} && {word} !== {}", json!(first))).await;
    assert_eq!(browser.value("document.getElementById('start').disabled").await, true);
    browser.fill("#key-value", &key).await;
    browser.press(&[ENTER]).await;
    browser.until("document.getElementById('key').hidden && !document.getElementById('start').disabled").await;
    browser.fill("#n", "1").await;
    browser.click("#method option[value=probability_flow]").await;
    browser.click("#start").await;
    browser.until("document.getElementById('run-state').textContent.startsWith('Done')").await;
    assert_eq!(browser.value("document.documentElement.scrollWidth <= 390").await, true);
    browser.click("#keep summary").await;
    assert!(browser.text("document.getElementById('code').textContent").await.contains("Bearer $SMLD_KEY"));
    let shown = format!("document.documentElement.outerHTML.includes('{key}') || location.href.includes('{key}')");
    assert_eq!(browser.value(&shown).await, false);

    // The tab keeps it.
    browser.visit(&program.address).await;
    browser.assert_quiet(&[401]).await;
}
