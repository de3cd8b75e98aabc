//! Quality against evaluations: several samplers of one model, each at several numbers of evaluations.

use super::frechet::Estimate;
use crate::sampler::{SamplerSpec, SigmaRange};
use crate::train::files;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// What was measured, as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// What distances depend on beside the sampler: model, data, features, number of samples, seed.
    pub about: Value,
    /// The distance of as many held-out rows.
    pub held_out: Estimate,
    /// The distances.
    pub points: Vec<Point>,
}

/// One sampler at one number of evaluations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The sampler that was asked for.
    pub asked: SamplerSpec,
    /// The evaluations that a chain was allowed.
    pub budget: u32,
    /// The evaluations that it takes.
    pub evaluations: u32,
    /// The sampler with every parameter decided.
    pub sampler: SamplerSpec,
    /// The distance of its samples; none where they diverge, or are not drawn yet.
    pub frechet: Option<Estimate>,
}

/// What is swept where nothing else is asked: every method that goes down the noise levels.
pub const SAMPLERS: [&str; 6] = [
    r#"{"method":"annealed_langevin"}"#,
    r#"{"method":"predictor_corrector"}"#,
    r#"{"method":"ancestral"}"#,
    r#"{"method":"ancestral","solver":"ddpm"}"#,
    r#"{"method":"probability_flow","solver":"heun"}"#,
    r#"{"method":"probability_flow","solver":"dpmpp2m"}"#,
];

impl Point {
    /// `asked` of a model with the sampler `own` and the noise levels `range`, at `budget` evaluations
    /// ([`SamplerSpec::within`]); nothing is measured yet.
    ///
    /// # Errors
    /// Where the budget is too small, or the sampler cannot be.
    pub fn new(asked: &SamplerSpec, budget: u32, own: &SamplerSpec, range: SigmaRange) -> Result<Self> {
        let about = || format!("'{}' at {budget} evaluations", name(asked));
        let sampler = asked.within(Some(own), budget).with_context(about)?.resolve(None, range).with_context(about)?;
        let evaluations = sampler.evaluations();
        let sampler = serde_json::from_value(serde_json::to_value(sampler)?)?;
        Ok(Self { asked: asked.clone(), budget, evaluations, sampler, frechet: None })
    }
}

impl Sweep {
    /// The file at `path`; none where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or is something else.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let sweep = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a file of smld-train sweep", path.display()))?;
        Ok(Some(sweep))
    }

    /// Writes the file at `path`, which is whole at every moment.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        files::write((serde_json::to_string_pretty(self)? + "\n").as_bytes(), path)
    }

    /// Sees that what the file has goes together with what is asked for now.
    ///
    /// # Errors
    /// What differs between its `about` and this.
    pub fn check(&self, about: &Value) -> Result<()> {
        let keys = about.as_object().into_iter().flat_map(serde_json::Map::keys);
        let differ: Vec<&str> = keys.filter(|key| self.about[*key] != about[*key]).map(String::as_str).collect();
        ensure!(
            differ.is_empty(),
            "the file's figures were measured with other values of: {}; such figures cannot be compared, write these to a \
             file of their own",
            differ.join(", ")
        );
        Ok(())
    }

    /// Whether `point` was measured, by the same sampler in every parameter.
    #[must_use]
    pub fn has(&self, point: &Point) -> bool {
        self.points.iter().any(|known| known.same_place(point) && known.sampler == point.sampler)
    }

    /// Adds `point`, in place of one that was measured there by another sampler.
    pub fn put(&mut self, point: Point) {
        self.points.retain(|known| !known.same_place(&point));
        self.points.push(point);
    }

    /// The samplers that were asked for, in the order in which they came.
    #[must_use]
    pub fn asked(&self) -> Vec<&SamplerSpec> {
        let mut all = Vec::new();
        for point in &self.points {
            if !all.contains(&&point.asked) {
                all.push(&point.asked);
            }
        }
        all
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        self.about["model"]["name"].as_str().unwrap_or_default()
    }
}

impl Point {
    fn same_place(&self, other: &Self) -> bool {
        self.asked == other.asked && self.budget == other.budget
    }
}

/// A sampler in a word or two: its method, and the parameters that are named and no budget decides.
#[must_use]
pub fn name(sampler: &SamplerSpec) -> String {
    let value = serde_json::json!(sampler);
    let decided = ["method", "levels", "steps"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let named = value.as_object().into_iter().flatten().filter(|(key, _)| !decided.contains(&key.as_str()));
    let named = named.map(|(key, value)| match key.as_str() {
        "solver" => text(value),
        _ => format!("{key} {}", text(value)),
    });
    std::iter::once(text(&value["method"])).chain(named).collect::<Vec<_>>().join(", ")
}

/// A table in Markdown: a row for each sampler, a column for each number of evaluations, the cells padded to be read as they are.
impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let budgets: BTreeSet<u32> = self.points.iter().map(|point| point.budget).collect();
        let cell = |asked: &SamplerSpec, budget: u32| {
            let point = self.points.iter().find(|point| point.asked == *asked && point.budget == budget);
            point.map_or_else(String::new, |point| {
                point.frechet.map_or_else(|| "diverges".to_owned(), |found| found.to_string())
            })
        };
        let begin = |name: String| std::iter::once(name);
        let mut rows = vec![begin("evaluations".to_owned()).chain(budgets.iter().map(u32::to_string)).collect()];
        for asked in self.asked() {
            let cells = budgets.iter().map(|&budget| cell(asked, budget));
            rows.push(begin(format!("`{}`", name(asked))).chain(cells).collect::<Vec<_>>());
        }
        let mark = self.held_out.to_string();
        rows.push(begin("held-out rows".to_owned()).chain(budgets.iter().map(|_| mark.clone())).collect());
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for (i, row) in rows.iter().enumerate() {
            let cells: Vec<String> =
                row.iter().enumerate().map(|(c, cell)| format!("{cell:w$}", w = width(c))).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
            if i == 0 {
                let rule: Vec<String> = (0..row.len()).map(|column| "-".repeat(width(column))).collect();
                writeln!(f, "| {} |", rule.join(" | "))?;
            }
        }
        Ok(())
    }
}
