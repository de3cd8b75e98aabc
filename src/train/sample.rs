//! Samples from a model by the engine, without a network around it.

use crate::engine::{EngineConfig, Event, RawSampleRequest, RequestLimits, SampleRequest, engine};
use crate::pixels::Picture;
use crate::score::ReadyModel;
use anyhow::{Result, anyhow, bail, ensure};
use std::sync::Arc;
use std::time::Duration;

/// One person waits for one job: nothing is refused for its size.
const LIMITS: RequestLimits =
    RequestLimits { max_n: 1_000_000, max_evaluations: u64::MAX, deadline: Duration::from_secs(365 * 24 * 3600) };

/// Draws what `raw` asks for from `model` on `threads` threads: the samples by index. `each` is called after every one.
///
/// # Errors
/// What is wrong with the request, or why it failed.
pub fn draw(
    model: &ReadyModel,
    raw: &RawSampleRequest,
    threads: usize,
    mut each: impl FnMut(),
) -> Result<Vec<Vec<f32>>> {
    let request = SampleRequest::new(raw, model.clone(), LIMITS, 0)?;
    let config = EngineConfig {
        workers: threads,
        batch_rows: 8,
        slots: 8 * threads,
        max_requests: 1,
        max_queued_evaluations: u64::MAX,
    };
    let (engine, workers) = engine(std::slice::from_ref(model), config, Arc::new(()))?;
    let mut samples = vec![Vec::new(); request.n() as usize];
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.run());
        }
        let mut ticket = engine.submit(&request)?;
        engine.drain();
        loop {
            match ticket.blocking_next() {
                Some(Event::Sample { index, x, .. }) => {
                    samples[(index - request.first_index()) as usize] = x;
                    each();
                }
                Some(Event::Done(_)) => return Ok(()),
                Some(Event::Failed(failure)) => return Err(anyhow!(failure)),
                None => bail!("the engine stopped"),
            }
        }
    })?;
    Ok(samples)
}

/// `samples` of `model` as one picture.
///
/// # Errors
/// Where the samples are not images.
pub fn grid(model: &ReadyModel, samples: &[Vec<f32>]) -> Result<Picture> {
    let info = model.info();
    ensure!(info.is_image(), "the samples of '{}' are not images but of shape {:?}", info.name, info.shape);
    let shape = [info.shape[0], info.shape[1], info.shape[2]];
    Ok(Picture::grid(samples.iter().map(Vec::as_slice), shape, info.range))
}
