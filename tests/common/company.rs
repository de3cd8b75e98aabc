//! The property that everything rests on: a sample has the same bytes alone and in any company.

use super::{LIMITS, alone, bits};
use smld::engine::{EngineConfig, Event, Priority, RawLabel, RawSampleRequest, SampleRequest, Ticket, engine};
use smld::sampler::{
    AncestralSpec, AnnealedLangevinSpec, LangevinSpec, PredictorCorrectorSpec, ProbabilityFlowSpec, SamplerSpec, Solver,
};
use smld::score::{ModelInfo, ReadyModel, ScoreModel, ScoreSession, prepare};
use std::sync::Arc;

/// How many schedules run in one engine before the next has other sizes.
const A_LIFE: u32 = 25;

/// Runs `schedules` random schedules of arrivals and departures over `models` and compares every sample with the same one
/// made alone, byte for byte. Sizes, methods, noise levels, seeds, classes, priorities, workers, rows, slots, the order of the workers'
/// steps and the moments of joining and leaving are random; `seed` decides them all.
///
/// A model that is not reproducible by itself is refused: it cannot have the property.
pub(crate) fn samples_are_the_same_in_any_company(models: &[Arc<dyn ScoreModel>], schedules: u32, seed: u64) {
    let mut dice = Dice(seed);
    let mut compared = 0;
    for first in (0..schedules).step_by(A_LIFE as usize) {
        let workers = dice.between(1, 3) as usize;
        let ready: Vec<ReadyModel> =
            models.iter().map(|model| prepare(Arc::clone(model), &[1, workers]).unwrap()).collect();
        assert!(ready.iter().all(ReadyModel::reproducible), "the models themselves differ from batch to batch");
        let mut life = Life::new(ready, workers, &mut dice);
        for _ in first..schedules.min(first + A_LIFE) {
            compared += life.schedule(&mut dice);
        }
    }
    assert!(compared >= schedules, "only {compared} samples of {schedules} schedules were compared");
}

/// One engine, and for each model a session that is nobody else's.
struct Life {
    models: Vec<ReadyModel>,
    references: Vec<Box<dyn ScoreSession>>,
    engine: smld::engine::Engine,
    workers: Vec<smld::engine::Worker>,
}

/// A request that arrives at a moment, and perhaps leaves at another.
struct Visit {
    model: usize,
    request: SampleRequest,
    arrives: u64,
    leaves: Option<u64>,
    ticket: Option<Ticket>,
}

impl Life {
    fn new(models: Vec<ReadyModel>, workers: usize, dice: &mut Dice) -> Self {
        let config = EngineConfig {
            workers,
            batch_rows: dice.between(1, 9) as usize,
            slots: dice.between(1, 24) as usize,
            max_requests: 64,
            max_queued_evaluations: 1 << 40,
        };
        let references = models.iter().map(|model| model.open(1).unwrap()).collect();
        let (engine, workers) = engine(&models, config, Arc::new(())).unwrap();
        Self { models, references, engine, workers }
    }

    /// Plays one schedule to its end. How many samples were compared.
    fn schedule(&mut self, dice: &mut Dice) -> u32 {
        let mut visits: Vec<Visit> = (0..dice.between(1, 6)).map(|_| self.visit(dice)).collect();
        // One that stays, so that every schedule has something to compare.
        visits[0].leaves = None;
        let last = visits.iter().map(|visit| visit.arrives.max(visit.leaves.unwrap_or(0))).max().unwrap();
        let mut moment = 0;
        while moment <= last || self.engine.snapshot().busy {
            for visit in &mut visits {
                if visit.arrives == moment {
                    visit.ticket = Some(self.engine.submit(&visit.request).unwrap());
                }
                if visit.leaves == Some(moment) {
                    visit.ticket = None;
                }
            }
            let worker = dice.below(self.workers.len() as u64) as usize;
            self.workers[worker].step();
            moment += 1;
        }
        assert_eq!(self.engine.snapshot().slots_used, 0, "a slot was lost");
        visits.into_iter().map(|visit| self.compare(visit)).sum()
    }

