//! Data: files of several kinds, and densities, become one [`Dataset`] of rows.
//!
//! A reader per kind gives `Contents`; what must hold of every kind is checked once, in [`Dataset::open`]. A file that
//! is not whole is an error that names it: nothing half-read is trained on.

mod cifar;
mod error;
mod folder;
mod generated;
mod idx;
mod jpeg;
pub(super) mod npy;

pub use error::{DataError, Fault};
pub use folder::Channels;

use crate::score::density::by_name;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// How to read. What does not apply to a kind of data is an error, not ignored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A folder of images: makes every image this many pixels wide and high. Without it all must have one size.
    pub size: Option<u32>,
    /// A folder of images: grey or colour. Without it colour where any image has colours.
    pub channels: Option<Channels>,
    /// The names of the classes, in the order of their numbers.
    pub classes: Option<Vec<String>>,
    /// A density: how many points are drawn. Without it 20,000.
    pub count: Option<u32>,
    /// A density: the seed of the draws. Without it 0.
    pub seed: Option<u64>,
}

/// A data set in memory: rows of one shape, each with or without a class.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    contents: Contents,
    range: [f32; 2],
    /// Of the draws, where it was drawn.
    seed: Option<u64>,
}

/// What a reader found.
#[derive(Debug)]
struct Contents {
    kind: &'static str,
    /// Of one row: [C, H, W] for images, `[D]` for points.
    shape: Vec<usize>,
    values: Values,
    /// A class's number a row; empty where there are no classes.
    labels: Vec<i64>,
    classes: Vec<String>,
}

/// The rows, one after the other.
#[derive(Debug)]
enum Values {
    /// Images of 256 levels, as they come: a quarter of the memory that floats take.
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// What more than this many bytes claims to hold is taken for a damaged header.
const MAX_BYTES: u64 = 1 << 36;

impl Dataset {
    /// Reads what lies at `path`: IDX files (raw or `.gz`; one, or a folder with MNIST's names), a `.npy` array, CIFAR-10's
    /// binary files (one, or their folder), or a folder of images (whose sub-folders are classes). Where nothing lies there
    /// and `path` is the name of a standard density ([`by_name`]), draws from that.
    ///
    /// # Errors
    /// [`DataError`] names the file and what is wrong with it.
    pub fn open(path: &Path, options: &Options) -> Result<Self, DataError> {
        let density = path.to_str().and_then(by_name).filter(|_| !path.exists());
        let contents = match &density {
            Some(density) => generated::draw(density.as_ref(), options).map_err(|fault| fault.at(path))?,
            None => read(path, options)?,
        };
        let seed = density.map(|_| options.seed.unwrap_or_default());
        let range = contents.check().map_err(|fault| fault.at(path))?;
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, contents, range, seed })
    }

    /// The number of rows, at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Never: what holds no rows is an error to open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of one row: [C, H, W] for images, `[D]` for points.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.contents.shape
    }

    /// Black and white for images, 0 and 1; for points the smallest value and the largest.
    #[must_use]
    pub fn range(&self) -> [f32; 2] {
        self.range
    }

    /// Writes row `i` into `out`, which has the length of a row; images in [0, 1].
    ///
    /// # Panics
    /// Where there is no row `i` or `out` has another length.
    pub fn row(&self, i: usize, out: &mut [f32]) {
        let dim = self.contents.dim();
        assert_eq!(out.len(), dim, "a row has {dim} elements");
        match &self.contents.values {
            Values::Bytes(bytes) => {
                for (out, &byte) in out.iter_mut().zip(&bytes[i * dim..][..dim]) {
                    *out = f32::from(byte) / 255.0;
                }
            }
            Values::Floats(floats) => out.copy_from_slice(&floats[i * dim..][..dim]),
        }
    }

    /// The number of row `i`'s class, −1 where there are none.
    #[must_use]
    pub fn label(&self, i: usize) -> i64 {
        self.contents.labels.get(i).copied().unwrap_or(-1)
    }

    /// The names of the classes, by number; empty where there are none.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.contents.classes
    }

    /// The mean and the standard deviation over all values of all rows.
    #[must_use]
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        match &self.contents.values {
            Values::Bytes(bytes) => {
                let mut counts = [0_u64; 256];
                bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
                moments(counts.iter().enumerate().map(|(level, &count)| (level as f64 / 255.0, count as f64)))
            }
            Values::Floats(floats) => moments(floats.iter().map(|&value| (f64::from(value), 1.0))),
        }
    }

    /// The standard deviation of each element of a row about its own mean, over all rows.
    #[must_use]
    pub fn deviations(&self) -> Vec<f64> {
        let dim = self.contents.dim();
        let value = |at: usize| match &self.contents.values {
            Values::Bytes(bytes) => f64::from(bytes[at]) / 255.0,
            Values::Floats(floats) => f64::from(floats[at]),
        };
        // From the first row on: what is the same in every row has a deviation of exactly zero.
        let about_the_first =
            |element: usize| (element..self.len() * dim).step_by(dim).map(move |at| value(at) - value(element));
        (0..dim).map(|element| moments(about_the_first(element).map(|value| (value, 1.0))).1).collect()
    }

    /// What a model's card says of its data. The hash is of the rows and labels as they are used, so it does not
    /// depend on how the files were packed.
    #[must_use]
    pub fn describe(&self) -> serde_json::Value {
        let Contents { kind, shape, classes, .. } = &self.contents;
        let mut description = serde_json::json!({
            "name": self.name,
            "kind": kind,
            "count": self.len(),
            "shape": shape,
            "classes": classes,
            "sha256": self.contents.sha256(),
        });
        if !classes.is_empty() {
            let mut counts = vec![0_u64; classes.len()];
            self.contents.labels.iter().for_each(|&label| counts[label as usize] += 1);
            description["label_counts"] = counts.into();
        }
        if let Some(seed) = self.seed {
            description["seed"] = seed.into();
        }
        description
    }
}

