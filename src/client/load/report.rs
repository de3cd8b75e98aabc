//! What came of the requests: a table, a document, a figure.

use super::drive::{Outcome, Sent};
use crate::client::ClientError;
use crate::plot::{Axis, Figure, Panel, Style, palette};
use serde::Serialize;
use std::fmt;

/// What came of the requests.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Until the last answer.
    seconds: f64,
    requests: usize,
    answered: usize,
    refused: usize,
    failed: usize,
    /// Due, and not sent before the end.
    unsent: usize,
    samples_per_second: f64,
    evaluations_per_second: f64,
    /// Of the answered; none where there are none.
    latency_seconds: Option<Latency>,
}

/// The spread of latencies in seconds: quantiles by nearest rank.
#[derive(Debug, Serialize)]
struct Latency {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

/// Seconds of the answered, rising.
fn latencies(sent: &[Sent]) -> Vec<f64> {
    let answered = sent.iter().filter(|one| matches!(one.outcome, Outcome::Answered));
    let mut seconds: Vec<f64> = answered.map(|one| one.latency.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

impl Latency {
    fn of(sorted: &[f64]) -> Option<Self> {
        // One in a hundred of 100 is the 99th, whatever 0.99 is in binary.
        let rank = |percent: usize| sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1];
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        let max = *sorted.last()?;
        Some(Self { mean, p50: rank(50), p90: rank(90), p99: rank(99), max })
    }
}

impl Report {
    /// Of `sent`, each a request for `n` samples that takes `evaluations`; `unsent` more were due.
    pub(super) fn new(sent: &[Sent], unsent: usize, n: u32, evaluations: u64) -> Self {
        let count = |is: fn(&Outcome) -> bool| sent.iter().filter(|one| is(&one.outcome)).count();
        let seconds = sent.iter().map(|one| one.ended.as_secs_f64()).fold(0.0, f64::max);
        let answered = count(|outcome| matches!(outcome, Outcome::Answered));
        let a_second = |each: f64| if seconds > 0.0 { answered as f64 * each / seconds } else { 0.0 };
        Self {
            seconds,
            requests: sent.len(),
            answered,
            refused: count(|outcome| matches!(outcome, Outcome::Refused)),
            failed: count(|outcome| matches!(outcome, Outcome::Failed(_))),
            unsent,
            samples_per_second: a_second(f64::from(n)),
            evaluations_per_second: a_second(evaluations as f64),
            latency_seconds: Latency::of(&latencies(sent)),
        }
    }

    /// Whether every request was answered or refused.
    pub(super) fn sound(&self, sent: &[Sent]) -> Result<(), ClientError> {
        let failing = sent.iter().find_map(|one| match &one.outcome {
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Answered | Outcome::Refused => None,
        });
        match failing {
            Some(reason) => Err(ClientError::Failing { sent: self.requests, failed: self.failed, reason }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, requests, answered, refused, failed, unsent, .. } = self;
        writeln!(f, "{requests} requests in {seconds:.1} s: {answered} answered, {refused} refused, {failed} failed")?;
        if *unsent > 0 {
            writeln!(
                f,
                "{unsent} more were due and not sent: this machine or the server did not keep up with the rate"
            )?;
        }
        writeln!(f, "{:.1} samples/s, {:.0} evaluations/s", self.samples_per_second, self.evaluations_per_second)?;
        let Some(Latency { mean, p50, p90, p99, max }) = self.latency_seconds else { return Ok(()) };
        writeln!(f, "latency     mean       p50       p90       p99       max")?;
        writeln!(f, "      {mean:>8.3} s{p50:>8.3} s{p90:>8.3} s{p99:>8.3} s{max:>8.3} s")
    }
}

/// Each request at the time when its answer ended, and the share of the answered that were no slower.
pub(super) fn figure(sent: &[Sent]) -> Figure {
    let at = |is: fn(&Outcome) -> bool| {
        let some = sent.iter().filter(|one| is(&one.outcome));
        some.map(|one| [one.ended.as_secs_f64(), one.latency.as_secs_f64()]).collect::<Vec<_>>()
    };
    let (answered, refused) =
        (at(|outcome| matches!(outcome, Outcome::Answered)), at(|outcome| matches!(outcome, Outcome::Refused)));
    let sorted = latencies(sent);
    let slowest = sent.iter().map(|one| one.latency.as_secs_f64()).fold(1e-3, f64::max);
    let end = sent.iter().map(|one| one.ended.as_secs_f64()).fold(1e-3, f64::max);
    let shares = sorted.iter().enumerate().map(|(i, &seconds)| [seconds, (i + 1) as f64 / sorted.len() as f64]);
    let seconds = |room: f64| Axis::named([0.0, room * slowest], "latency, s");
    // Above the slowest there is room for the legend.
    let course = Panel::new([380, 260], Axis::named([0.0, 1.02 * end], "time, s"), seconds(1.3))
        .points(refused, Style::new(palette::GREY, 2.0).labelled("refused"))
        .points(answered, Style::new(palette::BLUE, 2.0).labelled("answered"));
    let spread = Panel::new([380, 260], seconds(1.05), Axis::named([0.0, 1.0], "share that was no slower"))
        .line(shares.collect(), Style::new(palette::VERMILION, 2.0));
    Figure::row(vec![course, spread])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sent(outcome: Outcome, milliseconds: u64) -> Sent {
        let latency = Duration::from_millis(milliseconds);
        Sent { ended: latency, latency, outcome }
    }

    #[test]
    fn quantiles_are_values_that_were_measured_and_of_the_answered_only() {
        let mut all: Vec<Sent> = (1..=100).rev().map(|i| sent(Outcome::Answered, 10 * i)).collect();
        all.push(sent(Outcome::Refused, 2000));
        let report = Report::new(&all, 3, 2, 36);
        let Latency { mean, p50, p90, p99, max } = report.latency_seconds.as_ref().unwrap();
        assert_eq!([*p50, *p90, *p99, *max], [0.5, 0.9, 0.99, 1.0]);
        assert!((mean - 0.505).abs() < 1e-12);
        assert_eq!((report.answered, report.refused, report.seconds), (100, 1, 2.0));
        assert_eq!((report.samples_per_second, report.evaluations_per_second), (100.0, 1800.0));
        assert!(report.sound(&all).is_ok());
        assert!(report.to_string().contains("\n3 more were due and not sent"), "{report}");
    }

    #[test]
    fn a_request_that_failed_makes_the_whole_fail_and_is_told() {
        let all = [sent(Outcome::Failed("it broke".to_owned()), 1)];
        let report = Report::new(&all, 0, 1, 1);
        assert!(report.latency_seconds.is_none());
        assert_eq!(report.sound(&all).unwrap_err().to_string(), "of 1 requests 1 failed, the first with: it broke");
    }
}
