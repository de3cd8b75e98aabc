//! `smld sample`: samples from a server into a file.

use super::fault::ClientError;
use super::remote::{Answer, Remote, RemoteArgs};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
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
    /// How many samples
    #[arg(short, long, value_name = "COUNT", default_value_t = 1)]
    n: u32,
    /// The model; by default the server's
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The seed, 0 to 2⁶⁴ − 1; by default a random one, which is told
    #[arg(long)]
    seed: Option<u64>,
    /// The index of the first sample: a large job is cut into ranges by it
    #[arg(long, value_name = "INDEX")]
    first_index: Option<u32>,
    /// The sampler as JSON, as '{"method":"annealed_langevin"}'; by default the model's
    #[arg(long, value_name = "JSON", value_parser = object)]
    sampler: Option<Value>,
    /// A class of the model, by name or number
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// interactive, or bulk, which yields to it
    #[arg(long)]
    priority: Option<String>,
    /// By when the samples are wanted; refused at once where that is not likely
    #[arg(long, value_name = "MILLISECONDS")]
    deadline_ms: Option<u64>,
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
        let answer = remote.samples(&self.body(), format.media_type())?;
        let seed = answer.header("x-smld-seed").unwrap_or_default();
        for warning in answer.headers("x-smld-warning") {
            eprintln!("smld: warning: {warning}");
        }
        save(&self.out, answer).map_err(|source| self.fault(source))?;
        let place =
            if self.out == Path::new("-") { "standard output".to_owned() } else { self.out.display().to_string() };
        eprintln!("{} samples, seed {seed}, in {place} after {:.1} s", self.n, began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Why the answer is not in the file: the connection or the disk.
    fn fault(&self, source: io::Error) -> ClientError {
        match source.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            Some(error) => ClientError::BrokenOff { url: self.remote.url.clone(), reason: error.to_string() },
            None => ClientError::File { path: self.out.clone(), source },
        }
    }

    /// The request's body: what was said, and nothing else.
    fn body(&self) -> Value {
        let said = [
            ("n", Some(self.n.into())),
            ("model", self.model.clone().map(Value::from)),
            ("seed", self.seed.map(Value::from)),
            ("first_index", self.first_index.map(Value::from)),
            ("sampler", self.sampler.clone()),
            ("label", self.label.clone().map(Value::from)),
            ("priority", self.priority.clone().map(Value::from)),
            ("deadline_ms", self.deadline_ms.map(Value::from)),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(said.collect::<Map<_, _>>())
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

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("a JSON object is wanted, as '{\"method\":\"ancestral\"}'".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
