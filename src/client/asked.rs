//! What is asked of a server, said by arguments.

use clap::Args;
use serde_json::{Map, Value};

/// A request for samples.
#[derive(Args, Debug)]
pub(super) struct AskedArgs {
    /// How many samples
    #[arg(short, long, value_name = "COUNT", default_value_t = 1)]
    pub(super) n: u32,
    /// The model; by default the server's
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The sampler as JSON, as '{"method":"annealed_langevin"}'; by default the model's
    #[arg(long, value_name = "JSON", value_parser = object)]
    sampler: Option<Value>,
    /// A class of the model, by name or number, -1 for none; by default each sample is of a class of its own
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// interactive, or bulk, which yields to it
    #[arg(long)]
    priority: Option<String>,
    /// By when the samples are wanted; refused at once where that is not likely
    #[arg(long, value_name = "MILLISECONDS")]
    deadline_ms: Option<u64>,
}

impl AskedArgs {
    /// The request's body: what was said here and what `more` says, and nothing else.
    pub(super) fn body(&self, more: &[(&str, Option<Value>)]) -> Value {
        let said = [
            ("n", Some(self.n.into())),
            ("model", self.model.clone().map(Value::from)),
            ("sampler", self.sampler.clone()),
            ("label", self.label.clone().map(Value::from)),
            ("priority", self.priority.clone().map(Value::from)),
            ("deadline_ms", self.deadline_ms.map(Value::from)),
        ];
        let said = said.iter().chain(more).filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
        Value::Object(said.collect::<Map<_, _>>())
    }
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("a JSON object is wanted, as '{\"method\":\"ancestral\"}'".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
