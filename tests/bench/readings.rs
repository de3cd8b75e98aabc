//! What is read from the server's metrics.

use crate::exposition::Reading;
use std::time::{Duration, Instant};

const EARLY: &str = "# HELP smld_a_total A.\nsmld_a_total{model=\"m {1}\"} 2\nsmld_a_total{model=\"n\"} 0.5\n\
                     smld_a_total_more 7\nsmld_b 1e3\nsmld_score_evaluations_total{model=\"m\"} 100\n";
const LATE: &str = "smld_score_evaluations_total{model=\"m\"} 400\nsmld_score_evaluations_total{model=\"n\"} 60\n\
                    smld_cancelled_evaluations_total 20\n";

#[test]
fn a_metric_is_summed_over_its_labels_and_no_other_of_a_longer_name_with_it() {
    let reading = Reading::new(Instant::now(), EARLY.to_owned());
    for (metric, sum) in [("smld_a_total", 2.5), ("smld_b", 1000.0), ("smld_a", 0.0), ("smld_absent", 0.0)] {
        assert_eq!(reading.sum(metric), sum, "{metric}");
    }
}

#[test]
fn a_rate_is_that_of_the_evaluations_that_were_not_for_nothing() {
    let at = Instant::now();
    let before = Reading::new(at, EARLY.to_owned());
    let after = Reading::new(at + Duration::from_secs(4), LATE.to_owned());
    assert_eq!(after.grown(&before, "smld_score_evaluations_total"), 360.0);
    assert_eq!(after.rate(&before), 85.0);
}
