//! What the tests of the engine share: requests, exact models, and the straight line that every schedule must agree with.

#![cfg(test)]

use smld::engine::{EngineConfig, Failure, RawSampleRequest, RequestLimits, SampleRequest, Samples, Ticket, Worker};
use smld::sampler::{LangevinSpec, Noise, Purpose, Sampler, SamplerSpec};
use smld::score::density::{Component, DensityModel, GaussianMixture};
use smld::score::{ReadyModel, Rows, ScoreModel, ScoreSession, lone_layouts, prepare};
use std::sync::Arc;
use std::time::Duration;

pub(crate) mod company;
pub(crate) mod spy;

/// N(mean, variance) in `mean.len()` dimensions.
pub(crate) fn gaussian(mean: &[f64], variance: f64) -> DensityModel {
    GaussianMixture::new(vec![Component { weight: 1.0, mean: mean.to_vec(), variance }]).unwrap().named("gaussian")
}

/// Two unequal bumps in `dim` dimensions.
pub(crate) fn two_bumps(dim: usize) -> DensityModel {
    let component = |weight, mean, variance| Component { weight, mean: vec![mean; dim], variance };
    GaussianMixture::new(vec![component(0.2, -1.0, 0.1), component(0.8, 1.5, 0.3)]).unwrap().named("two-bumps")
}

/// `model`, ready for `workers` workers.
pub(crate) fn ready(model: impl ScoreModel + 'static, workers: usize) -> ReadyModel {
    prepare(Arc::new(model), &lone_layouts(workers)).unwrap()
}

/// Room for everything.
pub(crate) fn roomy(workers: usize) -> EngineConfig {
    EngineConfig { workers, batch_rows: 8, slots: 64, max_requests: 64, max_queued_evaluations: 1 << 30 }
}

/// Limits that no test meets by accident.
pub(crate) const LIMITS: RequestLimits =
    RequestLimits { max_n: 1 << 20, max_evaluations: 1 << 30, deadline: Duration::from_secs(3600) };

/// A request for `n` samples by `steps` steps of Langevin dynamics.
pub(crate) fn request(model: &ReadyModel, n: u64, steps: u32) -> SampleRequest {
    let sampler = Some(self::steps(steps));
    asked(model, &RawSampleRequest { n: Some(n), sampler, ..RawSampleRequest::default() })
}

/// `steps` steps of Langevin dynamics.
pub(crate) fn steps(steps: u32) -> SamplerSpec {
    SamplerSpec::Langevin(LangevinSpec { steps: Some(steps), ..LangevinSpec::default() })
}

/// `raw`, of `model`.
pub(crate) fn asked(model: &ReadyModel, raw: &RawSampleRequest) -> SampleRequest {
    SampleRequest::new(raw, model.clone(), LIMITS, 1).unwrap()
}

/// Steps every worker in turn until none has work.
pub(crate) fn work(workers: &mut [Worker]) {
    while workers.iter_mut().fold(false, |any, worker| worker.step() | any) {}
}

/// What a request of any size gets, which is read while `workers` work.
pub(crate) fn drawn(workers: &mut [Worker], ticket: Ticket) -> Result<Samples, Failure> {
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| ticket.blocking_collect());
        while !reader.is_finished() {
            work(workers);
            std::thread::yield_now();
        }
        reader.join().unwrap()
    })
}

/// What a request that is done got.
pub(crate) fn collected(ticket: Ticket) -> Samples {
    ticket.blocking_collect().unwrap()
}

/// The sample by itself: one session, one row at a time, no engine.
pub(crate) fn alone(session: &mut dyn ScoreSession, request: &SampleRequest, index: u32) -> Vec<f32> {
    let noise = Noise::new(request.seed(), index, Purpose::Sampling);
    straight(session, request.sampler(), request.label_of(index), &noise, request.model().info().dim())
}

/// One chain from beginning to end.
pub(crate) fn straight(
    session: &mut dyn ScoreSession,
    sampler: &Sampler,
    label: i64,
    noise: &Noise,
    dim: usize,
) -> Vec<f32> {
    let (mut x, mut score, mut memory) = (vec![0.0; dim], vec![0.0; dim], Vec::new());
    sampler.init(noise, &mut x);
    for k in 0..sampler.evaluations() {
        let rows = Rows { x: &x, sigma: &[sampler.sigma(k)], label: &[label] };
        session.evaluate(rows, &mut score).unwrap();
        sampler.advance(k, noise, &mut x, &mut memory, &score);
    }
    x
}

/// The bytes of a sample, to be compared exactly: NaN equals itself and −0 is not 0.
pub(crate) fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}
