//! One model's samples compared with the training rows, again and again: the real side is computed once.

use super::Space;
use super::frechet::{Gaussian, Jackknife, Reference};
use super::source::{CHUNK, Drawing};
use crate::engine::Failure;
use crate::sampler::SamplerSpec;
use crate::score::ReadyModel;
use crate::train::split::Subset;
use anyhow::{Result, ensure};
use std::ops::Range;
use tch::Tensor;

/// A model, and what its samples are compared with.
pub struct Judge<'a> {
    space: Space<'a>,
    reference: Reference,
    model: &'a ReadyModel,
    threads: usize,
}

impl<'a> Judge<'a> {
    /// Compares samples of `model`, drawn on `threads` threads, with the training rows of `space`.
    ///
    /// # Errors
    /// Where the rows' moments are not finite.
    pub fn new(space: Space<'a>, model: &'a ReadyModel, threads: usize) -> Result<Self> {
        let reference = Reference::new(&Gaussian::of(space.training()))?;
        Ok(Self { space, reference, model, threads })
    }

    /// Draws the samples with `indices` under `seed`, of no class, by `sampler`, and places them in the space, [indices, width];
    /// none where a chain diverges. `each` is called after every sample.
    ///
    /// # Errors
    /// Where the sampler cannot be, or the model fails.
    pub fn draw(
        &mut self,
        sampler: &SamplerSpec,
        seed: u64,
        indices: Range<u32>,
        each: impl FnMut(),
    ) -> Result<Option<Tensor>> {
        let drawing = Drawing {
            model: self.model,
            sampler: Some(sampler.clone()),
            seed,
            first: indices.start.into(),
            n: indices.len() as u64,
            classes: Vec::new(),
            threads: self.threads,
        };
        let mut blocks = Vec::new();
        let drawn = drawing.each_chunk(each, |rows, asked| {
            blocks.push(self.space.place(rows, asked.len())?.0);
            Ok(())
        });
        match drawn {
            Ok(()) => Ok(Some(Tensor::cat(&blocks, 0))),
            Err(error) if matches!(error.downcast_ref(), Some(Failure::Diverged { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The distance of `rows`, placed in the space, from the training rows.
    ///
    /// # Errors
    /// Where their moments are not finite.
    pub fn distance(&self, rows: &Tensor) -> Result<Jackknife> {
        Ok(self.reference.jackknife(rows)?)
    }

    /// The distance of the first `count` of `held_out`: what as many samples would have that are as good as real rows.
    ///
    /// # Errors
    /// Where there are fewer rows, or the network of the space fails.
    pub fn mark(&mut self, held_out: &Subset<'_>, count: usize) -> Result<Jackknife> {
        ensure!(
            held_out.count() >= count,
            "there are {} held-out rows to compare {count} samples with; make --n smaller",
            held_out.count()
        );
        let mut blocks = Vec::new();
        for first in (0..count).step_by(CHUNK) {
            let range = first..count.min(first + CHUNK);
            blocks.push(self.space.place(&held_out.values(range.clone()), range.len())?.0);
        }
        self.distance(&Tensor::cat(&blocks, 0))
    }
}
