//! `smld-train export`: a checkpoint as a score network file.

use super::fit::model_name;
use crate::sampler::SamplerSpec;
use crate::score::onnx::Runtime;
use crate::train::checkpoint::State;
use crate::train::{export, files};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use tch::Device;

/// Write the score network file of a checkpoint, finished or not.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  smld-train export runs/mnist/checkpoint.safetensors --out models/mnist.onnx")]
pub(super) struct Export {
    /// The checkpoint of a run.
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,
    /// The score network file to write; its name is the model's.
    #[arg(long, value_name = "FILE.onnx")]
    out: PathBuf,
    /// The sampler for requests that name none, as JSON; by default the run's, or the trainer's choice.
    #[arg(long)]
    sampler: Option<SamplerSpec>,
    /// The path of onnxruntime's library, which checks what is written.
    #[arg(long, env = "SMLD_ONNXRUNTIME")]
    onnxruntime: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Result<()> {
        let name = model_name(&self.out)?;
        files::look("--out", &self.out)?;
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let (mut plan, mut state) = State::load(&self.checkpoint, Device::Cpu)?;
        plan.sampler = self.sampler.or(plan.sampler);
        let file = export::file(&plan, &state, &name);
        export::verify(file.clone(), &runtime, &plan, &mut state)?;
        files::write(&file, &self.out)
    }
}
