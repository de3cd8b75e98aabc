//! From nodes in the order they are computed to the bytes of a file.

use super::proto::attribute_proto::AttributeType;
use super::proto::tensor_proto::DataType;
use super::proto::tensor_shape_proto::{Dimension, dimension};
use super::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use prost::Message;
use std::collections::HashSet;
use std::sync::Arc;

/// The operators are those of this version of ONNX: the last whose `Resize` onnxruntime runs in the layout that it gives to convolutions.
const OPSET: i64 = 17;
/// The file format that came with that opset.
const IR_VERSION: i64 = 8;

/// A tensor in a graph: an input, a constant or what a node computes. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Arc<str>);

impl Value {
    /// In place of an input that a node may have and does not.
    #[must_use]
    pub fn none() -> Self {
        Self("".into())
    }
}

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// float32.
    F32,
    /// float64.
    F64,
    /// int64.
    I64,
}

/// An attribute of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// One whole number.
    Int(i64),
    /// Several whole numbers.
    Ints(Vec<i64>),
    /// One real number.
    Float(f32),
    /// A text.
    Text(String),
}

/// A graph under construction. What is added in the same order gives the same bytes.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    names: HashSet<Arc<str>>,
}

impl GraphBuilder {
    /// An empty graph called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { graph: GraphProto { name: name.to_owned(), ..GraphProto::default() }, names: HashSet::new() }
    }

    /// A float32 input of shape [batch, …`row`] with a free first axis.
    pub fn input_f32(&mut self, name: &str, row: &[i64]) -> Value {
        self.input(name, Element::F32, &batch_of(row))
    }

    /// An int64 input of shape [batch, …`row`] with a free first axis.
    pub fn input_i64(&mut self, name: &str, row: &[i64]) -> Value {
        self.input(name, Element::I64, &batch_of(row))
    }

    /// An input of any type and shape; an axis without a size is free.
    pub fn input(&mut self, name: &str, element: Element, axes: &[Option<i64>]) -> Value {
        let value = self.unique(name);
        self.graph.input.push(tensor_info(&value, element, axes));
        value
    }

    /// A float32 constant of shape `shape`, row-major.
    ///
    /// # Panics
    /// Where `data` has another number of elements than `shape`.
    pub fn constant_f32(&mut self, name: &str, shape: &[i64], data: &[f32]) -> Value {
        self.constant(name, Element::F32, shape, data.iter().map(|x| x.to_le_bytes()))
    }

    /// A float64 constant of shape `shape`, row-major.
    ///
    /// # Panics
    /// Where `data` has another number of elements than `shape`.
    pub fn constant_f64(&mut self, name: &str, shape: &[i64], data: &[f64]) -> Value {
        self.constant(name, Element::F64, shape, data.iter().map(|x| x.to_le_bytes()))
    }

    /// An int64 constant of shape `shape`, row-major.
    ///
    /// # Panics
    /// Where `data` has another number of elements than `shape`.
    pub fn constant_i64(&mut self, name: &str, shape: &[i64], data: &[i64]) -> Value {
        self.constant(name, Element::I64, shape, data.iter().map(|x| x.to_le_bytes()))
    }

    /// A node: `op` of the ONNX operator set applied to `inputs`. What it computes (its first output).
    pub fn node(&mut self, op: &str, inputs: &[&Value], attributes: &[(&str, Attr)]) -> Value {
        let [output] = self.nodes(op, inputs, attributes);
        output
    }

    /// A node that computes several values.
    pub fn nodes<const N: usize>(&mut self, op: &str, inputs: &[&Value], attributes: &[(&str, Attr)]) -> [Value; N] {
        let outputs = std::array::from_fn(|_| self.unique(op));
        self.push(op, inputs, attributes, &outputs);
        outputs
    }

    /// Writes down that the float32 `value` is of shape [batch, …`row`], for a reader that could not tell.
    pub fn note_shape(&mut self, value: &Value, row: &[i64]) {
        self.graph.value_info.push(tensor_info(value, Element::F32, &batch_of(row)));
    }

    /// `value` with its elements made `element`.
    pub fn cast(&mut self, value: &Value, element: Element) -> Value {
        self.node("Cast", &[value], &[("to", Attr::Int(element.code().into()))])
    }

    /// Makes the float32 `value`, of shape [batch, …`row`], the graph's output `name`.
    pub fn output_f32(&mut self, name: &str, value: &Value, row: &[i64]) {
        self.output(name, value, Element::F32, &batch_of(row));
    }

    /// Makes `value` the graph's output `name`; an axis without a size is free.
    pub fn output(&mut self, name: &str, value: &Value, element: Element, axes: &[Option<i64>]) {
        let output = self.unique(name);
        self.push("Identity", &[value], &[], std::slice::from_ref(&output));
        self.graph.output.push(tensor_info(&output, element, axes));
    }

    /// The file's bytes, with `metadata` as pairs of key and value.
    #[must_use]
    pub fn finish(self, metadata: &[(String, String)]) -> Vec<u8> {
        let entry = |(key, value): &(String, String)| StringStringEntryProto { key: key.clone(), value: value.clone() };
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: "smld".to_owned(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: metadata.iter().map(entry).collect(),
        }
        .encode_to_vec()
    }

    fn constant<const WIDTH: usize>(
        &mut self,
        name: &str,
        element: Element,
        shape: &[i64],
        data: impl ExactSizeIterator<Item = [u8; WIDTH]>,
    ) -> Value {
        assert_eq!(shape.iter().product::<i64>(), data.len() as i64, "the constant '{name}' has shape {shape:?}");
        let value = self.unique(name);
        self.graph.initializer.push(TensorProto {
            dims: shape.to_vec(),
            data_type: element.code(),
            name: value.0.to_string(),
            raw_data: data.flatten().collect(),
        });
        value
    }

    fn push(&mut self, op: &str, inputs: &[&Value], attributes: &[(&str, Attr)], outputs: &[Value]) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|value| value.0.to_string()).collect(),
            output: outputs.iter().map(|value| value.0.to_string()).collect(),
            name: outputs.first().map(|value| value.0.to_string()).unwrap_or_default(),
            op_type: op.to_owned(),
            attribute: attributes.iter().map(|(name, attribute)| attribute.named(name)).collect(),
        });
    }

    /// A value called `name`, or `name_1`, `name_2`, … where that is taken.
    fn unique(&mut self, name: &str) -> Value {
        let mut unique: Arc<str> = name.into();
        for i in 1.. {
            if self.names.insert(Arc::clone(&unique)) {
                break;
            }
            unique = format!("{name}_{i}").into();
        }
        Value(unique)
    }
}

