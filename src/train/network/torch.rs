//! The interpreter that evaluates and differentiates: libtorch.

use super::{Ops, Start};
use crate::sampler::{Noise, Purpose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// The weights of a network by name.
#[derive(Debug, Default)]
pub struct Weights(pub BTreeMap<String, Tensor>);

impl Weights {
    /// A copy with tensors of its own, which takes no part in differentiation.
    #[must_use]
    pub fn detached_copy(&self) -> Self {
        self.map(|tensor| tensor.detach().copy())
    }

    /// The same names with zeros.
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        self.map(|tensor| tensor.detach().zeros_like())
    }

    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
        Self(self.0.iter().map(|(name, tensor)| (name.clone(), f(tensor))).collect())
    }

    /// Where the tensors lie.
    #[must_use]
    pub fn device(&self) -> Device {
        self.0.values().next().map_or(Device::Cpu, Tensor::device)
    }

    /// Every name, and the shape of its tensor.
    #[must_use]
    pub fn shapes(&self) -> Vec<(&str, Vec<i64>)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor.size())).collect()
    }

    /// The number of elements of all of them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().map(Tensor::numel).sum()
    }
}

/// Reads a description as tensors. A weight that is not there yet is made, from the seed and its place among the weights.
pub struct TorchOps<'a> {
    /// The weights.
    pub weights: &'a mut Weights,
    /// Where the tensors lie.
    pub device: Device,
    /// The seed of the weights' beginning.
    pub seed: u64,
    /// What convolutions compute in; their results are float32.
    pub precision: Precision,
}

/// The numbers that convolutions multiply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// float32.
    #[default]
    F32,
    /// bfloat16 products summed in float32: faster where the processor has matrix instructions for it (AMX, CUDA), and on some others.
    Bf16,
}

impl Ops for TorchOps<'_> {
    type Value = Shared;

    fn weight(&mut self, name: &str, shape: &[i64], start: Start) -> Shared {
        let index = self.weights.0.len() as u32;
        let tensor = self.weights.0.entry(name.to_owned()).or_insert_with(|| {
            let mut values = vec![0.0; shape.iter().product::<i64>() as usize];
            match start {
                Start::Constant(value) => values.fill(value),
                Start::Scaled { fan_in } => {
                    let deviation = 1.0 / (fan_in as f32).sqrt();
                    let noise = Noise::new(self.seed, index, Purpose::Weights);
                    noise.for_each_normal(0, &mut values, |_, value, z| *value = deviation * z);
                }
            }
            Tensor::from_slice(&values).reshape(shape).to_device(self.device).set_requires_grad(true)
        });
        Shared(tensor.shallow_clone())
    }

    fn constant(&mut self, _name: &str, shape: &[i64], values: &[f32]) -> Shared {
        Shared(Tensor::from_slice(values).reshape(shape).to_device(self.device))
    }

    fn add(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(&a.0 + &b.0)
    }

    fn sub(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(&a.0 - &b.0)
    }

    fn mul(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(&a.0 * &b.0)
    }

    fn div(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(&a.0 / &b.0)
    }

    fn max(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(a.0.maximum(&b.0))
    }

    fn min(&mut self, a: &Shared, b: &Shared) -> Shared {
        Shared(a.0.minimum(&b.0))
    }

    fn sqrt(&mut self, x: &Shared) -> Shared {
        Shared(x.0.sqrt())
    }

    fn ln(&mut self, x: &Shared) -> Shared {
        Shared(x.0.log())
    }

    fn cos(&mut self, x: &Shared) -> Shared {
        Shared(x.0.cos())
    }

    fn silu(&mut self, x: &Shared) -> Shared {
        Shared(x.0.silu())
    }

    fn linear(&mut self, x: &Shared, weight: &Shared, bias: &Shared) -> Shared {
        Shared(x.0.linear(&weight.0, Some(&bias.0)))
    }

    fn conv2d(&mut self, x: &Shared, weight: &Shared, bias: &Shared, kernel: i64, stride: i64) -> Shared {
        let kind = match self.precision {
            Precision::F32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        };
        let [x, weight, bias] = [x, weight, bias].map(|value| value.0.to_kind(kind));
        let y = x.conv2d(&weight, Some(&bias), [stride, stride], [kernel / 2, kernel / 2], [1, 1], 1);
        Shared(y.to_kind(Kind::Float))
    }

    fn group_norm(&mut self, x: &Shared, _: &[i64; 3], groups: i64, [weight, bias]: [&Shared; 2]) -> Shared {
        Shared(x.0.group_norm(groups, Some(&weight.0), Some(&bias.0), super::NORM_EPSILON, true))
    }

    fn global_average_pool(&mut self, x: &Shared) -> Shared {
        Shared(x.0.mean_dim([2, 3].as_slice(), false, Kind::Float))
    }

    fn embedding(&mut self, label: &Shared, table: &Shared) -> Shared {
        Shared(table.0.index_select(0, &(&label.0 + 1)))
    }

    fn space_to_depth(&mut self, x: &Shared, _: &[i64; 3]) -> Shared {
        // The channels of a pixel beside one another, as all that follows then has them: convolutions need not lay them so again.
        Shared(x.0.pixel_unshuffle(2).permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]))
    }

    fn depth_to_space(&mut self, x: &Shared) -> Shared {
        Shared(x.0.pixel_shuffle(2))
    }

    fn repeat_pixels(&mut self, x: &Shared, [channels, h, w]: &[i64; 3], [down, across]: [i64; 2]) -> Shared {
        Shared(match (h, w) {
            // A view: nothing is copied.
            (1, 1) => x.0.expand([-1, *channels, down, across], false),
            _ => x.0.upsample_nearest2d([h * down, w * across], None, None),
        })
    }

    fn stack(&mut self, weights: &[Shared]) -> Shared {
        Shared(Tensor::cat(&weights.iter().map(|weight| &weight.0).collect::<Vec<_>>(), 0))
    }

    fn split<const N: usize>(&mut self, x: &Shared, widths: [i64; N]) -> [Shared; N] {
        let mut start = 0;
        widths.map(|width| {
            start += width;
            Shared(x.0.narrow(1, start - width, width))
        })
    }

    fn reshape(&mut self, x: &Shared, shape: &[i64]) -> Shared {
        let whole: Vec<i64> = std::iter::once(-1).chain(shape.iter().copied()).collect();
        Shared(x.0.reshape(whole))
    }

    fn columns(&mut self, x: &Shared, columns: i64) -> Shared {
        Shared(x.0.unsqueeze(1).expand([-1, columns], false))
    }
}

/// A tensor that is shared when it is cloned: libtorch counts the references.
pub struct Shared(pub Tensor);

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self(self.0.shallow_clone())
    }
}

/// The elements of a float32 tensor, row-major.
#[must_use]
pub fn values(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut values = vec![0.0_f32; flat.numel()];
    let count = values.len();
    flat.copy_data(&mut values, count);
    values
}
