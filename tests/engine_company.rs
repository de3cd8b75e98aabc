//! A sample has the same bytes alone and in any company.

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::company::samples_are_the_same_in_any_company;
use common::{gaussian, two_bumps};
use std::sync::Arc;

#[test]
fn over_a_thousand_random_schedules_every_sample_has_the_bytes_of_the_one_made_alone() {
    samples_are_the_same_in_any_company(&[Arc::new(two_bumps(5)), Arc::new(gaussian(&[0.5; 7], 0.3))], 1000, 1);
}
