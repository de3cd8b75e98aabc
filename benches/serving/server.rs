//! The real server: the program itself, started, stopped for a while, killed.

use crate::client::Client;
use crate::{Bench, Result, process};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The models that are served: two of those that the project ships for images.
pub(crate) const MODELS: &str = "models/fashion-mnist.onnx,models/mnist.onnx";

/// A running `smld serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Kept open: the server says more when it goes down.
    _out: BufReader<ChildStdout>,
    pub(crate) client: Client,
    /// From its start to the line that says that it is ready.
    pub(crate) ready_in: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts the program of this build on a free port, with its defaults but for `flags` and the onnxruntime that the raw
    /// side has loaded, and waits until it is ready.
    pub(crate) fn start(bench: &Bench, flags: &[&str]) -> Result<Self> {
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_smld"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SMLD_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--models", MODELS, "--onnxruntime"]);
        command.arg(bench.runtime.path()).args(flags);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://")).map(ToOwned::to_owned);
        line.clear();
        out.read_line(&mut line)?;
        let ready_in = start.elapsed();
        let address = address.filter(|address| line.contains(address.as_str()));
        let Some(client) = address.as_deref().map(Client::new) else {
            let _ = child.kill();
            return Err(
                format!("smld serve {} did not become ready; run it by hand to see why", flags.join(" ")).into()
            );
        };
        Ok(Self { child, _out: out, client, ready_in })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        process::resident(self.pid())
    }

    /// Takes the processor away from it: the raw side is alone, and every request stays where it is.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.pid().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(format!("the server cannot be sent {signal}").into()) }
    }
}
