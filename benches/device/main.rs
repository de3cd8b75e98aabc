//! How busy the engine keeps a device: `cargo bench --no-default-features --bench device`.
//!
//! The device is simulated: it runs one batch at a time, takes a millisecond for up to 256 rows of 3×32×32 and none of the
//! processor's time; batches that come while it runs wait in its queue, and it goes from one to the next by itself. While it
//! runs one worker's batch, the others gather and advance theirs. One worker is the naive loop: the device waits for its
//! gathering, noise and updates.
//!
//! Nothing can keep it busier than the updates alone would: those of a batch, timed on one thread with everything in the
//! nearest cache, and shared out to all cores.

use smld::engine::{EngineConfig, RawSampleRequest, RequestLimits, SampleRequest, engine};
use smld::sampler::{
    AncestralSolver, AncestralSpec, Noise, ProbabilityFlowSpec, Purpose, Sampler, SamplerSpec, Solver,
};
use smld::score::{Kind, ModelInfo, ReadyModel, Rows, ScoreError, ScoreModel, ScoreSession, prepare};
use std::error::Error;
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const ROWS: usize = 256;
const SHAPE: [usize; 3] = [3, 32, 32];
const RUN: Duration = Duration::from_millis(1);
/// Evaluations of each chain.
const STEPS: u32 = 300;

/// A device with its queue.
#[derive(Clone, Default)]
struct Device(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    /// When all that was given to the device is done.
    end: Option<Instant>,
    /// The time for which it runs until then.
    busy: Duration,
}

impl Device {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let end = {
            let mut queue = self.queue();
            let start = queue.end.map_or_else(Instant::now, |end| end.max(Instant::now()));
            queue.busy += RUN;
            *queue.end.insert(start + RUN)
        };
        thread::sleep(end.saturating_duration_since(Instant::now()));
        // What copying it out of the device's memory costs.
        score.fill(0.0);
        Ok(())
    }
}

fn info(sampler: SamplerSpec) -> ModelInfo {
    ModelInfo {
        name: "device".to_owned(),
        kind: Kind::Network,
        shape: SHAPE.to_vec(),
        range: [0.0, 1.0],
        sigma_min: 0.01,
        sigma_max: 50.0,
        labels: Vec::new(),
        label_weights: Vec::new(),
        sampler,
        sha256: String::new(),
        provider: "simulated".to_owned(),
        training: serde_json::Value::Null,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps = Some(STEPS);
    let solver = Some(Solver::Euler);
    let methods = [
        (
            "with noise at each step",
            SamplerSpec::Ancestral(AncestralSpec {
                solver: Some(AncestralSolver::Ddpm),
                steps,
                ..AncestralSpec::default()
            }),
        ),
        (
            "without",
            SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec { steps, solver, ..ProbabilityFlowSpec::default() }),
        ),
    ];
    let cores = thread::available_parallelism()?.get();
    for (name, spec) in methods {
        let device = Device::default();
        let model = prepare(Arc::new(Model { info: info(spec.clone()), device: device.clone() }), &[1])?;
        let nanoseconds = update(&spec.resolve(None, model.info().sigma_range())?);
        let numbers = (ROWS * SHAPE.iter().product::<usize>()) as f64;
        let bound = 100.0 * cores as f64 * RUN.as_nanos() as f64 / (nanoseconds * numbers);
        println!(
            "{name}: updates take {nanoseconds:.2} ns a number: on {cores} cores for {:.0} % of the device",
            bound.min(100.0)
        );
        println!("{:>8}  {:>13}  {:>15}", "workers", "device busy", "evaluations/s");
        for workers in 1..=4 {
            let (busy, rate) = work(&model, &device, workers)?;
            println!("{workers:>8}  {:>11.1} %  {rate:>15.0}", 100.0 * busy);
        }
    }
    Ok(())
}

/// Nanoseconds that the update of one number takes: the least of many windows.
fn update(sampler: &Sampler) -> f64 {
    let dim = SHAPE.iter().product();
    let (mut x, mut memory, score) = (vec![0.0_f32; dim], Vec::new(), vec![0.5_f32; dim]);
    let noise = Noise::new(1, 2, Purpose::Sampling);
    let mut window = || {
        let start = Instant::now();
        for k in 0..STEPS {
            sampler.advance(k, &noise, black_box(&mut x), &mut memory, black_box(&score));
        }
        start.elapsed().as_nanos() as f64 / (STEPS as usize * dim) as f64
    };
    (0..50).map(|_| window()).fold(f64::INFINITY, f64::min)
}

/// The part of the time for which the device runs, and evaluations a second, with as many chains as `workers` take at once.
fn work(model: &ReadyModel, device: &Device, workers: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let slots = ROWS * workers;
    let config = EngineConfig { workers, batch_rows: ROWS, slots, max_requests: 1, max_queued_evaluations: u64::MAX };
    let (engine, hands) = engine(std::slice::from_ref(model), config, Arc::new(()))?;
    let raw = RawSampleRequest { n: Some(slots as u64), ..RawSampleRequest::default() };
    let limits = RequestLimits { max_n: u64::MAX, max_evaluations: u64::MAX, deadline: Duration::from_secs(600) };
    let request = SampleRequest::new(&raw, model.clone(), limits, 1)?;
    let hands: Vec<_> = hands.into_iter().map(|hand| thread::spawn(|| hand.run())).collect();
    let before = device.queue().busy;
    let start = Instant::now();
    engine.submit(&request)?.blocking_collect()?;
    let elapsed = start.elapsed().as_secs_f64();
    let busy = device.queue().busy - before;
    drop(engine);
    for hand in hands {
        hand.join().map_err(|_| "a worker panicked")?;
    }
    Ok((busy.as_secs_f64() / elapsed, request.evaluations() as f64 / elapsed))
}
