//! `smld load`: requests as fast as clients send them, or at a rate, and what came of them.

mod drive;
mod report;

use super::asked::AskedArgs;
use super::fault::ClientError;
use super::print::{note, print};
use super::remote::{Remote, RemoteArgs};
use clap::Args;
use drive::{Pattern, drive};
use report::Report;
use serde_json::json;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// Puts a load on a server and tells latencies and throughput
///
/// Every request has a seed of its own. Samples are asked for as arrays, so that no picture is encoded.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld load --clients 16 --seconds 30\n  \
    smld load --rate 5 -n 4 --model fashion-mnist --plot load.svg\n  \
    smld load --clients 4 --sampler '{\"method\":\"ancestral\",\"steps\":18}' --json")]
pub struct Load {
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    asked: AskedArgs,
    /// A closed loop: so many clients, each of which sends its next request when its last is answered
    #[arg(short, long, value_name = "COUNT", default_value = "8", conflicts_with = "rate")]
    clients: NonZero<u16>,
    /// An open loop: so many requests a second, evenly, whatever became of those before, but no more than 512 at once; latencies count from when a request was due
    #[arg(short, long, value_name = "PER SECOND", value_parser = positive)]
    rate: Option<f64>,
    /// How long requests are sent; those under way then are waited for, and those that were due and not sent are told
    #[arg(short, long, value_name = "SECONDS", default_value = "10", value_parser = positive)]
    seconds: f64,
    /// Draw each request and the spread of latencies into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
}

impl Load {
    /// Sends, waits, tells.
    ///
    /// # Errors
    /// [`ClientError`]: of the first request, whose fault is everybody's, or where requests were neither answered nor refused.
    pub fn run(&self) -> Result<(), ClientError> {
        let remote = Remote::new(&self.remote)?;
        let plan = remote.plan(&self.asked.body(&[("dry_run", Some(true.into()))]), "application/x-npy")?;
        let [n, model, evaluations] = ["n", "model", "evaluations"].map(|name| &plan[name]);
        note(format_args!("each request: {n} samples of {model}, {evaluations} evaluations"));

        let span = Duration::from_secs_f64(self.seconds);
        let pattern = match self.rate {
            Some(rate) => Pattern::Open { rate },
            None => Pattern::Closed { clients: self.clients.get() },
        };
        let (sent, unsent) = drive(pattern, span, |i| {
            let body = self.asked.body(&[("seed", Some(i.into()))]);
            std::io::copy(&mut remote.samples(&body, "application/x-npy")?.body(), &mut std::io::sink())
                .map(|_| ())
                .map_err(|error| remote.broken_off(&error.to_string()))
        });
        let report = Report::new(&sent, unsent, self.asked.n, evaluations.as_u64().unwrap_or_default());
        if self.json {
            print(format_args!("{}\n", json!(report)))?;
        } else {
            print(&report)?;
        }
        if let Some(path) = &self.plot {
            let svg = report::figure(&sent).svg()?;
            std::fs::write(path, svg).map_err(|source| ClientError::File { path: path.clone(), source })?;
        }
        report.sound(&sent)
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (1e-6..=1e6).contains(&number) => Ok(number),
        _ => Err("a number above zero is wanted, from a millionth to a million".to_owned()),
    }
}
