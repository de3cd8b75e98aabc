//! What comes out: figures, with the bars that some of them have to meet.

use crate::statistics::Spread;
use serde::Serialize;

/// One figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// The least and the most of the windows that it is the median of.
    spread: Option<[f64; 2]>,
    bar: Option<Bar>,
}

/// What a figure has to be.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// The figures of one part.
#[derive(Serialize)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) figures: Vec<Figure>,
}

impl Figure {
    /// `value` of `unit`, which is empty for a ratio.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, spread: None, bar: None }
    }

    /// The median of several windows.
    pub(crate) fn median(name: impl Into<String>, Spread { median, low, high }: Spread, unit: &'static str) -> Self {
        Self { spread: Some([low, high]), ..Self::new(name, median, unit) }
    }

    pub(crate) fn at_least(self, bar: f64) -> Self {
        Self { bar: Some(Bar::AtLeast(bar)), ..self }
    }

    pub(crate) fn at_most(self, bar: f64) -> Self {
        Self { bar: Some(Bar::AtMost(bar)), ..self }
    }

    /// Whether the bar is met; NaN meets none.
    fn met(&self) -> Option<bool> {
        self.bar.map(|bar| match bar {
            Bar::AtLeast(bar) => self.value >= bar,
            Bar::AtMost(bar) => self.value <= bar,
        })
    }

    /// The line of the table.
    fn line(&self) -> String {
        let spread = self.spread.map(|[low, high]| format!(" ({} to {})", number(low), number(high)));
        let verdict = match (self.bar, self.met()) {
            (Some(bar), Some(met)) => {
                let (sign, bar) = match bar {
                    Bar::AtLeast(bar) => ("≥", bar),
                    Bar::AtMost(bar) => ("≤", bar),
                };
                format!("   bar {sign} {}: {}", number(bar), if met { "met" } else { "MISSED" })
            }
            _ => String::new(),
        };
        let Self { name, value, unit, .. } = self;
        format!("  {name:<58} {:>9} {unit}{}{verdict}", number(*value), spread.unwrap_or_default())
    }
}

impl Section {
    /// Shows the section on the terminal.
    pub(crate) fn print(&self) {
        println!("\n{}", self.title);
        self.figures.iter().for_each(|figure| println!("{}", figure.line().trim_end()));
    }
}

/// Three or four digits are all that a measurement has.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.3}"),
    }
}
