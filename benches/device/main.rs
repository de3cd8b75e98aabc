//! How busy the engine keeps a device: `cargo bench --no-default-features --bench device`.
//!
//! The device is simulated: it runs one batch at a time, takes a millisecond for up to 256 rows of 3×32×32 and none of the
//! processor's time. While it runs one worker's batch, the others gather and advance theirs. One worker is the naive loop:
//! the device waits for its gathering, noise and updates.

use smld::engine::{EngineConfig, RawSampleRequest, RequestLimits, SampleRequest, engine};
use smld::sampler::{LangevinSpec, SamplerSpec};
use smld::score::{Kind, ModelInfo, Rows, ScoreError, ScoreModel, ScoreSession, prepare};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const ROWS: usize = 256;
const RUN: Duration = Duration::from_millis(1);
/// Evaluations of each chain.
const STEPS: u32 = 300;

/// The time for which the device has run.
#[derive(Clone, Default)]
struct Device(Arc<Mutex<Duration>>);

struct Model {
    info: ModelInfo,
    device: Device,
}

impl ScoreModel for Model {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn open(&self, _: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        Ok(Box::new(self.device.clone()))
    }
}

impl ScoreSession for Device {
    fn evaluate(&mut self, _: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        // What copying it out of the device's memory costs.
        score.fill(0.0);
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        thread::sleep(RUN);
        *busy += start.elapsed();
        Ok(())
    }
}

fn info() -> ModelInfo {
    ModelInfo {
        name: "device".to_owned(),
        kind: Kind::Network,
        shape: vec![3, 32, 32],
        range: [0.0, 1.0],
        sigma_min: 0.01,
        sigma_max: 50.0,
        labels: Vec::new(),
        sampler: SamplerSpec::Langevin(LangevinSpec { steps: Some(STEPS), ..LangevinSpec::default() }),
        sha256: String::new(),
        provider: "simulated".to_owned(),
        training: serde_json::Value::Null,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:>8}  {:>13}  {:>15}", "workers", "device busy", "evaluations/s");
    for workers in 1..=4 {
        let device = Device::default();
        let model = prepare(Arc::new(Model { info: info(), device: device.clone() }), &[1])?;
        let slots = ROWS * workers;
        let config =
            EngineConfig { workers, batch_rows: ROWS, slots, max_requests: 1, max_queued_evaluations: u64::MAX };
        let (engine, hands) = engine(std::slice::from_ref(&model), config, Arc::new(()))?;
        let raw = RawSampleRequest { n: Some(slots as u64), ..RawSampleRequest::default() };
        let limits = RequestLimits { max_n: u64::MAX, max_evaluations: u64::MAX, deadline: Duration::from_secs(600) };
        let request = SampleRequest::new(&raw, model, limits, 1)?;
        let hands: Vec<_> = hands.into_iter().map(|hand| thread::spawn(|| hand.run())).collect();
        let before = *device.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        engine.submit(&request)?.blocking_collect()?;
        let elapsed = start.elapsed();
        let busy = *device.0.lock().unwrap_or_else(PoisonError::into_inner) - before;
        let part = 100.0 * busy.as_secs_f64() / elapsed.as_secs_f64();
        let rate = request.evaluations() as f64 / elapsed.as_secs_f64();
        println!("{workers:>8}  {part:>11.1} %  {rate:>15.0}");
        drop(engine);
        for hand in hands {
            hand.join().map_err(|_| "a worker panicked")?;
        }
    }
    Ok(())
}
