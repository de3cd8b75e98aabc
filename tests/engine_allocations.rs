//! The step loop takes no memory: what a chain needs it has from its first step on. What a session takes is its own.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::{asked, gaussian, ready, roomy};
use serde_json::json;
use smld::engine::{RawPreview, RawSampleRequest, engine};
use smld::score::{ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

/// The system's allocator, with a count of what each thread takes of it.
struct Counting;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: everything is the system allocator's; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) };
    }
}

/// N(0, I), whose score is −x/(1 + σ²): a session that takes no memory of its own.
#[derive(Clone)]
struct StandardNormal(ModelInfo);

impl ScoreModel for StandardNormal {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn open(&self, _: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl ScoreSession for StandardNormal {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let dim = self.0.dim();
        for ((x, sigma), score) in rows.x.chunks(dim).zip(rows.sigma).zip(score.chunks_mut(dim)) {
            score.iter_mut().zip(x).for_each(|(score, x)| *score = -x / (1.0 + sigma * sigma));
        }
        Ok(())
    }
}

/// How often `work` takes memory.
fn taken(work: impl FnOnce()) -> u64 {
    let before = TAKEN.get();
    work();
    TAKEN.get() - before
}

#[test]
fn between_their_beginning_and_their_end_chains_of_every_method_take_no_memory() {
    const CHAINS: u64 = 8;
    let model = ready(StandardNormal(gaussian(&[0.0; 48], 1.0).info().clone()), 1);
    let methods = [
        json!({ "method": "langevin", "steps": 60 }),
        json!({ "method": "annealed_langevin", "levels": 10, "steps_per_level": 5 }),
        json!({ "method": "predictor_corrector", "levels": 20 }),
        json!({ "method": "ancestral", "steps": 40 }),
        json!({ "method": "probability_flow", "solver": "euler", "steps": 40 }),
        json!({ "method": "probability_flow", "solver": "heun", "steps": 20 }),
        json!({ "method": "probability_flow", "solver": "dpmpp2m", "steps": 40 }),
    ];
    // Whoever may ask for previews costs nothing either while nobody does.
    let previews = [None, Some(RawPreview { every_ms: None, images: None })];
    for (method, preview) in methods.iter().flat_map(|method| previews.clone().map(|preview| (method, preview))) {
        let sampler = Some(serde_json::from_value(method.clone()).unwrap());
        let raw = RawSampleRequest { n: Some(CHAINS), sampler, preview, ..RawSampleRequest::default() };
        let request = asked(&model, &raw);
        let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
        let ticket = engine.submit(&request).unwrap();
        let evaluations = request.sampler().evaluations() as usize;
        let steps: Vec<u64> = (0..evaluations).map(|_| taken(|| assert!(workers[0].step()))).collect();
        let (first, rest) = steps.split_first().unwrap();
        let (last, between) = rest.split_last().unwrap();
        assert!(between.iter().all(|&count| count == 0), "{method}: {steps:?}");
        // A chain's x and memory, and the buffers of the step; a sample's place with those who wait for it.
        assert!(*first <= 2 * CHAINS + 16, "{method}: {first}");
        assert!(*last <= CHAINS, "{method}: {last}");
        assert_eq!(ticket.blocking_collect().unwrap().samples.len() as u64, CHAINS);
    }
}