impl Element {
    /// The type's number in the format.
    fn code(self) -> i32 {
        match self {
            Self::F32 => DataType::Float.into(),
            Self::F64 => DataType::Double.into(),
            Self::I64 => DataType::Int64.into(),
        }
    }
}

impl Attr {
    fn named(&self, name: &str) -> AttributeProto {
        let mut attribute = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
        match self {
            Self::Int(i) => {
                attribute.set_type(AttributeType::Int);
                attribute.i = *i;
            }
            Self::Ints(ints) => {
                attribute.set_type(AttributeType::Ints);
                attribute.ints.clone_from(ints);
            }
            Self::Float(f) => {
                attribute.set_type(AttributeType::Float);
                attribute.f = *f;
            }
            Self::Text(text) => {
                attribute.set_type(AttributeType::String);
                attribute.s = text.clone().into_bytes();
            }
        }
        attribute
    }
}

/// [batch, …`row`].
fn batch_of(row: &[i64]) -> Vec<Option<i64>> {
    std::iter::once(None).chain(row.iter().copied().map(Some)).collect()
}

fn tensor_info(value: &Value, element: Element, axes: &[Option<i64>]) -> ValueInfoProto {
    let dimension = |axis: &Option<i64>| {
        let size = axis.map_or_else(|| dimension::Value::DimParam("batch".to_owned()), dimension::Value::DimValue);
        Dimension { value: Some(size) }
    };
    let shape = TensorShapeProto { dim: axes.iter().map(dimension).collect() };
    let tensor = type_proto::Tensor { elem_type: element.code(), shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)) };
    ValueInfoProto { name: value.0.to_string(), r#type: Some(r#type) }
}
