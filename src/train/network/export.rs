//! The interpreter that writes: ONNX nodes.
//!
//! Operators are chosen for the runtime: group norms as InstanceNormalization between reshapes and BatchNormalization of
//! known moments, SiLU as Sigmoid·Mul, and all between the convolutions of a U-Net such that onnxruntime can leave it in
//! their layout or add it to them.

use super::torch::{Weights, values};
use super::{NORM_EPSILON, Ops, Start};
use crate::onnx::{Attr, GraphBuilder, Value};
use anyhow::{Result, ensure};

/// Reads a description as nodes of `graph`, with the values of `weights` as constants.
pub struct ExportOps<'a> {
    /// The graph that grows.
    pub graph: &'a mut GraphBuilder,
    /// The weights.
    pub weights: &'a Weights,
}

/// The largest difference between what a file and libtorch answer, relative to the largest answer.
const TOLERANCE: f64 = 1e-4;

/// Sees that `answer`, the `what` of the exported file, are `exact`, those of libtorch.
///
/// # Errors
/// Where a number is not finite, or they differ by more than 1e-4 of the largest.
pub fn same(what: &str, exact: &[f32], answer: &[f32]) -> Result<()> {
    ensure!(
        exact.iter().chain(answer).all(|x| x.is_finite()),
        "{what} are not finite numbers; the file was not written"
    );
    let largest = exact.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let apart = exact.iter().zip(answer).fold(0.0_f32, |apart, (a, b)| apart.max((a - b).abs()));
    let [largest, apart] = [largest, apart].map(f64::from);
    ensure!(
        apart <= TOLERANCE * largest,
        "{what} of the exported file and of libtorch differ by {:.1e} of the largest, more than {TOLERANCE:.0e}; the file was \
         not written",
        apart / largest
    );
    Ok(())
}

impl ExportOps<'_> {
    fn shape(&mut self, shape: &[i64]) -> Value {
        self.graph.constant_i64("shape", &[shape.len() as i64], shape)
    }

    fn whole(&mut self, name: &str, value: i64) -> Value {
        self.graph.constant_i64(name, &[1], &[value])
    }

    /// x seen as [batch, …`from`], its axes after the first in the order `order` (from 1), then seen as [batch, …`to`].
    fn rearrange(&mut self, x: &Value, from: &[i64], order: &[i64], to: &[i64]) -> Value {
        let x = self.reshape(x, from);
        let order = std::iter::once(0).chain(order.iter().copied()).collect();
        let x = self.graph.node("Transpose", &[&x], &[("perm", Attr::Ints(order))]);
        self.reshape(&x, to)
    }
}

