//! Chains of images on their way from noise to samples.

use super::chains::{Chains, sampler};
use super::network::Network;
use super::{Drawing, Table, at_least_one};
use crate::pixels::Picture;
use crate::plot::{Figure, Panel};
use crate::sampler::SamplerSpec;
use anyhow::{Result, ensure};
use clap::Args;

/// The options of `plot chain`.
#[derive(Args, Debug)]
pub struct Chain {
    #[command(flatten)]
    network: Network,
    /// How many chains, one a row.
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    chains: usize,
    /// How many times each is shown, from its beginning to its end.
    #[arg(long, default_value_t = 10)]
    times: u32,
    /// A class, by name or number; by default each chain has its own, as in a request.
    #[arg(long, allow_negative_numbers = true)]
    label: Option<String>,
    /// The seed; chain i ends as image i of the same seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The sampler as JSON, as '{"method":"probability_flow"}'; by default the model's.
    #[arg(long)]
    sampler: Option<SamplerSpec>,
}

/// Pixels of the figure for one of an image.
const ZOOM: u32 = 3;

impl Chain {
    /// Each chain in a row, at even intervals of its evaluations; in numbers which, and their σ.
    ///
    /// Black and white are the model's range with 2σ more on either side: an image of range [0, 1] at σ = 15 is grey noise,
    /// and gains contrast as its noise goes.
    ///
    /// # Errors
    /// Where the network is not one of images or does not have the class, or the sampler cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        ensure!(self.times > 1, "--times must be at least 2: the beginning and the end");
        let model = self.network.ready()?;
        let info = model.info();
        ensure!(info.is_image(), "the samples of '{}' are not images but of shape {:?}", info.name, info.shape);
        let label = self.label.as_ref().map(|label| info.label(label)).transpose()?;
        let sampler = sampler(self.sampler.as_ref().unwrap_or(&info.sampler), &model)?;
        let last = sampler.evaluations();
        let times: Vec<u32> =
            (0..self.times).map(|i| (u64::from(last) * u64::from(i) / u64::from(self.times - 1)) as u32).collect();
        let chains = Chains { model: &model, sampler: &sampler, seed: self.seed, count: self.chains, label };
        let seen = chains.at(&times)?;
        let mut table = Table::new(["evaluation", "σ"]);
        for &time in &times {
            table.row([time.to_string(), short(sampler.sigma(time.min(last - 1)))]);
        }
        let mut panels = Vec::new();
        for chain in 0..self.chains {
            for (&time, x) in times.iter().zip(&seen) {
                // After the last evaluation there is no next: its σ is the last.
                let sigma = sampler.sigma(time.min(last - 1));
                let range = [info.range[0] - 2.0 * sigma, info.range[1] + 2.0 * sigma];
                let image = &x[chain * info.dim()..(chain + 1) * info.dim()];
                let picture =
                    Picture::grid(std::iter::once(image), [info.shape[0], info.shape[1], info.shape[2]], range);
                let panel = Panel::image(picture, ZOOM);
                panels.push(if chain == 0 { panel.title(format!("σ = {}", short(sigma))) } else { panel });
            }
        }
        Ok(Drawing { figure: Figure::grid(panels, times.len()), numbers: table.to_string() })
    }
}

/// σ to two digits or three.
fn short(sigma: f32) -> String {
    let digits = if sigma < 0.095 {
        3
    } else if sigma < 0.95 {
        2
    } else {
        1
    };
    format!("{sigma:.digits$}")
}
