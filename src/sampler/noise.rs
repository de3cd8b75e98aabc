//! Noise that depends on counters alone.
//!
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) maps a key and a
//! counter to four random words. The key is the seed; the counter names the place: which image, which step, which
//! elements. There is no state to carry and no order to keep, so an image is the same alone and in any company.
//!
//! Everything is integer arithmetic and IEEE basic operations on `f32`: the same bytes on any CPU.

mod normal;
mod philox;

use normal::{Workspace, normals};
use philox::{LANES, philox};

/// Numbers made together.
const GROUP: usize = 4 * LANES;
/// Numbers that are always made together, so that a short row has no remainder either: eight counters, a vector of `f32`.
const VECTOR: usize = 32;

/// What a stream of noise is for. Streams of different purposes never meet, whatever the rest of their counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// The noise of a sampler.
    Sampling = 0,
    /// The noise that denoising score matching adds to the data.
    Perturbation = 1,
    /// Noise levels, dropped labels and the like, drawn once a training step.
    Conditions = 2,
    /// The order of the data in an epoch.
    Order = 3,
    /// Initial weights.
    Weights = 4,
    /// Exact draws from a density.
    Data = 5,
    /// The class of a sample whose request names none.
    Class = 6,
}

/// The noise streams of one image (or of whatever else `index` counts), one for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    key: [u32; 2],
    index: u32,
    purpose: Purpose,
}

impl Noise {
    /// The streams of image `index` under `seed`.
    #[must_use]
    pub fn new(seed: u64, index: u32, purpose: Purpose) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], index, purpose }
    }

    /// Fills `out` with independent draws from N(0, 1): the stream of `step`, from its beginning.
    ///
    /// Element `e` depends on (seed, purpose, index, step, e) only. |z| ≤ 6.7.
    pub fn normal(&self, step: u32, out: &mut [f32]) {
        self.for_each_normal(step, out, |_, out, z| *out = z);
    }

    /// Calls `update(e, &mut values[e], z)` for every element e, with z the e-th draw of [`normal`](Self::normal): noise is
    /// used where it is made, and never stored.
    pub fn for_each_normal(&self, step: u32, values: &mut [f32], update: impl Fn(usize, &mut f32, f32)) {
        self.each_group(step, values.len(), normals, |start, z| {
            for (offset, (value, &z)) in values[start..].iter_mut().zip(z).enumerate() {
                update(start + offset, value, z);
            }
        });
    }

    /// x ← x + drift s + amplitude z, with z the draws of [`normal`](Self::normal); `score` is as long as `x`. Memory is
    /// passed once.
    pub fn diffuse(&self, step: u32, [drift, amplitude]: [f32; 2], score: &[f32], x: &mut [f32]) {
        self.each_group(step, x.len(), normals, |start, z| {
            let group = start..start + z.len();
            for ((x, s), z) in x[group.clone()].iter_mut().zip(&score[group]).zip(z) {
                *x += drift * s + amplitude * z;
            }
        });
    }

    /// Fills `out` with independent draws from the uniform distribution on [0, 1): the stream of `step`.
    pub fn uniform(&self, step: u32, out: &mut [f32]) {
        self.each_group(step, out.len(), uniforms, |start, u| out[start..start + u.len()].copy_from_slice(u));
    }

    /// The numbers that `draw` makes of each counter of `step`, `count` in all: handed on with the place of their first.
    fn each_group(
        &self,
        step: u32,
        count: usize,
        draw: impl Fn([u32; 2], [u32; 4], &mut Workspace, &mut [f32]),
        mut take: impl FnMut(usize, &[f32]),
    ) {
        let (mut space, mut numbers) = (Workspace::new(), [0.0; GROUP]);
        for start in (0..count).step_by(GROUP) {
            let here = (count - start).min(GROUP);
            let counter = [(start / 4) as u32, step, self.index, self.purpose as u32];
            draw(self.key, counter, &mut space, &mut numbers[..here.next_multiple_of(VECTOR)]);
            take(start, &numbers[..here]);
        }
    }
}

/// Fills `u`, as [`normals`] does, with draws from the uniform distribution on [0, 1).
fn uniforms(key: [u32; 2], counter: [u32; 4], space: &mut Workspace, u: &mut [f32]) {
    let words = &mut space.words;
    philox(key, counter, u.len() / 4, words);
    for (lane, block) in u.chunks_exact_mut(4).enumerate() {
        for (u, words) in block.iter_mut().zip(&*words) {
            // 24 bits: every value is exact and below one.
            *u = (words[lane] >> 8) as f32 * (1.0 / 16_777_216.0);
        }
    }
}

#[cfg(test)]
mod tests;
