//! The options of reading data that every command takes.

use crate::train::data::{Channels, Options};
use clap::Args;

/// How data are read.
#[derive(Args, Debug)]
pub(super) struct Reading {
    /// Side to which images of a folder are resized; networks for images want a multiple of 4.
    #[arg(long)]
    size: Option<u32>,
    /// Whether images of a folder are read as grey or colour.
    #[arg(long)]
    channels: Option<Channels>,
    /// Class names, separated by commas, in the order of their numbers: where the data only number them, or in another order than that of
    /// the sub-folders' names.
    #[arg(long, value_delimiter = ',')]
    classes: Option<Vec<String>>,
}

impl Reading {
    pub(super) fn options(&self) -> Options {
        Options { size: self.size, channels: self.channels, classes: self.classes.clone(), ..Options::default() }
    }
}
