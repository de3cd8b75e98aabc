//! What is asked: the requests of each workload.

use crate::Result;
use crate::draws::Draws;
use serde::Serialize;
use smld::sampler::{
    AncestralSpec, AnnealedLangevinSpec, LangevinSpec, PredictorCorrectorSpec, ProbabilityFlowSpec, SamplerSpec,
    SigmaRange,
};

/// The model that is asked for, and measured on the raw side.
pub(crate) const MODEL: &str = "fashion-mnist";

/// A request for samples.
#[derive(Clone, Serialize)]
pub(crate) struct Ask {
    model: &'static str,
    n: u32,
    seed: u32,
    sampler: SamplerSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
}

impl Ask {
    /// `n` images by `sampler`; `seed` tells requests apart.
    pub(crate) fn new(n: u32, sampler: &SamplerSpec, seed: u32) -> Self {
        Self { model: MODEL, n, seed, sampler: sampler.clone(), deadline_ms: None }
    }

    /// As it is sent.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// How many evaluations it takes of a model whose noise levels are in `range`.
    pub(crate) fn evaluations(&self, range: SigmaRange) -> Result<u32> {
        Ok(self.n * self.sampler.resolve(None, range)?.evaluations())
    }

    /// As it is, to be answered within `milliseconds`.
    pub(crate) fn within(mut self, milliseconds: u64) -> Self {
        self.deadline_ms = Some(milliseconds);
        self
    }
}

/// `steps` evaluations of the method that the models are served with.
pub(crate) fn ancestral(steps: u32) -> SamplerSpec {
    SamplerSpec::Ancestral(AncestralSpec { steps: Some(steps), ..AncestralSpec::default() })
}

/// Request `i` of a crowd that wants everything: 1 to 64 images, by every method, in 20 to about 200 evaluations.
pub(crate) fn anything(i: u32) -> Ask {
    let mut draws = Draws::new(i);
    let n = draws.whole(1, 64);
    let sampler = match i % 5 {
        0 => ancestral(draws.whole(20, 100)),
        1 => SamplerSpec::ProbabilityFlow(ProbabilityFlowSpec {
            steps: Some(draws.whole(10, 50)),
            ..ProbabilityFlowSpec::default()
        }),
        2 => SamplerSpec::PredictorCorrector(PredictorCorrectorSpec {
            levels: Some(draws.whole(20, 100)),
            ..PredictorCorrectorSpec::default()
        }),
        3 => SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
            levels: Some(draws.whole(10, 20)),
            steps_per_level: Some(draws.whole(2, 5)),
            ..AnnealedLangevinSpec::default()
        }),
        _ => SamplerSpec::Langevin(LangevinSpec {
            sigma: Some(0.5),
            steps: Some(draws.whole(50, 200)),
            ..LangevinSpec::default()
        }),
    };
    Ask::new(n, &sampler, i)
}

/// Request `i` of a crowd that wants a few images each: how many, from 1 to 8, and in how many steps, from 20 to 100.
pub(crate) fn few(i: u32) -> (u32, u32) {
    let mut draws = Draws::new(i);
    (draws.whole(1, 8), draws.whole(20, 100))
}
