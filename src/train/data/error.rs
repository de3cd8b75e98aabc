//! What can be wrong with data.

use super::MAX_BYTES;
use crate::score::density::NAMES;
use std::io;
use std::path::{Path, PathBuf};

/// A file or folder that cannot be trained on.
#[derive(Debug, thiserror::Error)]
#[error("{} {fault}", path.display())]
pub struct DataError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it. Not as its source: the sentence has the reason in it, and who tells the sources too would say it twice.
    pub fault: Fault,
}

/// The reasons, each a predicate of the file or folder: what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Neither a file nor a density.
    #[error("is not there; give a file, a folder, or one of the densities to draw from: {}", NAMES.join(", "))]
    NotThere,
    /// The system says no.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// The first bytes are others than the kind's.
    #[error(
        "does not begin as {expected} does; what can be read is IDX (raw or .gz), .npy, CIFAR-10's .bin, \
         and a folder of PNG, JPEG or WebP images"
    )]
    WrongMagic {
        /// The kind that it was taken for.
        expected: &'static str,
    },
    /// The file ends too early.
    #[error("is truncated: it ends before the data that it promises; fetch it again")]
    Truncated,
    /// The file does not end where it should.
    #[error("goes on after the data that it promises: it is damaged or of another kind; fetch it again")]
    TrailingBytes,
    /// The header promises more than anyone has.
    #[error("would take {sizes:?} bytes, above the {} GiB that are read: its header is damaged, or make it smaller", MAX_BYTES >> 30)]
    TooLarge {
        /// The sizes of its axes and of an element.
        sizes: Vec<u64>,
    },
    /// An array of a shape that is neither images nor points.
    #[error(
        "has the shape {0:?}; images are [N, H, W], [N, C, H, W] or [N, H, W, C] with 1 or 3 channels, points are \
         floats [N, D]"
    )]
    UnsupportedShape(Vec<u64>),
    /// An array of numbers that are not read.
    #[error("holds {0}; save it as uint8, float32 or float64")]
    UnsupportedType(String),
    /// An array stored column by column.
    #[error("is stored in Fortran order; save numpy.ascontiguousarray of it")]
    FortranOrder,
    /// NaN or infinity.
    #[error("holds {value} in row {row} (from 0); every value must be finite")]
    NotFinite {
        /// The row.
        row: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// A finite number of float64 that float32 does not hold.
    #[error(
        "holds {value:e} in row {row} (from 0), beyond what float32 holds, in which data are read; scale the data down"
    )]
    BeyondFloat32 {
        /// The row.
        row: usize,
        /// The number.
        value: f64,
    },
    /// Images of floats that are not in [0, 1].
    #[error("holds images with values from {low} to {high}; floats must be scaled to [0, 1], or saved as uint8")]
    OutOfRange {
        /// The smallest value.
        low: f32,
        /// The largest value.
        high: f32,
    },
    /// Nothing in it.
    #[error("holds no images and no points")]
    Empty,
    /// Rows and labels do not belong together.
    #[error("has {rows} rows but {labels} labels; images and labels must be of one set")]
    CountsDiffer {
        /// How many rows.
        rows: usize,
        /// How many labels.
        labels: usize,
    },
    /// A batch of fewer records than the others have.
    #[error("has {found} records, but another batch has {most}: it is cut off; fetch it again")]
    ShortBatch {
        /// How many records.
        found: usize,
        /// How many the longest batch has.
        most: usize,
    },
    /// A label without a class.
    #[error("has the label {label} in row {row} (from 0), but {classes} classes; name all classes, or fetch it again")]
    NoSuchClass {
        /// The row.
        row: usize,
        /// Its label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// Classes are named that are not the sub-folders.
    #[error("has the classes {found:?} (its sub-folders), but {named:?} were named; name exactly those, in any order")]
    OtherClasses {
        /// The sub-folders.
        found: Vec<String>,
        /// The names given.
        named: Vec<String>,
    },
    /// An option that means nothing here.
    #[error("is {kind}, for which '{option}' means nothing; leave it out")]
    NotForThisKind {
        /// The option.
        option: &'static str,
        /// What the data is.
        kind: &'static str,
    },
    /// Images beside sub-folders.
    #[error("holds both images and sub-folders; put every image into the sub-folder of its class")]
    Mixed,
    /// Something that is not an image, or a folder too deep.
    #[error("is not a PNG, JPEG or WebP image; convert it, or move it out of the data")]
    NotAnImage,
    /// An image that cannot be decoded.
    #[error("cannot be decoded: {0}; replace it, or move it out of the data")]
    Undecodable(image::ImageError),
    /// A JPEG without its end.
    #[error("is cut off: a JPEG without its end marker; fetch it again, or move it out of the data")]
    CutOff,
    /// Images of no pixels were asked for.
    #[error("cannot be resized to 0 pixels; give a size of at least 1")]
    NoSize,
    /// Images of several sizes.
    #[error("is {} × {} pixels, but the first image is {} × {}; give a size to which all are resized", found[0], found[1], first[0], first[1])]
    SizesDiffer {
        /// Width and height.
        found: [u32; 2],
        /// Those of the first image.
        first: [u32; 2],
    },
}

impl Fault {
    /// The fault as one of the file or folder `path`.
    pub(super) fn at(self, path: &Path) -> DataError {
        DataError { path: path.to_owned(), fault: self }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}
