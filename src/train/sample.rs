//! Samples from a model by the engine, without a network around it.

use crate::engine::{EngineConfig, Event, RawSampleRequest, RequestLimits, SampleRequest, engine};
use crate::plot;
use crate::sampler::SamplerSpec;
use crate::score::onnx::{OnnxScore, Provider, Runtime};
use crate::score::{ReadyModel, prepare};
use anyhow::{Result, anyhow, bail};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// One person waits for one job: nothing is refused for its size.
const LIMITS: RequestLimits =
    RequestLimits { max_n: 1_000_000, max_evaluations: u64::MAX, deadline: Duration::from_secs(365 * 24 * 3600) };

/// The score network in `path`, ready to be drawn from on `threads` threads.
///
/// # Errors
/// What is wrong with the file, or with the provider.
pub fn load(runtime: &Runtime, path: &Path, provider: Provider, threads: usize) -> Result<ReadyModel> {
    Ok(prepare(Arc::new(OnnxScore::load(runtime, path, provider, false)?), &[1, threads])?)
}

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

/// `samples` of `model`, made by `sampler` where that is not the model's own, as the PNG that the server would answer.
///
/// # Errors
/// Where they are neither images nor points of the plane.
pub fn png(model: &ReadyModel, sampler: Option<&SamplerSpec>, samples: &[Vec<f32>]) -> Result<Vec<u8>> {
    let info = model.info();
    let sampler = sampler.unwrap_or(&info.sampler).resolve(Some(&info.sampler), info.sigma_range())?;
    Ok(plot::picture(model, sampler.last_sigma(), samples.iter().map(Vec::as_slice))?.png(None)?)
}
