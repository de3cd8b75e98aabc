//! What the server says of itself: `/metrics` in Prometheus' text format.

use std::time::Instant;

/// The counters of the server at one moment.
pub(crate) struct Reading {
    pub(crate) at: Instant,
    text: String,
}

impl Reading {
    /// An exposition that was read at `at`.
    pub(crate) fn new(at: Instant, text: String) -> Self {
        Self { at, text }
    }

    /// The sum of `metric` over all its labels; zero where it has no sample yet.
    pub(crate) fn sum(&self, metric: &str) -> f64 {
        let value = |line: &str| {
            let rest = line.strip_prefix(metric)?;
            let labelled = rest.starts_with('{').then(|| rest.rsplit_once('}').map(|(_, value)| value)).flatten();
            labelled.or(rest.strip_prefix(' '))?.trim().parse::<f64>().ok()
        };
        self.text.lines().filter_map(value).sum()
    }

    /// Evaluations made for requests that are still wanted.
    pub(crate) fn useful(&self) -> f64 {
        self.sum("smld_score_evaluations_total") - self.sum("smld_cancelled_evaluations_total")
    }

    /// How much `metric` has grown since `before`.
    pub(crate) fn grown(&self, before: &Self, metric: &str) -> f64 {
        self.sum(metric) - before.sum(metric)
    }

    /// Useful evaluations a second since `before`.
    pub(crate) fn rate(&self, before: &Self) -> f64 {
        (self.useful() - before.useful()) / self.since(before)
    }

    /// Seconds since `before`.
    pub(crate) fn since(&self, before: &Self) -> f64 {
        (self.at - before.at).as_secs_f64()
    }
}
