//! `smld sample`: samples from a server into a file.

use super::asked::AskedArgs;
use super::fault::ClientError;
use super::remote::{Answer, Remote, RemoteArgs};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Asks a server for samples and writes them to a file
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    smld sample -n 16 -o grid.png\n  \
    smld sample --model fashion-mnist --label sneaker -n 10 --seed 7 -o sneakers.png\n  \
    smld sample -n 1000 --sampler '{\"method\":\"ancestral\",\"steps\":100}' -o digits.npy\n  \
    smld sample -n 50000 --priority bulk -o digits.zip")]
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
    /// The file to write, or - for standard output
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
        let began = Instant::now();
        let more = [("seed", self.seed.map(Value::from)), ("first_index", self.first_index.map(Value::from))];
        let answer = remote.samples(&self.asked.body(&more), format.media_type())?;
        let seed = answer.header("x-smld-seed").unwrap_or_default();
        for warning in answer.headers("x-smld-warning") {
            eprintln!("smld: warning: {warning}");
        }
        save(&self.out, answer).map_err(|source| self.fault(source))?;
        let place =
            if self.out == Path::new("-") { "standard output".to_owned() } else { self.out.display().to_string() };
        eprintln!("{} samples, seed {seed}, in {place} after {:.1} s", self.asked.n, began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Why the answer is not in the file: the connection or the disk.
    fn fault(&self, source: io::Error) -> ClientError {
        match source.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            Some(error) => ClientError::BrokenOff { url: self.remote.url.clone(), reason: error.to_string() },
            None => ClientError::File { path: self.out.clone(), source },
        }
    }
}

/// Writes `answer` beside `path`, then moves it there: an answer that breaks off leaves nothing that looks whole.
fn save(path: &Path, answer: Answer) -> io::Result<()> {
    let mut body = answer.body();
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        io::copy(&mut body, &mut out)?;
        return out.flush();
    }
    let partial = path.with_added_extension("partial");
    let written = File::create(&partial).and_then(|mut file| io::copy(&mut body, &mut file));
    written.and_then(|_| std::fs::rename(&partial, path)).inspect_err(|_| {
        // What is left of it is of no use; if it cannot be removed either, its name says what it is.
        let _ = std::fs::remove_file(&partial);
    })
}
