//! The trainer: from images to a score network file.

pub mod batches;
pub mod checkpoint;
pub mod cli;
pub mod data;
pub mod evaluate;
pub mod export;
pub mod features;
pub mod figures;
pub mod files;
pub mod lock;
mod memory;
pub mod network;
pub mod objective;
pub mod optimiser;
pub mod plan;
pub mod progress;
pub mod run;
pub mod sample;
pub mod split;
pub mod teacher;
pub mod terminal;
pub mod tune;
