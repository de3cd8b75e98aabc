//! Data sets are read from files of every kind, and files that are not whole are named.
#![cfg(feature = "train")]
#![expect(clippy::unwrap_used, reason = "a test whose files cannot be made has failed")]

mod faults;
mod files;
mod kinds;
mod real;
