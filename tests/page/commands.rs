//! A request as a command: what is copied does what it says.

use crate::browser::Browser;
use crate::program::Program;
use serde_json::json;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_makes_the_same_picture() {
    let program = Program::serving("models/mnist.onnx", &[]);
    let browser = Browser::open(&program.address).await;
    let origin = format!("http://{}", program.address);
    let allowed = json!({"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    browser.command("Browser.grantPermissions", &allowed).await;
    browser.fill("#n", "2").await;
    browser.fill("#seed", "7").await;
    browser.click("#method option[value=probability_flow]").await;
    browser.click("#start").await;
    browser.until("document.getElementById('run-state').textContent.startsWith('Done')").await;

    let body = json!({"n": 2, "seed": 7, "sampler": {"method": "probability_flow"}});
    let native = program.request("POST", "/v1/samples").header("accept", "image/png").json(&body);
    let native = native.send().await.unwrap().bytes().await.unwrap();
    for (act, shell) in [("#copy-curl", ["sh", "-c"]), ("#copy-python", ["python3", "-c"])] {
        browser.click(act).await;
        browser.until("document.getElementById('keep-word').textContent === 'Copied.'").await;
        let copied = browser.text("navigator.clipboard.readText()").await;
        assert_eq!(copied, browser.text("document.getElementById('code').textContent").await);
        let folder = tempfile::tempdir().unwrap();
        let [name, option] = shell;
        let output = Command::new(name).args([option, &copied]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{copied}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(std::fs::read(folder.path().join("mnist-7.png")).unwrap() == native, "{copied}");
    }
    browser.assert_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_that_is_saved_is_that_of_the_server() {
    let program = Program::serving("models/mnist.onnx", &[]);
    let (browser, folder) = (Browser::open(&program.address).await, tempfile::tempdir().unwrap());
    let to = json!({"behavior": "allow", "downloadPath": folder.path()});
    browser.command("Browser.setDownloadBehavior", &to).await;
    browser.fill("#n", "2").await;
    browser.fill("#seed", "7").await;
    browser.click("#start").await;
    browser.until("document.getElementById('run-state').textContent.startsWith('Done')").await;
    browser.click("#save").await;
    browser.until("document.getElementById('keep-word').textContent.startsWith('Saved as mnist-7.png')").await;

    let request = program.request("POST", "/v1/samples").header("accept", "image/png");
    let native = request.json(&json!({"n": 2, "seed": 7})).send().await.unwrap().bytes().await.unwrap();
    // The browser writes it under another name first.
    let file = folder.path().join("mnist-7.png");
    while !file.exists() {
        tokio::task::yield_now().await;
    }
    assert!(std::fs::read(file).unwrap() == native);
    browser.assert_quiet(&[]).await;
}
