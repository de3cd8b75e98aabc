//! The noise levels of the methods that go down to σ = 0 by steps of their own: evenly spaced in σ^(1/ρ), or named one by one.

use super::spec::{descent, knows_noise, level_in_range, most_levels, positive};
use super::{Init, InvalidSampler, SigmaRange, schedule};
use serde::Serialize;

/// σ₁ > … > σ_N > 0, and how they were told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Ladder {
    #[serde(flatten)]
    told: Told,
    /// σ₁ … σ_N, and 0.
    #[serde(skip)]
    levels: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Told {
    /// Evenly spaced in σ^(1/ρ) (Karras et al. 2022, equation 5).
    Spaced {
        sigma_max: f64,
        sigma_min: f64,
        steps: u32,
        rho: f64,
    },
    Named {
        sigmas: Vec<f64>,
    },
}

/// What a request or a model says of them: `sigmas`, or any of the others.
#[derive(Clone, Debug)]
pub(super) struct LadderSpec {
    pub(super) sigmas: Option<Vec<f64>>,
    pub(super) sigma_max: Option<f64>,
    pub(super) sigma_min: Option<f64>,
    pub(super) steps: Option<u32>,
    pub(super) rho: Option<f64>,
}

impl LadderSpec {
    /// This over `model`'s. Who names the levels in one way has nothing of those that the model names in the other.
    pub(super) fn over(self, model: Self) -> Self {
        if self.sigmas.is_some() {
            return self;
        }
        let spaced = self.is_spaced();
        Self {
            sigmas: model.sigmas.filter(|_| !spaced),
            sigma_max: self.sigma_max.or(model.sigma_max),
            sigma_min: self.sigma_min.or(model.sigma_min),
            steps: self.steps.or(model.steps),
            rho: self.rho.or(model.rho),
        }
    }

    /// With N `levels`: those that are named where they are so many, and else so many evenly spaced.
    pub(super) fn with(self, levels: u32) -> Self {
        match self.sigmas {
            Some(sigmas) if sigmas.len() == levels as usize => Self { sigmas: Some(sigmas), ..self },
            _ => Self { sigmas: None, steps: Some(levels), ..self },
        }
    }

    /// The levels within `range`; N is `steps` where nothing else is said.
    pub(super) fn resolve(self, steps: u32, range: SigmaRange) -> Result<Ladder, InvalidSampler> {
        let spaced = self.is_spaced();
        match self.sigmas {
            Some(_) if spaced => {
                let reason = "name every level; leave out sigma_max, sigma_min, steps and rho, or leave out sigmas";
                Err(InvalidSampler { parameter: "sigmas", reason: reason.to_owned() })
            }
            Some(sigmas) => Ladder::named(sigmas, range),
            None => {
                let steps = self.steps.unwrap_or(steps);
                let ends = descent([self.sigma_max, self.sigma_min], "steps", steps, range)?;
                Ladder::spaced(ends, steps, self.rho.unwrap_or(7.0))
            }
        }
    }

    fn is_spaced(&self) -> bool {
        self.sigma_max.is_some() || self.sigma_min.is_some() || self.steps.is_some() || self.rho.is_some()
    }
}

impl Ladder {
    fn spaced([sigma_max, sigma_min]: [f64; 2], steps: u32, rho: f64) -> Result<Self, InvalidSampler> {
        /// From here on the levels are those of a geometric progression, and further on rounding is all that is left of them.
        const MOST_RHO: f64 = 1e9;
        positive("rho", rho)?;
        if rho > MOST_RHO {
            let reason = format!("is {rho}; {MOST_RHO:e} is the most, and makes a geometric progression");
            return Err(InvalidSampler { parameter: "rho", reason });
        }
        let mut levels = schedule::karras(sigma_max, sigma_min, steps, rho);
        if levels.iter().any(|sigma| !sigma.is_finite()) {
            let reason = format!("is {rho}, so near to zero that σ^(1/ρ) is beyond all numbers; take a larger one");
            return Err(InvalidSampler { parameter: "rho", reason });
        }
        levels.push(0.0);
        Ok(Self { told: Told::Spaced { sigma_max, sigma_min, steps, rho }, levels })
    }

    fn named(sigmas: Vec<f64>, range: SigmaRange) -> Result<Self, InvalidSampler> {
        knows_noise(range)?;
        if sigmas.is_empty() {
            let reason = "are none; name one noise level at least".to_owned();
            return Err(InvalidSampler { parameter: "sigmas", reason });
        }
        most_levels("sigmas", sigmas.len())?;
        for &sigma in &sigmas {
            positive("sigmas", sigma)?;
            level_in_range("sigmas", sigma, range)?;
        }
        // A network is told them as float32.
        if let Some(pair) = sigmas.windows(2).find(|pair| pair[0] as f32 <= pair[1] as f32) {
            let reason = format!("must go down, and {} comes after {}", pair[1], pair[0]);
            return Err(InvalidSampler { parameter: "sigmas", reason });
        }
        let mut levels = sigmas.clone();
        levels.push(0.0);
        Ok(Self { told: Told::Named { sigmas }, levels })
    }

    /// N.
    pub(super) fn steps(&self) -> u32 {
        (self.levels.len() - 1) as u32
    }

    /// σ at `level`, from 0; after the last it is 0.
    pub(super) fn sigma(&self, level: usize) -> f64 {
        self.levels[level]
    }

    /// σ and σ', the ends of the step from `level`.
    pub(super) fn step(&self, level: usize) -> [f64; 2] {
        [self.levels[level], self.levels[level + 1]]
    }

    /// Where chains begin that nothing is said of: N(0, σ₁² I).
    pub(super) fn init(&self) -> Init {
        Init::Normal { deviation: self.levels[0] }
    }

    /// h = ln(σ/σ'), the length of the step from `level`, infinite to 0. Levels that are nearly the same may be rounded the wrong
    /// way round.
    pub(super) fn length(&self, level: usize) -> f64 {
        let [sigma, next] = self.step(level);
        libm::log(sigma / next).max(0.0)
    }

    /// That of the step that led to `level`. None at the first, and where levels are the same.
    pub(super) fn length_before(&self, level: usize) -> Option<f64> {
        Some(self.length(level.checked_sub(1)?)).filter(|&length| length > 0.0)
    }

    /// What to know of solvers of second order on these levels: over a step much longer than the one before, what changed in that one,
    /// noise among it, is carried on many times as far.
    pub(super) fn warnings(&self) -> Vec<String> {
        const MOST: f64 = 20.0;
        let times = |level: usize| Some((level, self.length(level) / self.length_before(level)?));
        // The last step, to 0, is of first order.
        let steps = (1..self.levels.len().saturating_sub(2)).filter_map(times);
        let Some((level, times)) = steps.filter(|&(_, times)| times > MOST).max_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Vec::new();
        };
        let [sigma, next] = self.step(level);
        vec![format!(
            "the step from σ = {sigma:.3} to {next:.3} is {times:.0} times as long as the one before it, too far for a solver of \
             second order; set the levels more evenly, or take one of first order"
        )]
    }
}
