//! Which rows a step sees, and its random numbers: functions of (seed, step), so that a run can go on exactly where it was.

use super::data::Dataset;
use crate::sampler::{Noise, Purpose};
use tch::{Device, Kind, Tensor};

/// The rows of every step: each epoch a new order of the whole set.
pub struct Batches<'a> {
    data: &'a Dataset,
    seed: u64,
    size: usize,
    label_drop: f32,
    device: Device,
    epoch: Option<u32>,
    order: Vec<u32>,
}

impl<'a> Batches<'a> {
    /// Batches of `size` rows of `data`; a class is dropped (label −1) with probability `label_drop`.
    pub fn new(data: &'a Dataset, seed: u64, size: usize, label_drop: f32, device: Device) -> Self {
        Self { data, seed, size, label_drop, device, epoch: None, order: Vec::new() }
    }

    /// The rows of `step`: x [size, …shape] and label `[size]`.
    pub fn get(&mut self, step: u32) -> (Tensor, Tensor) {
        let dim = self.data.shape().iter().product();
        let mut x = vec![0.0; self.size * dim];
        let mut label = Vec::with_capacity(self.size);
        let mut keep = vec![0.0; self.size];
        Noise::new(self.seed, step, Purpose::Conditions).uniform(Draws::LABELS, &mut keep);
        for (i, row) in x.chunks_mut(dim).enumerate() {
            let index = self.index(u64::from(step) * self.size as u64 + i as u64);
            self.data.row(index, row);
            label.push(if keep[i] < self.label_drop { -1 } else { self.data.label(index) });
        }
        let shape: Vec<i64> =
            std::iter::once(self.size).chain(self.data.shape().iter().copied()).map(|n| n as i64).collect();
        let x = Tensor::from_slice(&x).reshape(shape).to_device(self.device);
        (x, Tensor::from_slice(&label).to_device(self.device))
    }

    /// The row that is seen `position`-th since the beginning.
    fn index(&mut self, position: u64) -> usize {
        let len = self.data.len() as u64;
        let epoch = (position / len) as u32;
        if self.epoch != Some(epoch) {
            self.epoch = Some(epoch);
            self.order = order(self.seed, epoch, self.data.len());
        }
        self.order[(position % len) as usize] as usize
    }
}

/// The numbers from 0 to `len` − 1 in a random order, another for each epoch (Fisher & Yates).
#[must_use]
pub fn order(seed: u64, epoch: u32, len: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    let mut u = vec![0.0; len];
    Noise::new(seed, epoch, Purpose::Order).uniform(0, &mut u);
    for i in (1..len).rev() {
        order.swap(i, (f64::from(u[i]) * (i + 1) as f64) as usize);
    }
    order
}

/// The random numbers of one step.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    seed: u64,
    step: u32,
    rows: usize,
    device: Device,
}

impl Draws {
    /// The streams of a step's conditions.
    const LABELS: u32 = 0;
    const LEVELS: u32 = 1;
    const PROBES: u32 = 2;

    /// The numbers of `step` for `rows` rows.
    #[must_use]
    pub fn new(seed: u64, step: u32, rows: usize, device: Device) -> Self {
        Self { seed, step, rows, device }
    }

    /// Independent draws from N(0, 1) of the shape of `x`.
    pub fn normal_like(&self, x: &Tensor) -> Tensor {
        let mut z = vec![0.0; x.numel()];
        Noise::new(self.seed, self.step, Purpose::Perturbation).normal(0, &mut z);
        Tensor::from_slice(&z).reshape(x.size()).to_device(self.device)
    }

    /// Independent signs, −1 or 1 with equal probability, of the shape of `x`.
    pub fn signs_like(&self, x: &Tensor) -> Tensor {
        let mut u = vec![0.0; x.numel()];
        Noise::new(self.seed, self.step, Purpose::Conditions).uniform(Self::PROBES, &mut u);
        u.iter_mut().for_each(|u| *u = if *u < 0.5 { -1.0 } else { 1.0 });
        Tensor::from_slice(&u).reshape(x.size()).to_device(self.device)
    }

    /// `[rows]` draws from N(0, 1), one from each of `rows` parts of equal probability: less variance in the loss.
    pub fn stratified_normal(&self) -> Tensor {
        self.strata().special_ndtri().to_kind(Kind::Float).to_device(self.device)
    }

    /// `[rows]` draws from 0 ‥ `count` − 1, stratified as those of [`stratified_normal`](Self::stratified_normal).
    pub fn stratified_choice(&self, count: usize) -> Tensor {
        (self.strata() * count as f64).floor().to_kind(Kind::Int64).to_device(self.device)
    }

    /// A number in each of `rows` equal parts of (0, 1).
    fn strata(&self) -> Tensor {
        let mut u = vec![0.0_f32; self.rows];
        Noise::new(self.seed, self.step, Purpose::Conditions).uniform(Self::LEVELS, &mut u);
        let strata: Vec<f64> =
            u.iter().enumerate().map(|(i, &u)| (i as f64 + f64::from(u).max(1e-6)) / self.rows as f64).collect();
        Tensor::from_slice(&strata)
    }
}
