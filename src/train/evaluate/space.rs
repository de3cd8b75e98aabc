//! The space in which rows are compared: features of a network, or the rows' own values.

use super::classes::{Guess, guess, same_order};
use super::neighbours::nearest;
use super::rows::Rows;
use crate::score::onnx::{FeatureNetwork, Features};
use crate::train::split::Subset;
use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

/// Training rows, and the space in which others are compared with them.
pub struct Space<'a> {
    training: Subset<'a>,
    network: Option<Network>,
}

/// A feature network, and the features of the training rows: [rows, width].
struct Network {
    network: FeatureNetwork,
    training: Tensor,
}

/// What is kept of rows when they themselves are dropped.
#[derive(Default)]
pub struct Kept {
    blocks: Vec<Tensor>,
    /// The distance of each to the nearest training row, in the rows' own values.
    pub(super) distances: Vec<f64>,
    pub(super) guesses: Vec<Guess>,
    /// The class that each is to be of, −1 for none.
    pub(super) asked: Vec<i64>,
}

/// Rows that go through a feature network at once.
const BLOCK: usize = 500;

impl<'a> Space<'a> {
    /// The features of `network`, or without one the values themselves. `each` is told how many training rows were read.
    ///
    /// # Errors
    /// Where the network is of other rows, or fails.
    pub fn new(training: Subset<'a>, network: Option<FeatureNetwork>, mut each: impl FnMut(u64)) -> Result<Self> {
        let Some(mut network) = network else { return Ok(Self { training, network: None }) };
        let shape = training.data().shape();
        ensure!(
            network.shape() == shape,
            "the feature network '{}' takes rows of shape {:?}, and the data's are of shape {shape:?}; make one of this data \
             with smld-train features",
            network.contract().name,
            network.shape(),
        );
        let (known, classes) = (&network.contract().labels, training.data().classes());
        ensure!(
            classes.is_empty() || classes.len() == known.len(),
            "the feature network '{}' tells {} classes apart, and the data have {}: name the data's with --classes, or \
             make a network of this data with smld-train features",
            network.contract().name,
            known.len(),
            classes.len(),
        );
        same_order(&format!("the feature network '{}'", network.contract().name), known, classes)?;
        let mut blocks = Vec::new();
        for first in (0..training.count()).step_by(BLOCK) {
            let range = first..training.count().min(first + BLOCK);
            let count = range.len();
            blocks.push(tensor(&network.evaluate(&training.values(range))?.features, count));
            each(count as u64);
        }
        let network = Network { network, training: Tensor::cat(&blocks, 0) };
        Ok(Self { training, network: Some(network) })
    }

    /// The training rows in this space.
    #[must_use]
    pub fn training(&self) -> &dyn Rows {
        match &self.network {
            Some(network) => &network.training,
            None => &self.training,
        }
    }

    /// The first `count` training rows in this space, or all where there are fewer: [rows, width].
    pub fn some_training(&self, count: usize) -> Tensor {
        let rows = self.training();
        rows.block(0..count.min(rows.count()))
    }

    /// How many numbers a row has in this space.
    #[must_use]
    pub fn width(&self) -> usize {
        self.network().map_or_else(|| self.training.data().shape().iter().product(), FeatureNetwork::width)
    }

    /// The network, where there is one.
    #[must_use]
    pub fn network(&self) -> Option<&FeatureNetwork> {
        self.network.as_ref().map(|network| &network.network)
    }

    /// Adds `values`, rows in the data's own numbers, one after the other, to what is kept; `asked` has the class that each is
    /// to be of, −1 for none.
    ///
    /// # Errors
    /// Where the network fails.
    pub fn add(&mut self, kept: &mut Kept, values: &[f32], asked: &[i64]) -> Result<()> {
        let distances = nearest(&tensor(values, asked.len()), &self.training, 1).sqrt().reshape([-1]);
        kept.distances.extend(Vec::<f64>::try_from(distances)?);
        kept.asked.extend(asked);
        let (rows, guesses) = self.place(values, asked.len())?;
        kept.blocks.push(rows);
        kept.guesses.extend(guesses);
        Ok(())
    }

    /// Where `count` rows, `values` in the data's own numbers, are in this space, [count, width], and what the network, if there
    /// is one, takes them for.
    ///
    /// # Errors
    /// Where the network fails.
    pub fn place(&mut self, values: &[f32], count: usize) -> Result<(Tensor, Vec<Guess>)> {
        let Some(Network { network, .. }) = &mut self.network else { return Ok((tensor(values, count), Vec::new())) };
        let dim = values.len() / count;
        let (mut blocks, mut guesses) = (Vec::new(), Vec::new());
        for block in values.chunks(BLOCK * dim) {
            let Features { features, logits } = network.evaluate(block)?;
            guesses.extend(logits.chunks(network.contract().labels.len()).map(guess));
            blocks.push(tensor(&features, block.len() / dim));
        }
        Ok((Tensor::cat(&blocks, 0), guesses))
    }
}

impl Kept {
    /// The number of rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.asked.len()
    }

    /// The rows in the space: [rows, width], float32.
    pub fn rows(&self) -> Tensor {
        Tensor::cat(&self.blocks, 0)
    }
}

/// `values` as `count` rows.
fn tensor(values: &[f32], count: usize) -> Tensor {
    Tensor::from_slice(values).reshape([count as i64, -1]).to_kind(Kind::Float)
}