    fn visit(&self, dice: &mut Dice) -> Visit {
        let model = dice.below(self.models.len() as u64) as usize;
        let info = self.models[model].info();
        let classes = info.labels.len() as u64;
        let raw = RawSampleRequest {
            n: Some(dice.between(1, 5)),
            seed: Some(dice.next()),
            first_index: Some(dice.below(1 << 32) as u32 & !0xFF),
            sampler: Some(sampler(info, dice)),
            priority: Some(Priority::ALL[dice.below(2) as usize]),
            label: (classes > 0 && dice.below(2) == 0).then(|| RawLabel::Number(dice.below(classes + 1) as i64 - 1)),
            ..RawSampleRequest::default()
        };
        let request = SampleRequest::new(&raw, self.models[model].clone(), LIMITS, 0).unwrap();
        let arrives = dice.below(12);
        let leaves = (dice.below(4) == 0).then(|| arrives + dice.between(1, 8));
        Visit { model, request, arrives, leaves, ticket: None }
    }

    fn compare(&mut self, Visit { model, request, ticket, .. }: Visit) -> u32 {
        let Some(mut ticket) = ticket else { return 0 };
        let mut compared = 0;
        loop {
            match ticket.blocking_next() {
                Some(Event::Sample { index, x, .. }) => {
                    let alone = alone(self.references[model].as_mut(), &request, index);
                    assert_eq!(bits(&x), bits(&alone), "sample {index} of seed {} differs", request.seed());
                    compared += 1;
                }
                Some(Event::Done(summary)) => {
                    assert_eq!((compared, summary.evaluations), (request.n(), request.evaluations()));
                    return compared;
                }
                other => panic!("{other:?} in place of a sample"),
            }
        }
    }
}

/// Any method at any noise level of the model, in few evaluations.
fn sampler(info: &ModelInfo, dice: &mut Dice) -> SamplerSpec {
    // A density is known down to σ = 0, where a step is as good as none.
    let low = if info.sigma_min > 0.0 { info.sigma_min } else { 0.01 * info.sigma_max };
    let mut sigma = || low * (info.sigma_max / low).powf(dice.unit());
    let (a, b) = (sigma(), sigma());
    let (sigma_max, sigma_min) = (Some(a.max(b)), Some(a.min(b)));
    let denoise = Some(dice.below(2) == 0);
    let steps = Some(dice.between(2, 9) as u32);
    match dice.below(5) {
        0 => SamplerSpec::Langevin(LangevinSpec {
            sigma: Some(a),
            steps,
            noise: Some(dice.below(8) != 0),
            denoise,
            ..LangevinSpec::default()
        }),
        1 => SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
            sigma_max,
            sigma_min,
            levels: Some(dice.between(2, 4) as u32),
            steps_per_level: Some(dice.between(1, 3) as u32),
            denoise,
            ..AnnealedLangevinSpec::default()
        }),
        2 => SamplerSpec::PredictorCorrector(PredictorCorrectorSpec {
            sigma_max,
            sigma_min,
            levels: Some(dice.between(2, 4) as u32),
            ..PredictorCorrectorSpec::default()
        }),
        3 if dice.below(2) == 0 => {
            let sigmas = Some(vec![a.max(b), (a * b).sqrt(), a.min(b)]);
            let eta = Some(dice.below(3) as f64 / 2.0);
            SamplerSpec::Ancestral(AncestralSpec { sigmas, eta, ..AncestralSpec::default() })
        }
        3 => SamplerSpec::Ancestral(AncestralSpec { sigma_max, sigma_min, steps, ..AncestralSpec::default() }),
        _ => {
            let solver = [Solver::Euler, Solver::Heun, Solver::Dpmpp2m][dice.below(3) as usize];
            SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec {
                solver: Some(solver),
                sigma_max,
                sigma_min,
                steps,
                ..ProbabilityFlowSpec::default()
            })
        }
    }
}

/// Random numbers for schedules (Steele, Lea & Flood 2014, SplitMix64): not the generator under test.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of 0 … `end` − 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of `low` … `high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
