//! A trained model that another learns from.

use super::network::torch::values;
use crate::score::{ReadyModel, Rows, ScoreError, ScoreSession};
use anyhow::Result;
use std::cell::RefCell;
use tch::{Device, Tensor};

/// A model's score as a function of tensors.
pub struct Teacher(RefCell<Box<dyn ScoreSession>>);

/// Rows of one call: past so many the rate falls (docs/PERFORMANCE.md).
const ROWS: usize = 16;

impl Teacher {
    /// `model` on as many threads as libtorch has.
    ///
    /// # Errors
    /// Where no session can be had.
    pub fn open(model: &ReadyModel) -> Result<Self, ScoreError> {
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        Ok(Self(RefCell::new(model.open(threads)?)))
    }

    /// s(x, σ) for x [batch, …], sigma `[batch]` and label `[batch]`: the shape of x, where x lies.
    ///
    /// # Errors
    /// Where a run of the model fails.
    pub fn score(&self, x: &Tensor, sigma: &Tensor, label: &Tensor) -> Result<Tensor> {
        let (rows, sigmas) = (values(x), values(sigma));
        let labels: Vec<i64> = label.to_device(Device::Cpu).iter::<i64>()?.collect();
        let mut score = vec![0.0; rows.len()];
        let dim = rows.len() / sigmas.len();
        let parts = rows.chunks(ROWS * dim).zip(sigmas.chunks(ROWS)).zip(labels.chunks(ROWS));
        let mut session = self.0.borrow_mut();
        for (((x, sigma), label), score) in parts.zip(score.chunks_mut(ROWS * dim)) {
            session.evaluate(Rows { x, sigma, label }, score)?;
        }
        Ok(Tensor::from_slice(&score).reshape(x.size()).to_device(x.device()))
    }
}
