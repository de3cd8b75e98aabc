//! The score itself, asked of the engine: valid by construction.

use super::request::{deadline, label};
use super::{InvalidRequest, Priority, RawLabel};
use crate::score::{ModelInfo, ReadyModel};
use serde::{Deserialize, Deserializer};
use std::time::{Duration, Instant};

/// The body of a request for scores, as it arrives. Unknown fields are errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema), schema(as = ScoreRequest))]
#[serde(deny_unknown_fields)]
pub struct RawScoreRequest {
    /// The points: rows of the model's D numbers, [C, H, W] row-major where it is one of images.
    #[serde(default, deserialize_with = "rows")]
    #[cfg_attr(feature = "serve", schema(required))]
    pub x: Option<Vec<Vec<f32>>>,
    /// The noise level of all rows, or of each.
    #[cfg_attr(feature = "serve", schema(required))]
    pub sigma: Option<OneOrEach<f64>>,
    /// The class of all rows, or of each; by default none.
    pub label: Option<OneOrEach<Option<RawLabel>>>,
    /// How long the answer may take, in milliseconds; by default the server's.
    pub deadline_ms: Option<u64>,
    /// Whether the request yields to others; by default not.
    pub priority: Option<Priority>,
}

/// One for all rows, or one for each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "must be one for all rows, or a list of one for each")]
pub enum OneOrEach<T> {
    /// In their order.
    Each(Vec<T>),
    /// For all.
    One(T),
}

/// What a server allows.
#[derive(Clone, Copy, Debug)]
pub struct ScoreLimits {
    /// The most rows of one request.
    pub rows: usize,
    /// How long a request may take that says nothing; also the most it may ask for.
    pub deadline: Duration,
}

/// Points whose score is asked for. Nothing past it checks again.
pub struct ScoreRequest {
    model: ReadyModel,
    /// [rows, D].
    x: Vec<f32>,
    /// `[rows]`.
    sigma: Vec<f32>,
    /// `[rows]`, −1 for none.
    label: Vec<i64>,
    deadline: Instant,
    priority: Priority,
}

/// Rows of numbers; what float64 holds and float32 does not becomes infinite, and is refused with its place.
fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Vec<f32>>>, D::Error> {
    struct Number(f32);
    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(f64::deserialize(deserializer)? as f32))
        }
    }
    let rows: Option<Vec<Vec<Number>>> = Deserialize::deserialize(deserializer)?;
    let numbers = |row: Vec<Number>| row.into_iter().map(|Number(x)| x).collect();
    Ok(rows.map(|rows| rows.into_iter().map(numbers).collect()))
}

fn fault<T>(field: impl Into<String>, reason: impl Into<String>) -> Result<T, InvalidRequest> {
    Err(InvalidRequest::new(field, reason))
}

impl ScoreRequest {
    /// Checks `raw` against its model and the server's limits.
    ///
    /// # Errors
    /// [`InvalidRequest`] for the first field that cannot be, as `x[3]` or `sigma[0]`.
    pub fn new(raw: &RawScoreRequest, model: ReadyModel, limits: ScoreLimits) -> Result<Self, InvalidRequest> {
        let info = model.info();
        let Some(x) = &raw.x else { return fault("x", "is missing: it is the list of points, each a list of numbers") };
        let rows = x.len();
        if rows == 0 || rows > limits.rows {
            return fault("x", format!("has {rows} rows; it must have between 1 and {}", limits.rows));
        }
        let Some(sigma) = &raw.sigma else {
            return fault("sigma", "is missing: it is the noise level of all rows, or a list of one for each");
        };
        let x = points(x, info)?;
        let sigma = each("sigma", sigma, rows, |field, &sigma| level(field, sigma, info))?;
        let none = OneOrEach::One(None);
        let classes = raw.label.as_ref().unwrap_or(&none);
        let label = each("label", classes, rows, |field, class| {
            class
                .as_ref()
                .map_or(Ok(-1), |class| label(info, class))
                .map_err(|invalid| InvalidRequest { field, ..invalid })
        })?;
        let deadline = deadline(raw.deadline_ms, limits.deadline)?;
        Ok(Self { x, sigma, label, deadline, priority: raw.priority.unwrap_or_default(), model })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ReadyModel {
        &self.model
    }

    /// The number of points, at least one.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.sigma.len() as u32
    }

    /// When the answer is no longer wanted.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn priority(&self) -> Priority {
        self.priority
    }

    /// Point `row`.
    pub(super) fn x(&self, row: u32) -> &[f32] {
        let dim = self.model.info().dim();
        &self.x[row as usize * dim..][..dim]
    }

    pub(super) fn sigma(&self, row: u32) -> f32 {
        self.sigma[row as usize]
    }

    pub(super) fn label(&self, row: u32) -> i64 {
        self.label[row as usize]
    }
}

/// The rows, one after the other.
fn points(rows: &[Vec<f32>], info: &ModelInfo) -> Result<Vec<f32>, InvalidRequest> {
    let dim = info.dim();
    for (place, row) in rows.iter().enumerate() {
        if row.len() != dim {
            let (shape, length) = (&info.shape, row.len());
            let reason = format!("has {length} numbers; a point of '{}' has {dim}, of shape {shape:?}", info.name);
            return fault(format!("x[{place}]"), reason);
        }
        if let Some(at) = row.iter().position(|x| !x.is_finite()) {
            return fault(format!("x[{place}][{at}]"), "is not a finite float32");
        }
    }
    Ok(rows.concat())
}

/// A noise level that the model knows.
fn level(field: String, sigma: f64, info: &ModelInfo) -> Result<f32, InvalidRequest> {
    if info.sigma_range().holds(sigma) {
        return Ok(sigma as f32);
    }
    let ModelInfo { name, sigma_min, sigma_max, .. } = info;
    fault(field, format!("is {sigma}; '{name}' knows the score from {sigma_min} to {sigma_max}"))
}

/// What `check` makes of the one for all rows, or of each.
fn each<T, R: Clone>(
    name: &str,
    values: &OneOrEach<T>,
    rows: usize,
    check: impl Fn(String, &T) -> Result<R, InvalidRequest>,
) -> Result<Vec<R>, InvalidRequest> {
    match values {
        OneOrEach::One(value) => Ok(vec![check(name.to_owned(), value)?; rows]),
        OneOrEach::Each(values) if values.len() == rows => {
            values.iter().enumerate().map(|(place, value)| check(format!("{name}[{place}]"), value)).collect()
        }
        OneOrEach::Each(values) => {
            fault(name, format!("has {} entries for {rows} rows: give one for each, or one for all", values.len()))
        }
    }
}