impl Ops for ExportOps<'_> {
    type Value = Value;

    fn weight(&mut self, name: &str, shape: &[i64], _: Start) -> Value {
        // A description asks for the same weights whichever interpreter reads it.
        let values = self.weights.0.get(name).map(values).unwrap_or_default();
        self.graph.constant_f32(name, shape, &values)
    }

    fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> Value {
        self.graph.constant_f32(name, shape, values)
    }

    fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Add", &[a, b], &[])
    }

    fn sub(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Sub", &[a, b], &[])
    }

    fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Mul", &[a, b], &[])
    }

    fn div(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Div", &[a, b], &[])
    }

    fn max(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Max", &[a, b], &[])
    }

    fn min(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Min", &[a, b], &[])
    }

    fn sqrt(&mut self, x: &Value) -> Value {
        self.graph.node("Sqrt", &[x], &[])
    }

    fn ln(&mut self, x: &Value) -> Value {
        self.graph.node("Log", &[x], &[])
    }

    fn cos(&mut self, x: &Value) -> Value {
        self.graph.node("Cos", &[x], &[])
    }

    fn silu(&mut self, x: &Value) -> Value {
        let gate = self.graph.node("Sigmoid", &[x], &[]);
        self.graph.node("Mul", &[x, &gate], &[])
    }

    fn linear(&mut self, x: &Value, weight: &Value, bias: &Value) -> Value {
        self.graph.node("Gemm", &[x, weight, bias], &[("transB", Attr::Int(1))])
    }

    fn conv2d(&mut self, x: &Value, weight: &Value, bias: &Value, kernel: i64, stride: i64) -> Value {
        let attributes = [
            ("kernel_shape", Attr::Ints(vec![kernel; 2])),
            ("strides", Attr::Ints(vec![stride; 2])),
            ("pads", Attr::Ints(vec![kernel / 2; 4])),
        ];
        self.graph.node("Conv", &[x, weight, bias], &attributes)
    }

    fn group_norm(&mut self, x: &Value, shape: &[i64; 3], groups: i64, [weight, bias]: [&Value; 2]) -> Value {
        let [channels, height, width] = *shape;
        let grouped = self.reshape(x, &[groups, channels / groups * height * width]);
        let ones = self.graph.constant_f32("ones", &[groups], &vec![1.0; groups as usize]);
        let zeros = self.graph.constant_f32("zeros", &[groups], &vec![0.0; groups as usize]);
        let epsilon = [("epsilon", Attr::Float(NORM_EPSILON as f32))];
        let normal = self.graph.node("InstanceNormalization", &[&grouped, &ones, &zeros], &epsilon);
        let normal = self.reshape(&normal, shape);
        // Of known moments: one pass over x, where a product and a sum are two.
        let mean = self.graph.constant_f32("zeros", &[channels], &vec![0.0; channels as usize]);
        let variance = self.graph.constant_f32("ones", &[channels], &vec![1.0; channels as usize]);
        let inputs = [&normal, weight, bias, &mean, &variance];
        self.graph.node("BatchNormalization", &inputs, &[("epsilon", Attr::Float(0.0))])
    }

    fn global_average_pool(&mut self, x: &Value) -> Value {
        let means = self.graph.node("GlobalAveragePool", &[x], &[]);
        self.graph.node("Flatten", &[&means], &[])
    }

    fn embedding(&mut self, label: &Value, table: &Value) -> Value {
        let one = self.whole("one", 1);
        let row = self.graph.node("Add", &[label, &one], &[]);
        self.graph.node("Gather", &[table, &row], &[])
    }

    fn space_to_depth(&mut self, x: &Value, shape: &[i64; 3]) -> Value {
        let [c, h, w] = *shape;
        self.rearrange(x, &[c, h / 2, 2, w / 2, 2], &[1, 3, 5, 2, 4], &[4 * c, h / 2, w / 2])
    }

    fn depth_to_space(&mut self, x: &Value) -> Value {
        // CRD: a channel's 2×2 block lies in four neighbouring channels, as libtorch has it.
        let attributes = [("blocksize", Attr::Int(2)), ("mode", Attr::Text("CRD".to_owned()))];
        self.graph.node("DepthToSpace", &[x], &attributes)
    }

    fn repeat_pixels(&mut self, x: &Value, [channels, h, w]: &[i64; 3], [down, across]: [i64; 2]) -> Value {
        let scales = self.graph.constant_f32("scales", &[4], &[1.0, 1.0, down as f32, across as f32]);
        let text = |text: &str| Attr::Text(text.to_owned());
        let attributes = [
            ("mode", text("nearest")),
            ("nearest_mode", text("floor")),
            ("coordinate_transformation_mode", text("asymmetric")),
        ];
        let whole = self.graph.node("Resize", &[x, &Value::none(), &scales], &attributes);
        // A scale of one leaves open how long the batch is, and onnxruntime adds within a convolution only what is as long.
        self.graph.note_shape(&whole, &[*channels, h * down, w * across]);
        whole
    }

    fn stack(&mut self, weights: &[Value]) -> Value {
        self.graph.node("Concat", &weights.iter().collect::<Vec<_>>(), &[("axis", Attr::Int(0))])
    }

    fn split<const N: usize>(&mut self, x: &Value, widths: [i64; N]) -> [Value; N] {
        let sizes = self.graph.constant_i64("widths", &[N as i64], &widths);
        self.graph.nodes("Split", &[x, &sizes], &[("axis", Attr::Int(1))])
    }

    fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        // 0: as long as it was. By −1 onnxruntime would not know that two batches are equally long, and not add one within the
        // convolution that makes the other.
        let whole: Vec<i64> = std::iter::once(0).chain(shape.iter().copied()).collect();
        let shape = self.shape(&whole);
        self.graph.node("Reshape", &[x, &shape], &[])
    }

    fn columns(&mut self, x: &Value, columns: i64) -> Value {
        let column = self.reshape(x, &[1]);
        let shape = self.shape(&[1, columns]);
        self.graph.node("Expand", &[&column, &shape], &[])
    }
}
