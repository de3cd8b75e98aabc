//! The feature network: trained to tell the classes of a data set apart, written as ONNX, and seen to work.

mod file;
mod run;

pub use file::{accuracy, file, verify};
pub use run::{FeaturePlan, FeatureRun};
