//! The body of a call: JSON, and behind it the bytes of those tensors that say so.

use super::HEADER_LENGTH;
use super::answer::Form;
use super::flat::Flat;
use crate::engine::InvalidRequest;
use crate::http::body;
use crate::http::encode::blocking;
use crate::http::problem::Problem;
use crate::http::score::JSON_NUMBER;
use crate::oip::{Call, Datatype, Distinct, Elements, Tensor};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A call of a model.
#[derive(Deserialize, ToSchema)]
#[schema(as = InferenceCall)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// What the client calls it; the answer has it too.
    id: Option<String>,
    #[serde(default)]
    #[schema(schema_with = schema::parameters)]
    parameters: Distinct,
    /// Tensors that the model takes; what may be left out has a value without.
    #[serde(default)]
    inputs: Vec<Input>,
    /// The outputs that are wanted; all, where none is named.
    #[serde(default)]
    outputs: Vec<Wanted>,
}

/// A tensor that a call brings.
#[derive(Deserialize, ToSchema)]
#[schema(as = InferenceInput)]
#[serde(deny_unknown_fields)]
struct Input {
    /// One of those in the model's description.
    name: String,
    /// Its sizes.
    shape: Vec<i64>,
    /// The type of its elements, as `FP32`, `INT64` or `BYTES`.
    datatype: String,
    #[serde(default)]
    parameters: Placed,
    #[schema(schema_with = schema::elements)]
    data: Option<Flat>,
}

/// Where the elements of an input are that are not in its data.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = InferencePlaced)]
#[serde(deny_unknown_fields)]
struct Placed {
    /// Behind the JSON, in so many bytes.
    binary_data_size: Option<usize>,
}

/// An output that is wanted.
#[derive(Deserialize, ToSchema)]
#[schema(as = InferenceWanted)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Its name.
    name: String,
    #[serde(default)]
    parameters: Binary,
}

/// How an output is wanted.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = InferenceBinary)]
#[serde(deny_unknown_fields)]
struct Binary {
    /// As bytes behind the JSON.
    binary_data: Option<bool>,
}

/// What no type says.
mod schema {
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};

    fn any_of(types: impl IntoIterator<Item = Type>) -> AnyOfBuilder {
        let of = |item| ObjectBuilder::new().schema_type(SchemaType::Type(item)).build();
        types.into_iter().fold(AnyOfBuilder::new(), |any, item| any.item(of(item)))
    }

    pub(super) fn parameters() -> Schema {
        let values = any_of([Type::Boolean, Type::Number, Type::String]);
        ObjectBuilder::new()
            .description(Some(
                "Inputs of one element, by name; and `binary_data_output`: whether outputs are wanted as bytes behind the JSON.",
            ))
            .additional_properties(Some(Schema::from(values)))
            .build()
            .into()
    }

    pub(super) fn elements() -> Schema {
        let items = any_of([Type::Number, Type::String]).item(ArrayBuilder::new().build());
        ArrayBuilder::new()
            .description(Some("Its elements, numbers or texts, row by row, in one list or in lists of lists."))
            .items(RefOr::T(items.into()))
            .build()
            .into()
    }
}

/// The parameter by which a call says it of all its outputs.
const BINARY_OUTPUT: &str = "binary_data_output";

/// Reads a call of at most `most` bytes, which the setting beside it decides, and the form in which its answer is wanted.
pub(super) async fn read(request: Request, (most, setting): (usize, &'static str)) -> Result<(Call, Form), Problem> {
    let headers = request.headers().clone();
    if !is_taken(&headers) {
        return Err(Problem::NotJsonType);
    }
    let json = json_length(&headers)?;
    let bytes = body::read(request.into_body(), most, setting).await?;
    // A body of points takes a while to read.
    blocking(move || parse(&bytes, json, most)).await
}

/// Whether the body is said to be JSON, or what a call is. Clients of the protocol say nothing, or what they please where bytes follow.
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    let is_mixed = headers.contains_key(HEADER_LENGTH);
    let is_bytes = is_mixed && body::media_type(headers) == "application/octet-stream";
    !headers.contains_key(CONTENT_TYPE) || is_bytes || body::is_json(headers)
}

/// How many bytes of the body are JSON, where not all are.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(length) = headers.get(HEADER_LENGTH) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|length| length.parse().ok());
    number.map(Some).ok_or_else(|| fault(HEADER_LENGTH.as_str(), "is not a number of bytes"))
}

fn fault(field: &str, reason: impl Into<String>) -> Problem {
    InvalidRequest::new(field, reason).into()
}

fn parse(bytes: &[u8], json: Option<usize>, most: usize) -> Result<(Call, Form), Problem> {
    let (json, mut rest) = bytes
        .split_at_checked(json.unwrap_or(bytes.len()))
        .ok_or_else(|| fault(HEADER_LENGTH.as_str(), format!("is more than the {} bytes of the body", bytes.len())))?;
    if body::elements(json) > most / JSON_NUMBER {
        return Err(fault("inputs", format!("the call has more than {} elements", most / JSON_NUMBER)));
    }
    let Document { id, parameters: Distinct(mut parameters), inputs, outputs } =
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
