//! What is asked: tensors and parameters, and the request that they are.

use super::distinct::Distinct;
use super::tensor::{Elements, Tensor};
use super::{Port, Signature};
use crate::engine::{InvalidRequest, OneOrEach, RawLabel, RawSampleRequest, RawScoreRequest};
use crate::score::ModelInfo;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;

/// A call of a model.
///
/// What is one value may be an input or a parameter; points, and what there is one of for each, are inputs.
#[derive(Debug, Default)]
pub(crate) struct Call {
    /// The inputs.
    pub(crate) inputs: Vec<Tensor>,
    /// The parameters of the call; truth values, numbers and texts.
    pub(crate) parameters: Vec<(String, Value)>,
    /// The names of the outputs that are wanted; where there are none, all.
    pub(crate) outputs: Vec<String>,
    /// How long the client waits, where the wire tells.
    pub(crate) within: Option<Duration>,
}

impl Call {
    /// The request for samples that it is. `most` is the longest that any may take.
    ///
    /// # Errors
    /// For the first input or parameter that is not of `signature`, or cannot be read.
    pub(crate) fn samples(self, signature: &Signature, most: Duration) -> Result<RawSampleRequest, InvalidRequest> {
        let within = self.within;
        let (mut values, _) = self.sorted(signature)?;
        if let Some(sampler) = values.get_mut("sampler") {
            *sampler = object(sampler).map_err(|reason| InvalidRequest::new("sampler", reason))?;
        }
        let mut raw: RawSampleRequest = read(values)?;
        raw.deadline_ms = sooner(raw.deadline_ms, within, most);
        Ok(raw)
    }

    /// The request for scores of points of `info` that it is. `most` is the longest that any may take.
    ///
    /// # Errors
    /// As [`samples`](Self::samples).
    pub(crate) fn scores(
        self,
        signature: &Signature,
        info: &ModelInfo,
        most: Duration,
    ) -> Result<RawScoreRequest, InvalidRequest> {
        let within = self.within;
        let (values, tensors) = self.sorted(signature)?;
        let mut raw: RawScoreRequest = read(values)?;
        raw.deadline_ms = sooner(raw.deadline_ms, within, most);
        for tensor in tensors {
            match tensor.name.as_str() {
                "x" => raw.x = Some(points(tensor, info)?),
                "sigma" => raw.sigma = Some(levels(tensor)?),
                _ => raw.label = Some(classes(tensor)?),
            }
        }
        Ok(raw)
    }

    /// What is one value, by its name; and what there is one of for each row.
    fn sorted(self, signature: &Signature) -> Result<(Map<String, Value>, Vec<Tensor>), InvalidRequest> {
        let twice = |name: &str| InvalidRequest::new(name, "is given twice");
        let (mut values, mut tensors) = (Map::new(), Vec::<Tensor>::new());
        for tensor in self.inputs {
            if signature.input(&tensor.name)?.is_one() {
                let value = one(&tensor).map_err(|reason| InvalidRequest::new(&tensor.name, reason))?;
                if values.insert(tensor.name.clone(), value).is_some() {
                    return Err(twice(&tensor.name));
                }
            } else if tensors.iter().any(|other| other.name == tensor.name) {
                return Err(twice(&tensor.name));
            } else {
                tensors.push(tensor);
            }
        }
        for (name, value) in self.parameters {
            if !signature.input(&name)?.is_one() {
                return Err(InvalidRequest::new(name, "is an input, and no parameter"));
            }
            if values.contains_key(&name) {
                return Err(twice(&name));
            }
            values.insert(name, value);
        }
        Ok((values, tensors))
    }
}

impl Port {
    /// Whether it is one value.
    fn is_one(&self) -> bool {
        self.shape == [1]
    }
}

impl Signature {
    /// The input called `name`.
    fn input(&self, name: &str) -> Result<&Port, InvalidRequest> {
        self.inputs.iter().find(|port| port.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.inputs.iter().map(|port| port.name).collect();
            InvalidRequest::new(
                name,
                format!("'{}' has no such input or parameter; it has {}", self.name, known.join(", ")),
            )
        })
    }
}

/// The one value of `tensor`.
fn one(tensor: &Tensor) -> Result<Value, String> {
    match &tensor.elements {
        Elements::Whole(values) if values.len() == 1 => Ok(serde_json::Number::from_i128(values[0]).into()),
        Elements::Text(values) if values.len() == 1 => Ok(values[0].as_str().into()),
        Elements::Fp32(_) => Err("is of FP32; it must be a whole number, or BYTES".to_owned()),
        Elements::Whole(_) | Elements::Text(_) => {
            Err(format!("is of shape {:?}; it must be one value, of shape [1]", tensor.shape))
        }
    }
}

