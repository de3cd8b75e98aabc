//! Chromium without a window, driven by WebDriver (W3C): JSON over HTTP.

use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// What is not the page's, and what a machine without a screen or a user has to do without.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Longer than any act of a test takes on any machine.
const LONG_MS: u64 = 120_000;

/// Keys as WebDriver names them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";

/// So often a browser is started before it is said that it does not.
const STARTS: u32 = 3;

/// A browser with one page open.
pub(crate) struct Browser {
    driver: Child,
    client: Client,
    /// The session's URL, and what the browser keeps.
    session: String,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session, and is ended here.
        let end = self.client.delete(&self.session).send();
        let _ = block_in_place(|| Handle::current().block_on(end));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Opens the page of the server at `address` in a window of 1280×800.
    pub(crate) async fn open(address: &str) -> Self {
        let browser = Self::start().await;
        browser.look(1280, 800, &[]).await;
        browser.visit(address).await;
        browser
    }

    /// A browser with nothing open.
    pub(crate) async fn start() -> Self {
        let absent = "chromedriver does not run: 'scripts/fetch browser' installs chromium and chromium-driver";
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().expect(absent);
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = |line: String| {
            line.split_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        };
        let port = lines.into_iter().find_map(port).expect("chromedriver names its port");
        let (client, profile) = (Client::new(), tempfile::tempdir().unwrap());
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([folder.as_str()]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": LONG_MS, "pageLoad": LONG_MS},
        }}});
        let server = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { driver, client, session: server.clone(), _profile: profile };
        // Chromium may fall while it starts, beside twenty others that do; what it is to show is not yet asked for.
        let mut begun = browser.answer("", &wanted).await;
        for _ in 1..STARTS {
            if begun.is_ok() {
                break;
            }
            begun = browser.answer("", &wanted).await;
        }
        let begun = begun.unwrap();
        browser.session = format!("{server}/{}", begun["sessionId"].as_str().unwrap());
        browser
    }

    /// Goes to the page of the server at `address`.
    pub(crate) async fn go(&self, address: &str) {
        self.ask("/url", &json!({ "url": format!("http://{address}/") })).await;
    }

    /// Goes there, and waits until the page knows the models.
    pub(crate) async fn visit(&self, address: &str) {
        self.go(address).await;
        self.until("!document.getElementById('start').disabled").await;
    }

    /// Makes the window this large, and the reader one who likes these media features, as `("prefers-color-scheme", "dark")`.
    pub(crate) async fn look(&self, width: u32, height: u32, features: &[(&str, &str)]) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.command("Emulation.setDeviceMetricsOverride", &size).await;
        let features: Vec<Value> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.command("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
    }

    /// A command of the browser's own protocol.
    pub(crate) async fn command(&self, name: &str, parameters: &Value) -> Value {
        self.ask("/goog/cdp/execute", &json!({"cmd": name, "params": parameters})).await
    }

    /// What an expression of the page comes to; a promise is waited for.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let script = format!("return (async () => ({expression}))()");
        self.ask("/execute/sync", &json!({"script": script, "args": []})).await
    }

    /// As [`value`](Self::value), where it is text.
    pub(crate) async fn text(&self, expression: &str) -> String {
        self.value(expression).await.as_str().unwrap().to_owned()
    }

    /// Waits until `condition` holds of the page; it is looked at once a frame.
    pub(crate) async fn until(&self, condition: &str) {
        let frame = "new Promise((next) => requestAnimationFrame(next))";
        self.value(&format!("(async () => {{ while (!({condition})) await {frame}; return true; }})()")).await;
    }

    /// Clicks what a selector names, as a reader does: it has to be seen.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.ask(&format!("/element/{element}/click"), &json!({})).await;
    }

    /// Gives a field `text` at once, in place of what is there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let fill = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }";
        self.value(&format!("({fill})(document.querySelector('{selector}'), '{text}')")).await;
    }

    /// Presses `keys` one after another, wherever the focus is.
    pub(crate) async fn press(&self, keys: &[&str]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})])
            .collect();
        self.ask("/actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})).await;
    }

    /// Presses Tab until `condition` holds, as one who looks for a control without a mouse; a page has fewer than 200.
    pub(crate) async fn tab_to(&self, condition: &str) {
        let mut presses = 0;
        while self.value(condition).await != true {
            assert!(presses < 200, "no Tab leads to where {condition}");
            self.press(&[TAB]).await;
            presses += 1;
        }
    }

    /// Fails where the console has anything but the statuses of answers that the test provoked.
    pub(crate) async fn assert_quiet(&self, provoked: &[u16]) {
        let entries = self.ask("/se/log", &json!({"type": "browser"})).await;
        let is_provoked = |entry: &Value| {
            let message = entry["message"].as_str().unwrap();
            provoked.iter().any(|status| message.contains(&format!("responded with a status of {status}")))
        };
        let loud: Vec<&Value> = entries.as_array().unwrap().iter().filter(|entry| !is_provoked(entry)).collect();
        assert!(loud.is_empty(), "{loud:#?}");
    }

    async fn element(&self, selector: &str) -> String {
        let found = self.ask("/element", &json!({"using": "css selector", "value": selector})).await;
        // One member, whose name is the standard's.
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    async fn ask(&self, path: &str, body: &Value) -> Value {
        self.answer(path, body).await.unwrap()
    }

    /// What the driver answers, or what it says is wrong.
    async fn answer(&self, path: &str, body: &Value) -> Result<Value, String> {
        let answer = self.client.post(format!("{}{path}", self.session)).json(body).send().await.unwrap();
        let (status, mut body) = (answer.status(), answer.json::<Value>().await.unwrap());
        if !status.is_success() {
            return Err(format!("{path}: {}", body["value"]["message"]));
        }
        Ok(body["value"].take())
    }
}
