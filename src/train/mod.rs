//! The trainer: data, objective, network, optimiser, export.

pub mod data;