/// The object that a text of JSON is.
fn object(text: &Value) -> Result<Value, String> {
    let advice = r#"it must be a JSON object in BYTES, as {"method": "ancestral", "steps": 25}"#;
    let text = text.as_str().ok_or(advice)?;
    let Distinct(object) = serde_json::from_str(text).map_err(|error| format!("{error}; {advice}"))?;
    Ok(Value::Object(object))
}

/// What `values` say, as the body of a native request would.
fn read<T: DeserializeOwned>(values: Map<String, Value>) -> Result<T, InvalidRequest> {
    serde_path_to_error::deserialize(Value::Object(values)).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.into_inner().to_string();
        // Some reasons name their field themselves.
        let reason = reason.strip_prefix(&format!("{field}: ")).unwrap_or(&reason).to_owned();
        InvalidRequest::new(field, reason)
    })
}

/// The earlier of a deadline in milliseconds that was asked for and the end of the client's patience.
fn sooner(asked: Option<u64>, within: Option<Duration>, most: Duration) -> Option<u64> {
    let Some(within) = within else { return asked };
    let within = within.min(most).as_millis().max(1) as u64;
    Some(asked.map_or(within, |asked| asked.min(within)))
}

/// The rows of `x`.
fn points(x: Tensor, info: &ModelInfo) -> Result<Vec<Vec<f32>>, InvalidRequest> {
    let Elements::Fp32(numbers) = x.elements else { return Err(InvalidRequest::new("x", "must be of FP32")) };
    let is_of = |(axis, &size): (&i64, &usize)| usize::try_from(*axis) == Ok(size);
    if x.shape.len() != 1 + info.shape.len() || !x.shape[1..].iter().zip(&info.shape).all(is_of) {
        let shape: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
        return Err(InvalidRequest::new(
            "x",
            format!("is of shape {:?}; it must be [rows, {}]", x.shape, shape.join(", ")),
        ));
    }
    Ok(numbers.chunks(info.dim()).map(<[f32]>::to_vec).collect())
}

/// The noise levels.
fn levels(sigma: Tensor) -> Result<OneOrEach<f64>, InvalidRequest> {
    let Elements::Fp32(numbers) = sigma.elements else { return Err(InvalidRequest::new("sigma", "must be of FP32")) };
    let levels = numbers.into_iter().map(f64::from);
    one_or_each("sigma", &sigma.shape, levels.collect())
}

/// The classes, by number or by name; −1 is none.
fn classes(label: Tensor) -> Result<OneOrEach<Option<RawLabel>>, InvalidRequest> {
    let number = |(place, value): (usize, i128)| {
        let number = i64::try_from(value).ok().filter(|&number| number >= -1).ok_or_else(|| {
            InvalidRequest::new(
                format!("label[{place}]"),
                format!("is {value}; a class is a number from 0, and none is -1"),
            )
        })?;
        Ok(Some(RawLabel::Number(number)))
    };
    let classes = match label.elements {
        Elements::Whole(values) => values.into_iter().enumerate().map(number).collect::<Result<_, _>>()?,
        Elements::Text(names) => names.into_iter().map(|name| Some(RawLabel::Name(name))).collect(),
        Elements::Fp32(_) => {
            return Err(InvalidRequest::new("label", "is of FP32; it must be of whole numbers, or BYTES"));
        }
    };
    one_or_each("label", &label.shape, classes)
}

/// The one for all rows, or those for each.
fn one_or_each<T>(name: &str, shape: &[i64], mut values: Vec<T>) -> Result<OneOrEach<T>, InvalidRequest> {
    if shape.len() != 1 {
        return Err(InvalidRequest::new(
            name,
            format!("is of shape {shape:?}; it must be [rows], or [1] for all of them"),
        ));
    }
    match values.pop() {
        Some(value) if values.is_empty() => Ok(OneOrEach::One(value)),
        last => {
            values.extend(last);
            Ok(OneOrEach::Each(values))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_deadlines_holds() {
        let (most, second) = (Duration::from_secs(10), Duration::from_secs(1));
        assert_eq!(sooner(None, None, most), None);
        assert_eq!(sooner(Some(20_000), None, most), Some(20_000));
        assert_eq!(sooner(None, Some(second), most), Some(1000));
        assert_eq!(sooner(Some(500), Some(second), most), Some(500));
        assert_eq!(sooner(Some(5000), Some(second), most), Some(1000));
        assert_eq!(sooner(None, Some(Duration::MAX), most), Some(10_000));
        assert_eq!(sooner(None, Some(Duration::from_nanos(1)), most), Some(1));
    }
}
