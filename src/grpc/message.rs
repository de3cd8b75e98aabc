//! The protocol's messages to calls, and answers to messages.

use super::proto::infer_parameter::ParameterChoice;
use super::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::proto::model_infer_response::InferOutputTensor;
use super::proto::model_metadata_response::TensorMetadata;
use super::proto::{InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataResponse};
use crate::engine::InvalidRequest;
use crate::oip::{Call, Datatype, Elements, Numbers, Output, Port, Signature, Tensor, VERSION, text_of};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// In which form an answer is wanted: in that of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As bytes.
    Raw,
    /// As numbers.
    Typed,
}

impl Form {
    pub(super) fn of(request: &ModelInferRequest) -> Self {
        if request.raw_input_contents.is_empty() && !request.inputs.is_empty() { Self::Typed } else { Self::Raw }
    }
}

/// The call that `request` is, of a client that waits so long.
pub(super) fn read(request: ModelInferRequest, within: Option<Duration>) -> Result<Call, InvalidRequest> {
    let ModelInferRequest { parameters, inputs, outputs, raw_input_contents: raw, .. } = request;
    if !raw.is_empty() && raw.len() != inputs.len() {
        let reason = format!("has {} entries for {} inputs: one for each, or none", raw.len(), inputs.len());
        return Err(InvalidRequest::new("raw_input_contents", reason));
    }
    let raw = raw.into_iter().map(Some).chain(std::iter::repeat(None));
    let inputs = inputs.into_iter().zip(raw).map(|(input, raw)| tensor(input, raw)).collect::<Result<_, _>>()?;
    let output = |output: InferRequestedOutputTensor| none(&output.name, &output.parameters).map(|()| output.name);
    Ok(Call {
        inputs,
        parameters: parameters.into_iter().map(parameter).collect::<Result<_, _>>()?,
        outputs: outputs.into_iter().map(output).collect::<Result<_, _>>()?,
        within,
    })
}

/// A tensor has no parameters here.
fn none(tensor: &str, parameters: &HashMap<String, InferParameter>) -> Result<(), InvalidRequest> {
    match parameters.keys().min() {
        Some(name) => {
            Err(InvalidRequest::new(tensor, format!("has a parameter '{name}', which is not known; leave it out")))
        }
        None => Ok(()),
    }
}

fn parameter((name, parameter): (String, InferParameter)) -> Result<(String, Value), InvalidRequest> {
    let value = match parameter.parameter_choice {
        Some(ParameterChoice::BoolParam(value)) => value.into(),
        Some(ParameterChoice::Int64Param(value)) => value.into(),
        Some(ParameterChoice::Uint64Param(value)) => value.into(),
        Some(ParameterChoice::DoubleParam(value)) if !value.is_finite() => {
            return Err(InvalidRequest::new(&name, format!("is {value}; it must be a finite number")));
        }
        Some(ParameterChoice::DoubleParam(value)) => value.into(),
        Some(ParameterChoice::StringParam(value)) => value.into(),
        None => return Err(InvalidRequest::new(&name, "has no value")),
    };
    Ok((name, value))
}

fn tensor(input: InferInputTensor, raw: Option<Vec<u8>>) -> Result<Tensor, InvalidRequest> {
    let InferInputTensor { name, datatype, shape, parameters, contents } = input;
    none(&name, &parameters)?;
    let elements = Datatype::named(&datatype).and_then(|datatype| match (raw, contents) {
        (Some(bytes), None) => Elements::from_bytes(datatype, &bytes),
        (None, Some(contents)) => elements(datatype, contents),
        (Some(_), Some(_)) => Err("has contents beside raw_input_contents; give one of them".to_owned()),
        (None, None) => Err("has no contents".to_owned()),
    });
    Tensor::new(name, shape, elements)
}

/// The elements of `datatype` among `contents`.
fn elements(datatype: Datatype, contents: InferTensorContents) -> Result<Elements, String> {
    match datatype {
        Datatype::Int8 | Datatype::Int16 | Datatype::Int32 => {
            Elements::whole(datatype, contents.int_contents.into_iter().map(i128::from))
        }
        Datatype::Int64 => Elements::whole(datatype, contents.int64_contents.into_iter().map(i128::from)),
        Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 => {
            Elements::whole(datatype, contents.uint_contents.into_iter().map(i128::from))
        }
        Datatype::Uint64 => Elements::whole(datatype, contents.uint64_contents.into_iter().map(i128::from)),
        Datatype::Fp32 => Ok(Elements::Fp32(contents.fp32_contents)),
        Datatype::Bytes => {
            contents.bytes_contents.into_iter().map(text_of).collect::<Result<_, _>>().map(Elements::Text)
        }
    }
}

/// What `model` puts out, as the answer to the call that its client calls `id`.
pub(super) fn write(model: String, outputs: Vec<Output>, id: String, form: Form) -> ModelInferResponse {
    let mut response =
        ModelInferResponse { model_name: model, model_version: VERSION.to_owned(), id, ..Default::default() };
    for output in outputs {
        let datatype = output.numbers.datatype().name().to_owned();
        let shape = output.shape.iter().map(|&size| size as i64).collect();
        let contents = match (form, output.numbers) {
            (Form::Raw, numbers) => {
                response.raw_output_contents.push(numbers.bytes());
                None
            }
            (Form::Typed, Numbers::Fp32(fp32_contents)) => {
                Some(InferTensorContents { fp32_contents, ..Default::default() })
            }
            (Form::Typed, Numbers::Uint64(uint64_contents)) => {
                Some(InferTensorContents { uint64_contents, ..Default::default() })
            }
        };
        let name = output.name.to_owned();
        response.outputs.push(InferOutputTensor { name, datatype, shape, contents, ..Default::default() });
    }
    response
}

/// What a model takes and gives.
pub(super) fn metadata(signature: Signature) -> ModelMetadataResponse {
    let port = |Port { name, datatype, shape }| TensorMetadata {
        name: str::to_owned(name),
        datatype: datatype.name().to_owned(),
        shape,
    };
    ModelMetadataResponse {
        name: signature.name,
        versions: signature.versions.map(str::to_owned).to_vec(),
        platform: signature.platform.to_owned(),
        inputs: signature.inputs.into_iter().map(port).collect(),
        outputs: signature.outputs.into_iter().map(port).collect(),
    }
}
