//! What a run of `fit` leaves in its folder while it goes on.

use crate::engine::RawSampleRequest;
use crate::score::onnx::Runtime;
use crate::train::plan::Plan;
use crate::train::progress::Reporter;
use crate::train::run::Run;
use crate::train::sample::{draw, png};
use crate::train::{export, files};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Keeps what a run has reached.
pub(super) struct Keeper<'a> {
    /// The model's name.
    pub(super) name: &'a str,
    /// The run's folder.
    pub(super) folder: &'a Path,
    /// What runs the network, to see that it works and for pictures.
    pub(super) runtime: &'a Runtime,
}

/// The checkpoint in a run's folder.
pub(super) fn checkpoint(folder: &Path) -> PathBuf {
    folder.join("checkpoint.safetensors")
}

impl Keeper<'_> {
    /// Writes the checkpoint.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn save(&self, run: &Run<'_>) -> Result<()> {
        run.state.save(&run.plan, &checkpoint(self.folder))
    }

    /// The file of what `run` has reached, seen to work.
    ///
    /// # Errors
    /// As [`export::verify`].
    pub(super) fn file(&self, run: &mut Run<'_>) -> Result<Vec<u8>> {
        let file = export::file(&run.plan, &run.state, self.name);
        export::verify(file.clone(), self.runtime, &run.plan, &mut run.state)?;
        Ok(file)
    }

    /// Draws, of images and of points of the plane, a picture of what the network as it would be exported gives now. A picture that
    /// cannot be had is told of and ends nothing.
    pub(super) fn picture(&self, run: &mut Run<'_>, reporter: &Reporter) {
        if let Err(error) = self.draw(run) {
            reporter.say(&format!("there is no picture of step {}: {error:#}", run.state.progress.step));
        }
    }

    fn draw(&self, run: &mut Run<'_>) -> Result<()> {
        let Some((n, most)) = extent(&run.plan) else { return Ok(()) };
        let file = export::file(&run.plan, &run.state, self.name);
        let model = export::verify(file, self.runtime, &run.plan, &mut run.state)?;
        let own = &model.info().sampler;
        let sampler = match own.resolve(None, model.info().sigma_range())?.evaluations() {
            evaluations if evaluations > most => Some(own.within(None, most)?),
            _ => None,
        };
        let request = RawSampleRequest { n: Some(n), seed: Some(0), sampler, ..RawSampleRequest::default() };
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let samples = draw(&model, &request, threads, || {})?;
        let path = self.folder.join(format!("samples-{:06}.png", run.state.progress.step));
        files::write(&png(&model, request.sampler.as_ref(), &samples)?, &path)
    }
}

/// How many samples are in a picture, and how many evaluations each may have: a picture takes seconds, where chains at one noise
/// level would take longer than the training. None where there are no pictures.
fn extent(plan: &Plan) -> Option<(u64, u32)> {
    match *plan.network.shape() {
        [2] => Some((500, 1000)),
        [_, _, _] => Some((16, 100)),
        _ => None,
    }
}
