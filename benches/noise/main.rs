//! What a normal number costs: `cargo bench --bench noise`.
//!
//! One thread updates rows of several lengths as a step of Langevin dynamics does, x ← x + τ s + √(2τ) z, everything in
//! the nearest cache. The least of many short windows: whatever else runs can only make one longer.

use smld::sampler::{Noise, Purpose};
use std::hint::black_box;
use std::time::Instant;

const WINDOWS: usize = 50;
/// Numbers of one window.
const NUMBERS: usize = 1 << 20;

fn main() {
    println!("{:>8}  ns a number: noise and update", "row");
    for length in [2, 64, 784, 3072] {
        let (mut x, score) = (vec![0.0_f32; length], vec![0.5_f32; length]);
        let noise = Noise::new(1, 2, Purpose::Sampling);
        let steps = (NUMBERS / length) as u32;
        let mut window = || {
            let start = Instant::now();
            for step in 0..steps {
                noise.diffuse(step, [1e-4, 1e-2], black_box(&score), black_box(&mut x));
            }
            start.elapsed().as_nanos() as f64 / (steps as usize * length) as f64
        };
        let least = (0..WINDOWS).map(|_| window()).fold(f64::INFINITY, f64::min);
        println!("{length:>8}  {least:.2}");
    }
}
