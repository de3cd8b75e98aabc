//! The body of a call: JSON, and behind it the bytes of those tensors that say so.

use super::HEADER_LENGTH;
use super::answer::Form;
use super::flat::Flat;
use crate::engine::InvalidRequest;
use crate::http::body;
use crate::http::problem::Problem;
use crate::oip::{Call, Datatype, Elements, Tensor};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    inputs: Vec<Input>,
    #[serde(default)]
    outputs: Vec<Wanted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    shape: Vec<i64>,
    datatype: String,
    #[serde(default)]
    parameters: Placed,
    data: Option<Flat>,
}

/// Where the elements of an input are: behind the JSON, in so many bytes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    binary_data_size: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    #[serde(default)]
    parameters: Binary,
}

/// Whether an output is wanted as bytes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    binary_data: Option<bool>,
}

/// The parameter by which a call says it of all its outputs.
const BINARY_OUTPUT: &str = "binary_data_output";

/// Reads a call of at most `most` bytes, which the setting beside it decides, and the form in which its answer is wanted.
pub(super) async fn read(
    mut request: Request,
    (most, setting): (usize, &'static str),
) -> Result<(Call, Form), Problem> {
    let headers = request.headers().clone();
    if !is_taken(&headers) {
        return Err(Problem::NotJsonType);
    }
    let json = json_length(&headers)?;
    DefaultBodyLimit::max(most).apply(&mut request);
    let bytes = body::bytes(request, setting).await?;
    // A body of points takes a while to read.
    tokio::task::spawn_blocking(move || parse(&bytes, json)).await.map_err(|_| Problem::unforeseen())?
}

/// Whether the body is said to be what a call is. Clients of the protocol say nothing, or what they please where bytes follow.
fn is_taken(headers: &HeaderMap) -> bool {
    let is_mixed = headers.contains_key(HEADER_LENGTH);
    headers.get(CONTENT_TYPE).is_none_or(|value| value == "application/octet-stream" && is_mixed)
        || body::is_json(headers)
}

/// How many bytes of the body are JSON, where not all are.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(length) = headers.get(HEADER_LENGTH) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|length| length.parse().ok());
    number.map(Some).ok_or_else(|| fault(HEADER_LENGTH.as_str(), "is not a number of bytes"))
}

fn fault(field: &str, reason: impl Into<String>) -> Problem {
    InvalidRequest { field: field.to_owned(), reason: reason.into() }.into()
}

fn parse(bytes: &[u8], json: Option<usize>) -> Result<(Call, Form), Problem> {
    let (json, mut rest) = bytes
        .split_at_checked(json.unwrap_or(bytes.len()))
        .ok_or_else(|| fault(HEADER_LENGTH.as_str(), format!("is more than the {} bytes of the body", bytes.len())))?;
    let Document { id, mut parameters, inputs, outputs } =
        body::parse(json, r#"{"inputs": [{"name": "n", "datatype": "INT64", "shape": [1], "data": [4]}]}"#)?;
    let all = match parameters.remove(BINARY_OUTPUT) {
        None => false,
        Some(Value::Bool(all)) => all,
        Some(_) => return Err(fault(BINARY_OUTPUT, "must be true or false")),
    };
    if let Some((name, _)) =
        parameters.iter().find(|(_, value)| !(value.is_boolean() || value.is_number() || value.is_string()))
    {
        return Err(fault(name, "a parameter must be true or false, a number or a text"));
    }
    let inputs = inputs.into_iter().map(|input| input.tensor(&mut rest)).collect::<Result<_, _>>()?;
    if !rest.is_empty() {
        return Err(fault("inputs", format!("{} bytes are left over that no binary_data_size claims", rest.len())));
    }
    let binary = outputs.iter().map(|wanted| wanted.parameters.binary_data.unwrap_or(all)).collect();
    let outputs = outputs.into_iter().map(|wanted| wanted.name).collect();
    let call = Call { inputs, parameters: parameters.into_iter().collect(), outputs, within: None };
    Ok((call, Form { id, all, binary }))
}

impl Input {
    /// The tensor, its elements from its data, or from the first of the bytes in `rest`.
    fn tensor(self, rest: &mut &[u8]) -> Result<Tensor, InvalidRequest> {
        let Self { name, shape, datatype, parameters: Placed { binary_data_size }, data } = self;
        let elements = Datatype::named(&datatype).and_then(|datatype| match (data, binary_data_size) {
            (Some(data), None) => data.elements(datatype),
            (None, Some(size)) => {
                let (bytes, after) = rest
                    .split_at_checked(size)
                    .ok_or_else(|| format!("has {size} bytes behind the JSON, where {} are left", rest.len()))?;
                *rest = after;
                Elements::from_bytes(datatype, bytes)
            }
            (None, None) => Err("has no data; give it as a list, or as bytes with binary_data_size".to_owned()),
            (Some(_), Some(_)) => Err("has data and binary_data_size; give one of them".to_owned()),
        });
        Tensor::new(name, shape, elements)
    }
}
