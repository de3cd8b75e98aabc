//! What solvers of two steps have in common: the denoised mean D = x + σ² s, taken to move in a straight line over ln σ.

/// Takes each x to `step(x, D, D − D₋)` with D = x + σ² s. `memory` is D₋, that of the step before; the `first` has none.
pub(super) fn advance(
    first: bool,
    sigma: f64,
    x: &mut [f32],
    memory: &mut Vec<f32>,
    score: &[f32],
    step: impl Fn(f32, f32, f32) -> f32,
) {
    if first {
        memory.clear();
        memory.resize(x.len(), 0.0);
    }
    let variance = (sigma * sigma) as f32;
    for ((x, before), s) in x.iter_mut().zip(memory).zip(score) {
        let denoised = *x + variance * s;
        *x = step(*x, denoised, denoised - *before);
        *before = denoised;
    }
}
