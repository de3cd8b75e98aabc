//! Many chains of one sampler, seen at chosen times.

use crate::sampler::{InvalidSampler, Noise, Purpose, Sampler, SamplerSpec};
use crate::score::{ReadyModel, Rows, ScoreError};

/// Rows of a call of the model.
const ROWS: usize = 256;

/// The `count` chains of a seed under one sampler: chain i has the noise of image i in a request of that seed.
#[derive(Clone, Copy)]
pub(super) struct Chains<'a> {
    pub(super) model: &'a ReadyModel,
    pub(super) sampler: &'a Sampler,
    pub(super) seed: u64,
    pub(super) count: usize,
    /// The class of all, −1 for none; where it is left open each has its own, as in a request.
    pub(super) label: Option<i64>,
}

impl Chains<'_> {
    /// Where the chains are after each of `times` evaluations, which rise: for every time [count, …shape]. At time 0 is the
    /// beginning; none is after the sampler's last evaluation.
    pub(super) fn at(&self, times: &[u32]) -> Result<Vec<Vec<f32>>, ScoreError> {
        let dim = self.model.info().dim();
        let mut session = self.model.open(1)?;
        let mut seen = vec![Vec::with_capacity(self.count * dim); times.len()];
        for first in (0..self.count).step_by(ROWS) {
            let len = ROWS.min(self.count - first);
            let noise = |i| Noise::new(self.seed, (first + i) as u32, Purpose::Sampling);
            let noises: Vec<Noise> = (0..len).map(noise).collect();
            let (mut x, mut score) = (vec![0.0; len * dim], vec![0.0; len * dim]);
            let mut memories = vec![Vec::new(); len];
            let drawn = |i| self.model.info().drawn_label(self.seed, (first + i) as u32);
            let labels: Vec<i64> = (0..len).map(|i| self.label.unwrap_or_else(|| drawn(i))).collect();
            noises.iter().zip(x.chunks_mut(dim)).for_each(|(noise, x)| self.sampler.init(noise, x));
            let mut k = 0;
            for (&time, seen) in times.iter().zip(&mut seen) {
                while k < time {
                    let sigma = vec![self.sampler.sigma(k); len];
                    session.evaluate(Rows { x: &x, sigma: &sigma, label: &labels }, &mut score)?;
                    let chains = x.chunks_mut(dim).zip(score.chunks(dim)).zip(&noises).zip(&mut memories);
                    for (((x, score), noise), memory) in chains {
                        self.sampler.advance(k, noise, x, memory, score);
                    }
                    k += 1;
                }
                seen.extend_from_slice(&x);
            }
        }
        Ok(seen)
    }

    /// Where the chains end: [count, …shape].
    pub(super) fn ends(&self) -> Result<Vec<f32>, ScoreError> {
        Ok(self.at(&[self.sampler.evaluations()])?.concat())
    }
}

/// The sampler that `spec` is for `model`.
pub(super) fn sampler(spec: &SamplerSpec, model: &ReadyModel) -> Result<Sampler, InvalidSampler> {
    let info = model.info();
    spec.resolve(Some(&info.sampler), info.sigma_range())
}
