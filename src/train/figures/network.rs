//! The score network that a figure shows.

use crate::score::ReadyModel;
use crate::score::onnx::{Provider, Runtime};
use crate::train::sample::load;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// A score network, by its file.
#[derive(Args, Clone, Debug)]
pub(super) struct Network {
    /// The score network file.
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    /// The path of onnxruntime's library.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

impl Network {
    pub(super) fn ready(&self) -> Result<ReadyModel> {
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        load(&runtime, &self.model, Provider::Cpu, 1)
    }
}
