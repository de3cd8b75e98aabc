//! Known densities: their formulae against one another, their files, and their samples as they are served.
#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
#[path = "../common/mod.rs"]
mod common;

mod calculus;
mod draws;
mod files;
mod histogram;
mod served;
