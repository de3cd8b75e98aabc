//! What is asked of the engine: valid by construction.

use super::{PreviewSettings, Priority};
use crate::sampler::{Sampler, SamplerSpec};
use crate::score::{ModelInfo, ReadyModel};
use serde::{Deserialize, Deserializer};
use std::time::{Duration, Instant};

/// The body of a request, as it arrives. Unknown fields are errors.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema), schema(as = SampleRequest))]
#[serde(deny_unknown_fields)]
pub struct RawSampleRequest {
    /// The model's name; by default the server's default model.
    pub model: Option<String>,
    /// How many samples; by default 1.
    pub n: Option<u64>,
    /// The seed, a number or a decimal string; by default a random one.
    #[serde(default, deserialize_with = "seed")]
    #[cfg_attr(feature = "serve", schema(value_type = Option<Seed>))]
    pub seed: Option<u64>,
    /// The index of the first sample; by default 0.
    pub first_index: Option<u32>,
    /// The sampler; by default the model's.
    pub sampler: Option<SamplerSpec>,
    /// A class's name or number, or −1 for none: the score of all classes together. By default each sample is of a class of its own,
    /// drawn as often as the data have it.
    pub label: Option<RawLabel>,
    /// How long the answer may take, in milliseconds; by default the server's.
    pub deadline_ms: Option<u64>,
    /// Whether the request yields to others; by default not.
    pub priority: Option<Priority>,
    /// Whether the answer says what the chains were like; by default not.
    pub diagnostics: Option<bool>,
    /// How often and of how many chains the denoised means are told under way; by default never.
    pub preview: Option<RawPreview>,
    /// Whether only the cost and the time are wanted, and no samples; by default not.
    pub dry_run: Option<bool>,
}

/// What is to be shown of chains under way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema), schema(as = PreviewRequest))]
#[serde(deny_unknown_fields)]
pub struct RawPreview {
    /// The least milliseconds from one showing to the next; by default 200.
    pub every_ms: Option<u64>,
    /// The most chains of a showing; by default 16.
    pub images: Option<u64>,
}

/// A class as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema), schema(as = Label))]
#[serde(untagged, expecting = "label: a class's name, its number from 0, or -1 for none")]
pub enum RawLabel {
    /// By its place; −1 is none.
    Number(i64),
    /// By its name.
    Name(String),
}

/// What a server allows and supplies.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// The most samples of one request.
    pub max_n: u64,
    /// The most evaluations of one request: n times the sampler's.
    pub max_evaluations: u64,
    /// How long a request may take that says nothing; also the most it may ask for.
    pub deadline: Duration,
}

/// A field that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidRequest {
    /// The field, as `n` or `sampler.tau`.
    pub field: String,
    /// What is wrong with it and what to do.
    pub reason: String,
}

