//! `smld models`: what a server has.

use super::fault::ClientError;
use super::print::print;
use super::remote::{Remote, RemoteArgs};
use clap::Args;
use serde_json::Value;

/// Lists the models of a server
#[derive(Args, Debug)]
pub struct Models {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Print the server's own description
    #[arg(long)]
    json: bool,
}

impl Models {
    /// Asks, and prints.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn run(&self) -> Result<(), ClientError> {
        let remote = Remote::new(&self.remote)?;
        let document = remote.document("/v1/models")?;
        if self.json {
            return print(format_args!("{document:#}\n"));
        }
        let models = document["models"].as_array().ok_or_else(|| remote.foreign("its /v1/models lists none"))?;
        let head = ["NAME", "KIND", "SHAPE", "SAMPLER", "CLASSES"].map(ToOwned::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(models.iter().map(row)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        rows.iter().try_for_each(|[name, kind, shape, sampler, classes]| {
            let [a, b, c, d] = widths;
            let line = format!("{name:a$}  {kind:b$}  {shape:c$}  {sampler:d$}  {classes}");
            print(format_args!("{}\n", line.trim_end()))
        })
    }
}

fn row(model: &Value) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value, between: &str| {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        items
            .map(|item| item.as_str().map_or_else(|| item.to_string(), ToOwned::to_owned))
            .collect::<Vec<_>>()
            .join(between)
    };
    [
        text(&model["name"]),
        text(&model["kind"]),
        list(&model["shape"], "×"),
        text(&model["sampler"]["method"]),
        list(&model["labels"], ", "),
    ]
}
