//! Where samples come from: drawn from a model, or read from a file; and how they become rows like the data's.

use crate::engine::{RawLabel, RawSampleRequest};
use crate::pixels::to_bytes;
use crate::sampler::SamplerSpec;
use crate::score::ReadyModel;
use crate::train::data::npy;
use crate::train::sample::draw;
use anyhow::{Context, Result, ensure};
use npyz::NpyFile;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Rows that are drawn or read at once.
pub const CHUNK: usize = 512;

/// Samples to be drawn.
pub struct Drawing<'a> {
    /// From this model.
    pub model: &'a ReadyModel,
    /// By this sampler, or the model's own.
    pub sampler: Option<SamplerSpec>,
    /// Under this seed.
    pub seed: u64,
    /// With indices from here on.
    pub first: u64,
    /// So many.
    pub n: u64,
    /// Of these classes, as many of each, one class after the other; where none is named each of its own.
    pub classes: Vec<i64>,
    /// On so many threads.
    pub threads: usize,
}

impl Drawing<'_> {
    /// How many samples are drawn of each of the classes, or in all where none is named.
    ///
    /// # Errors
    /// Where they cannot be as many of each.
    pub fn of_each(&self) -> Result<u64> {
        let classes = self.classes.len().max(1) as u64;
        ensure!(
            self.n > 0 && self.n.is_multiple_of(classes),
            "--n is {}; as many of each of {classes} classes cannot be drawn: make it a multiple",
            self.n
        );
        Ok(self.n / classes)
    }

    /// Draws a chunk of samples after the other and gives each to `take`: rows in the data's own numbers and their classes,
    /// −1 where none was named. `each` is called after every sample.
    ///
    /// # Errors
    /// What is wrong with the request, why it failed, or what `take` says.
    pub fn each_chunk(&self, mut each: impl FnMut(), mut take: impl FnMut(&[f32], &[i64]) -> Result<()>) -> Result<()> {
        let classes: Vec<Option<i64>> = match self.classes.is_empty() {
            true => vec![None],
            false => self.classes.iter().copied().map(Some).collect(),
        };
        let of_each = self.of_each()?;
        for (place, &class) in classes.iter().enumerate() {
            for first in (0..of_each).step_by(CHUNK) {
                let index = self.first + place as u64 * of_each + first;
                let request = RawSampleRequest {
                    n: Some((of_each - first).min(CHUNK as u64)),
                    seed: Some(self.seed),
                    first_index: Some(u32::try_from(index).context("--n is past the last index, 2³² − 1")?),
                    sampler: self.sampler.clone(),
                    label: class.map(RawLabel::Number),
                    ..RawSampleRequest::default()
                };
                let samples = draw(self.model, &request, self.threads, &mut each)?;
                let info = self.model.info();
                let range = info.is_image().then_some(info.range);
                let rows: Vec<f32> = samples.iter().flat_map(|x| as_data(x, range)).collect();
                take(&rows, &vec![class.unwrap_or(-1); samples.len()])?;
            }
        }
        Ok(())
    }
}

/// A sample as the data would have it: an image, with black and white `range`, as the levels of its picture; a point as it is.
fn as_data(x: &[f32], range: Option<[f32; 2]>) -> Vec<f32> {
    match range {
        Some(range) => to_bytes(x, range).into_iter().map(|byte| f32::from(byte) / 255.0).collect(),
        None => x.to_vec(),
    }
}

/// A file of samples: float32 [n, …shape], as the server answers `application/x-npy`.
pub struct SamplesFile {
    array: NpyFile<BufReader<File>>,
    count: usize,
    shape: Vec<usize>,
}

/// Samples of images leave [0, 1] by little; what leaves it by this much is in other numbers.
const FAR: f32 = 0.5;

impl SamplesFile {
    /// Opens the samples in `path`, each of `shape`.
    ///
    /// # Errors
    /// Where the file cannot be read, is not whole, or holds something else.
    pub fn open(path: &Path, shape: &[usize]) -> Result<Self> {
        let array = npy::open(path)?;
        let sizes: Vec<usize> = array.shape().iter().map(|&size| size as usize).collect();
        ensure!(
            sizes.len() == shape.len() + 1 && sizes[1..] == *shape && array.dtype().descr() == "'<f4'",
            "{} holds {} of shape {sizes:?}; wanted are float32 ('<f4') rows of shape {shape:?}",
            path.display(),
            array.dtype().descr(),
        );
        Ok(Self { count: sizes[0], shape: shape.to_vec(), array })
    }

    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// As [`Drawing::each_chunk`]; the samples are in the data's own numbers, and of no class.
    ///
    /// # Errors
    /// Where the file cannot be read, or a value cannot be a sample's.
    pub fn each_chunk(self, mut take: impl FnMut(&[f32], &[i64]) -> Result<()>) -> Result<()> {
        let dim = self.shape.iter().product();
        let range = (self.shape.len() > 1).then_some([0.0, 1.0]);
        let mut values = self.array.data::<f32>().context("the samples cannot be read")?;
        for first in (0..self.count).step_by(CHUNK) {
            let count = CHUNK.min(self.count - first);
            let mut rows = Vec::with_capacity(count * dim);
            for _ in 0..count {
                let row =
                    values.by_ref().take(dim).collect::<Result<Vec<f32>, _>>().context("the samples cannot be read")?;
                let odd = row.iter().find(|x| !x.is_finite() || range.is_some() && (**x - 0.5).abs() > 0.5 + FAR);
                if let Some(odd) = odd {
                    anyhow::bail!("the samples hold {odd}; they must be finite, and images in [0, 1] (black to white)");
                }
                rows.extend(as_data(&row, range));
            }
            take(&rows, &vec![-1; count])?;
        }
        Ok(())
    }
}
