//! A running `smld serve`.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

/// Where the two-dimensional mixture lies that a network file holds.
pub(crate) const MIXTURE: &str = "tests/fixtures/mixture.onnx";

pub(crate) struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) address: String,
    /// Where its metrics are.
    pub(crate) metrics: String,
    /// Where it answers gRPC; empty where it does not.
    pub(crate) grpc: String,
    client: Client,
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `smld serve` with `arguments`, not yet started.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smld"));
    command.arg("serve").args(arguments);
    command
}

/// Runs `smld serve` to its end.
pub(crate) fn output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The key that `smld key` makes for `name` with the arguments `more`; its lines are added to `file`.
pub(crate) fn add_key(file: &Path, name: &str, more: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_smld")).args(["key", name]).args(more).output().unwrap();
    let (lines, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    std::fs::write(file, std::fs::read_to_string(file).unwrap_or_default() + &lines).unwrap();
    let key = said.trim().rsplit_once(' ').unwrap().1.to_owned();
    assert!(key.starts_with("smld_") && key.len() == 69 && !lines.contains(&key), "{lines}");
    key
}

impl Program {
    /// Starts the program on a free port with the mixture, and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::serving(MIXTURE, arguments)
    }

    /// As [`start`](Self::start), with the models that `models` names.
    pub(crate) fn serving(models: &str, arguments: &[&str]) -> Self {
        Self::run(command(&[&["--listen", "127.0.0.1:0", "--models", models], arguments].concat()), "http")
    }

    /// Starts `command`, which serves by `scheme`, and waits until it is ready.
    pub(crate) fn run(mut command: Command, scheme: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (address, metrics, grpc) = (String::new(), String::new(), String::new());
        let mut program = Self { child, out, address, metrics, grpc, client: Client::new() };
        let (first, secure) = (program.line(), scheme.trim_start_matches("http"));
        let named = |scheme: &str| {
            let scheme = format!("{scheme}{secure}://");
            first.split_whitespace().find_map(|word| Some(word.strip_prefix(&scheme)?.to_owned()))
        };
        (program.address, program.grpc) = (named("http").unwrap(), named("grpc").unwrap_or_default());
        let prefix = if secure.is_empty() { "" } else { "https://" };
        assert!(program.line().starts_with(&format!("curl -s {prefix}{}", program.address)));
        program.metrics = program.line().split_once("metrics: ").unwrap().1.trim().to_owned();
        program
    }

    /// What it says next.
    pub(crate) fn said(&mut self) -> String {
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    /// A request to be filled in.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    /// `POST /v1/samples`, sent and answered whenever it is awaited.
    pub(crate) fn samples(&self, body: &Value) -> impl Future<Output = Response> + Send + use<> {
        let request = self.client.post(format!("http://{}/v1/samples", self.address)).json(body);
        async { request.send().await.unwrap() }
    }

    /// Waits until `count` requests run.
    pub(crate) async fn running(&self, count: usize) {
        let line = format!("smld_requests_running {count}");
        while !self.get("/metrics").await.text().await.unwrap().lines().any(|sample| sample == line) {
            tokio::task::yield_now().await;
        }
    }

    /// The process' number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal`, as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end; the exit status and the log.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), log)
    }
}
