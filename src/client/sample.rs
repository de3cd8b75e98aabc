//! `smld sample`: samples from a server into a file.

use super::asked::AskedArgs;
use super::fault::ClientError;
use super::print::note;
use super::remote::{Remote, RemoteArgs};
use super::target::Target;
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Asks a server for samples and writes them to a file
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld sample -n 16 -o grid.png\n  \
    smld sample --model fashion-mnist --label sneaker -n 10 --seed 7 -o sneakers.png\n  \
    smld sample --model mnist -n 1000 --sampler '{\"method\":\"ancestral\",\"steps\":100}' -o digits.npy\n  \
    smld sample --model mnist -n 50000 --priority bulk -o digits.zip")]
pub struct Sample {
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    asked: AskedArgs,
    /// The seed, 0 to 2⁶⁴ − 1; by default a random one, which is told
    #[arg(long)]
    seed: Option<u64>,
    /// The index of the first sample: a large job is cut into ranges by it
    #[arg(long, value_name = "INDEX")]
    first_index: Option<u32>,
    /// The file to write, or - for standard output; it is replaced when all is there, and a device or a pipe is written into
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// The format; by default by the file's ending
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// What an answer can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One picture: the image, or a grid of them; points over their density
    Png,
    /// The same, without loss
    Webp,
    /// The same, with loss
    #[value(alias = "jpg")]
    Jpeg,
    /// A document
    Json,
    /// An array of float32, [n, …shape]
    Npy,
    /// One file a sample, with a directory
    Zip,
    /// One file a sample, as they come
    Tar,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        Self::from_str(path.extension()?.to_str()?, true).ok()
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Json => "application/json",
            Self::Npy => "application/x-npy",
            Self::Zip => "application/zip",
            Self::Tar => "application/x-tar",
        }
    }
}

impl Sample {
    /// Asks, and writes what comes.
    ///
    /// # Errors
    /// [`ClientError`]; a file that was there stays as it was.
    pub fn run(&self) -> Result<(), ClientError> {
        let format = self.format.or_else(|| Format::of(&self.out));
        let format = format.ok_or_else(|| ClientError::Format { path: self.out.clone() })?;
        let remote = Remote::new(&self.remote)?;
        // What cannot be written need not be drawn.
        let target = Target::open(&self.out)?;
        target.guard();
        let name = target.name().display().to_string();
        let began = Instant::now();
        let more = [("seed", self.seed.map(Value::from)), ("first_index", self.first_index.map(Value::from))];
        let answer = remote.samples(&self.asked.body(&more), format.media_type())?;
        let seed = answer.header("x-smld-seed").unwrap_or_default();
        for warning in answer.headers("x-smld-warning") {
            note(format_args!("smld: warning: {warning}"));
        }
        match target.fill(answer.body(), |reason| remote.broken_off(reason)) {
            // Who reads a pipe and goes has what he wanted.
            Err(ClientError::File { source, .. }) if source.kind() == ErrorKind::BrokenPipe => return Ok(()),
            filled => filled?,
        }
        let seconds = began.elapsed().as_secs_f64();
        note(format_args!("{} samples, seed {seed}, in {name} after {seconds:.1} s", self.asked.n));
        Ok(())
    }
}