impl Contents {
    fn dim(&self) -> usize {
        self.shape.iter().product()
    }

    fn len(&self) -> usize {
        let values = match &self.values {
            Values::Bytes(bytes) => bytes.len(),
            Values::Floats(floats) => floats.len(),
        };
        values.checked_div(self.dim()).unwrap_or(0)
    }

    /// Checks what must hold of every kind, and gives the range of the values.
    fn check(&self) -> Result<[f32; 2], Fault> {
        if self.len() == 0 {
            return Err(Fault::Empty);
        }
        if !self.labels.is_empty() && self.labels.len() != self.len() {
            return Err(Fault::CountsDiffer { rows: self.len(), labels: self.labels.len() });
        }
        let classes = self.classes.len();
        if let Some(row) = self.labels.iter().position(|&label| label < 0 || label >= classes as i64) {
            return Err(Fault::NoSuchClass { row, label: self.labels[row], classes });
        }
        let Values::Floats(floats) = &self.values else { return Ok([0.0, 1.0]) };
        if let Some(at) = floats.iter().position(|value| !value.is_finite()) {
            return Err(Fault::NotFinite { row: at / self.dim(), value: floats[at] });
        }
        let range = floats.iter().fold([f32::MAX, f32::MIN], |[low, high], &value| [low.min(value), high.max(value)]);
        match self.shape.len() {
            1 => Ok(range),
            _ if range[0] < 0.0 || range[1] > 1.0 => Err(Fault::OutOfRange { low: range[0], high: range[1] }),
            _ => Ok([0.0, 1.0]),
        }
    }

    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        match &self.values {
            Values::Bytes(bytes) => hash.update(bytes),
            Values::Floats(floats) => floats.iter().for_each(|value| hash.update(value.to_le_bytes())),
        }
        self.labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Decides what `path` is, and reads it.
fn read(path: &Path, options: &Options) -> Result<Contents, DataError> {
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    let fault = |error| if gone(&error) { Fault::NotThere } else { error.into() };
    let is_folder = path.metadata().map_err(|error| fault(error).at(path))?.is_dir();
    for (option, given) in [("count", options.count.is_some()), ("data-seed", options.seed.is_some())] {
        if given {
            return Err(Fault::NotForThisKind { option, kind: "a file or folder" }.at(path));
        }
    }
    if is_folder {
        let images = ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"].map(|name| path.join(name));
        if let Some(images) = images.iter().find(|images| images.exists()) {
            return idx::read(images, options);
        }
        if path.join("data_batch_1.bin").exists() {
            return cifar::read_folder(path, options);
        }
        return folder::read(path, options);
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => npy::read(path, options),
        Some("bin") => cifar::read_file(path, options),
        _ => idx::read(path, options),
    }
}

/// The product of `sizes`, where so many bytes can be.
fn volume(sizes: &[u64]) -> Result<u64, Fault> {
    let product = sizes.iter().try_fold(1_u64, |product, &size| product.checked_mul(size));
    product.filter(|&bytes| bytes <= MAX_BYTES).ok_or_else(|| Fault::TooLarge { sizes: sizes.to_vec() })
}

/// The values of an image of `channels` interleaved channels, one channel after the other.
fn planes<T: Copy>(image: &[T], channels: usize) -> impl Iterator<Item = T> {
    (0..channels).flat_map(move |channel| image.iter().skip(channel).step_by(channels).copied())
}

/// Refuses options that only a folder of images has.
fn no_image_options(kind: &'static str, options: &Options) -> Result<(), Fault> {
    match options {
        Options { size: Some(_), .. } => Err(Fault::NotForThisKind { option: "size", kind }),
        Options { channels: Some(_), .. } => Err(Fault::NotForThisKind { option: "channels", kind }),
        Options { size: None, channels: None, .. } => Ok(()),
    }
}

/// The names of the ten classes of MNIST and its like, unless others are given.
fn digits() -> Vec<String> {
    (0..10).map(|digit| digit.to_string()).collect()
}

/// Mean and standard deviation of values that occur so many times: in two passes, so that nothing cancels.
fn moments(values: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let count: f64 = values.clone().map(|(_, count)| count).sum();
    let mean = values.clone().map(|(value, count)| value * count).sum::<f64>() / count;
    let variance = values.map(|(value, count)| (value - mean).powi(2) * count).sum::<f64>() / count;
    (mean, variance.sqrt())
}
