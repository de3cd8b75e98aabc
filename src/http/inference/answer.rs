//! The answer to a call: JSON, and behind it the bytes of those outputs that were wanted so.

use super::HEADER_LENGTH;
use super::service::Answer;
use crate::http::answers::TEXT;
use crate::http::encode::Unwritable;
use crate::http::room::NUMBER;
use crate::oip::{Numbers, VERSION};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The form in which an answer is wanted.
#[derive(Default)]
pub(super) struct Form {
    /// What the client calls the call.
    pub(super) id: Option<String>,
    /// Whether outputs are wanted as bytes of which nothing else is said.
    pub(super) all: bool,
    /// Whether each of those is that was asked for by name.
    pub(super) binary: Vec<bool>,
}

/// What a call is answered.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceAnswer)]
pub(super) struct Document<'a> {
    /// The name by which the model was asked for.
    model_name: &'a str,
    /// Its one version.
    model_version: &'static str,
    /// The call's own id, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// The outputs that were wanted, in that order.
    outputs: Vec<Written<'a>>,
}

/// A tensor: in JSON, or as bytes behind it.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceOutput)]
struct Written<'a> {
    /// Its name.
    name: &'a str,
    /// `FP32` or `UINT64`.
    datatype: &'static str,
    /// Its sizes.
    shape: &'a [usize],
    #[serde(flatten)]
    elements: Elements<'a>,
}

/// Where the elements are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InferenceElements)]
enum Elements<'a> {
    /// Here, row by row.
    #[schema(value_type = Vec<f64>)]
    Data(Data<'a>),
    /// Behind the JSON, in so many bytes.
    Parameters { binary_data_size: usize },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Fp32(&'a [f32]),
    Uint64(&'a [u64]),
}

impl Form {
    /// The most bytes that a number takes in this form.
    pub(super) fn number(&self) -> usize {
        let none_is_text = if self.binary.is_empty() { self.all } else { self.binary.iter().all(|&binary| binary) };
        if none_is_text { NUMBER } else { TEXT }
    }

    /// `answer` in this form.
    pub(super) fn write(&self, answer: Answer) -> Result<Response, Unwritable> {
        let (mut outputs, mut behind) = (Vec::new(), Vec::new());
        for (place, output) in answer.outputs.iter().enumerate() {
            let elements = if self.binary.get(place).copied().unwrap_or(self.all) {
                let bytes = output.numbers.bytes();
                behind.extend_from_slice(&bytes);
                Elements::Parameters { binary_data_size: bytes.len() }
            } else {
                Elements::Data(match &output.numbers {
                    Numbers::Fp32(numbers) => Data::Fp32(numbers),
                    Numbers::Uint64(numbers) => Data::Uint64(numbers),
                })
            };
            let datatype = output.numbers.datatype().name();
            outputs.push(Written { name: output.name, datatype, shape: &output.shape, elements });
        }
        let (model_name, id) = (answer.model.as_str(), self.id.as_deref());
        let mut body = serde_json::to_vec(&Document { model_name, model_version: VERSION, id, outputs })?;
        if behind.is_empty() {
            return Ok(([(CONTENT_TYPE, "application/json")], answer.room.hold(body)).into_response());
        }
        let length = body.len().to_string();
        body.append(&mut behind);
        let told = [(CONTENT_TYPE, "application/octet-stream"), (HEADER_LENGTH, &length)];
        Ok((told, answer.room.hold(body)).into_response())
    }
}