impl InvalidRequest {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// n chains of one model, one sampler, one seed. Nothing past it checks again.
#[derive(Clone)]
pub struct SampleRequest {
    model: ReadyModel,
    n: u32,
    seed: u64,
    first_index: u32,
    sampler: Sampler,
    label: Option<i64>,
    deadline: Instant,
    priority: Priority,
    diagnostics: bool,
    preview: Option<PreviewSettings>,
}

impl SampleRequest {
    /// Checks `raw` against its model, which the caller has found by its name, and the server's limits. `random_seed` is
    /// taken where the request names no seed.
    ///
    /// # Errors
    /// [`InvalidRequest`] for the first field that cannot be.
    pub fn new(
        raw: &RawSampleRequest,
        model: ReadyModel,
        limits: RequestLimits,
        random_seed: u64,
    ) -> Result<Self, InvalidRequest> {
        let fault = |field: &str, reason: String| Err(InvalidRequest::new(field, reason));
        let info = model.info();
        let n = raw.n.unwrap_or(1);
        if n == 0 || n > limits.max_n {
            return fault("n", format!("is {n}; it must be between 1 and {}", limits.max_n));
        }
        let first_index = raw.first_index.unwrap_or(0);
        let Some(n) = u32::try_from(n).ok().filter(|&n| first_index.checked_add(n - 1).is_some()) else {
            return fault("first_index", format!("first_index + n goes past {}", u32::MAX));
        };
        let sampler = raw.sampler.as_ref().unwrap_or(&info.sampler).resolve(Some(&info.sampler), info.sigma_range());
        let sampler =
            sampler.map_err(|fault| InvalidRequest::new(format!("sampler.{}", fault.parameter), fault.reason))?;
        let (each, most) = (u64::from(sampler.evaluations()), limits.max_evaluations);
        if each > most {
            return fault("sampler", format!("takes {each} evaluations; one request may take {most}: use fewer steps"));
        }
        if u64::from(n) * each > most {
            let all = u64::from(n) * each;
            let reason = format!("{n} chains of {each} evaluations are {all}; one request may take {most}");
            return fault("n", format!("{reason}: ask for ranges of first_index, {} at a time", most / each));
        }
        let label = raw.label.as_ref().map(|asked| label(info, asked)).transpose()?;
        let deadline = deadline(raw.deadline_ms, limits.deadline)?;
        let preview = raw.preview.as_ref().map(RawPreview::settings).transpose()?;
        let seed = raw.seed.unwrap_or(random_seed);
        let priority = raw.priority.unwrap_or_default();
        let diagnostics = raw.diagnostics.unwrap_or(false);
        Ok(Self { model, n, seed, first_index, sampler, label, deadline, priority, diagnostics, preview })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ReadyModel {
        &self.model
    }

    /// The number of samples, at least one.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.n
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The index of the first sample.
    #[must_use]
    pub fn first_index(&self) -> u32 {
        self.first_index
    }

    /// The sampler.
    #[must_use]
    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// The number of the class of all samples, −1 for none; nothing where each has its own.
    #[must_use]
    pub fn label(&self) -> Option<i64> {
        self.label
    }

    /// The name of the class of all samples; nothing where they have none, or each its own.
    #[must_use]
    pub fn label_name(&self) -> Option<&str> {
        self.label.and_then(|label| self.model.info().label_name(label))
    }

    /// The number of the class of sample `index`, −1 for none. Where each has its own it depends on the seed and the index alone.
    #[must_use]
    pub fn label_of(&self, index: u32) -> i64 {
        self.label.unwrap_or_else(|| self.model.info().drawn_label(self.seed, index))
    }

    /// The name of the class of sample `index`; nothing where it has none.
    #[must_use]
    pub fn label_name_of(&self, index: u32) -> Option<&str> {
        self.model.info().label_name(self.label_of(index))
    }

    /// When the answer is no longer wanted.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether it yields to others.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Whether the answer says what the chains were like.
    #[must_use]
    pub fn diagnostics(&self) -> bool {
        self.diagnostics
    }

    /// How often and of how many chains the denoised means are told under way, if at all.
    #[must_use]
    pub fn preview(&self) -> Option<PreviewSettings> {
        self.preview
    }

    /// What it costs: n times the sampler's evaluations.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        u64::from(self.n) * u64::from(self.sampler.evaluations())
    }
}

impl RawPreview {
    fn settings(&self) -> Result<PreviewSettings, InvalidRequest> {
        let within = |field: &str, asked: Option<u64>, default, [least, most]: [u64; 2]| {
            let asked = asked.unwrap_or(default);
            (least..=most).contains(&asked).then_some(asked).ok_or_else(|| {
                InvalidRequest::new(
                    format!("preview.{field}"),
                    format!("is {asked}; it must be between {least} and {most}"),
                )
            })
        };
        let every = Duration::from_millis(within("every_ms", self.every_ms, 200, [20, 60_000])?);
        Ok(PreviewSettings { every, chains: within("images", self.images, 16, [1, 64])? as usize })
    }
}

/// The number of a class of the model, −1 for none.
pub(super) fn label(info: &ModelInfo, asked: &RawLabel) -> Result<i64, InvalidRequest> {
    let found = match asked {
        RawLabel::Name(name) => info.label(name),
        // A class may be called by another's number; a number is always its place.
        RawLabel::Number(place) if (-1..info.labels.len() as i64).contains(place) => Ok(*place),
        RawLabel::Number(number) => info.label(&number.to_string()),
    };
    found.map_err(|unknown| InvalidRequest::new("label", unknown.reason))
}

/// When an answer is no longer wanted: after `asked` milliseconds or, where nothing is said, after `most`.
pub(super) fn deadline(asked: Option<u64>, most: Duration) -> Result<Instant, InvalidRequest> {
    match asked.map(Duration::from_millis) {
        Some(asked) if asked.is_zero() || asked > most => Err(InvalidRequest::new(
            "deadline_ms",
            format!("is {}; it must be between 1 and {}", asked.as_millis(), most.as_millis()),
        )),
        asked => Ok(Instant::now() + asked.unwrap_or(most)),
    }
}

/// A seed: a number, or a decimal string for those whose numbers end at 2⁵³.
#[derive(Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "seed: a whole number from 0 to 18446744073709551615, or one as a decimal string")]
pub(crate) enum Seed {
    Number(u64),
    Text(String),
}

/// The number that a seed is.
pub(crate) fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Option::<Seed>::deserialize(deserializer)? {
        None => None,
        Some(Seed::Number(seed)) => Some(seed),
        Some(Seed::Text(text)) => Some(text.parse().map_err(|_| {
            serde::de::Error::custom(format!("seed: '{text}' is not a whole number from 0 to {}", u64::MAX))
        })?),
    })
}
