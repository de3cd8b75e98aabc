//! Arrays of numpy: images as bytes or floats, points as floats.

use super::{Contents, DataError, Fault, Options, Values, no_image_options, planes, volume};
use npyz::{DType, NpyFile, Order, TypeChar};
use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

/// The first bytes of a file of version 1, whose header is bounded; only arrays of records need another.
const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";

/// Reads the array in `path`.
pub(super) fn read(path: &Path, options: &Options) -> Result<Contents, DataError> {
    let read = || {
        no_image_options("a .npy array", options)?;
        if options.classes.is_some() {
            return Err(Fault::NotForThisKind { option: "classes", kind: "a .npy array" });
        }
        parse(whole(path)?)
    };
    read().map_err(|fault: Fault| fault.at(path))
}

/// The array in `path`, of any numbers: row by row, and as long as its header promises.
///
/// # Errors
/// Where the file cannot be read, is no array, is stored column by column, or is of another length.
pub(in crate::train) fn open(path: &Path) -> Result<NpyFile<BufReader<File>>, DataError> {
    whole(path).map_err(|fault| fault.at(path))
}

fn whole(path: &Path) -> Result<NpyFile<BufReader<File>>, Fault> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut magic = [0; 8];
    file.read_exact(&mut magic)?;
    if magic != *MAGIC {
        return Err(Fault::WrongMagic { expected: "a .npy array" });
    }
    file.rewind()?;
    let array = NpyFile::new(&mut file)?;
    if array.order() == Order::Fortran {
        return Err(Fault::FortranOrder);
    }
    let dtype = array.dtype();
    let width = dtype.num_bytes().ok_or_else(|| Fault::UnsupportedType(dtype.descr()))?;
    let header = array.header().clone();
    let promised = file.stream_position()? + volume(&[header.shape(), &[width as u64]].concat())?;
    match size.cmp(&promised) {
        Ordering::Less => Err(Fault::Truncated),
        Ordering::Equal => Ok(NpyFile::with_header(header, file)),
        Ordering::Greater => Err(Fault::TrailingBytes),
    }
}

fn parse(array: NpyFile<BufReader<File>>) -> Result<Contents, Fault> {
    let width = width(&array.dtype())?;
    let axes = Axes::of(array.shape(), width)?;
    let values = match width {
        1 => Values::Bytes(axes.channels_first(array.into_vec()?)),
        4 => Values::Floats(axes.channels_first(array.into_vec()?)),
        _ => {
            let wide: Vec<f64> = array.into_vec()?;
            if let Some(at) = wide.iter().position(|&value| value.is_finite() && (value as f32).is_infinite()) {
                let dim = axes.shape.iter().product::<usize>();
                return Err(Fault::BeyondFloat32 { row: at / dim, value: wide[at] });
            }
            Values::Floats(axes.channels_first(wide.into_iter().map(|value| value as f32).collect()))
        }
    };
    Ok(Contents { kind: "npy", shape: axes.shape, values, labels: Vec::new(), classes: Vec::new() })
}

/// The bytes of an element, where it is of a type that is read.
fn width(dtype: &DType) -> Result<u64, Fault> {
    match dtype {
        DType::Plain(plain) => match (plain.type_char(), plain.size_field()) {
            (TypeChar::Uint, 1) => Some(1),
            (TypeChar::Float, width @ (4 | 8)) => Some(width),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| Fault::UnsupportedType(dtype.descr()))
}

/// What the axes of an array mean.
struct Axes {
    /// Of one row, channels first.
    shape: Vec<usize>,
    channels_last: bool,
}

impl Axes {
    fn of(sizes: &[u64], width: u64) -> Result<Self, Fault> {
        let (shape, channels_last) = match *sizes {
            [_, d] if width > 1 => (vec![d], false),
            [_, h, w] => (vec![1, h, w], false),
            [_, c @ (1 | 3), h, w] => (vec![c, h, w], false),
            [_, h, w, c @ (1 | 3)] => (vec![c, h, w], true),
            _ => return Err(Fault::UnsupportedShape(sizes.to_vec())),
        };
        Ok(Self { shape: shape.into_iter().map(|size| size as usize).collect(), channels_last })
    }

    fn channels_first<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        match self.shape[..] {
            [c, h, w] if self.channels_last && c * h * w > 0 => {
                values.chunks(c * h * w).flat_map(|image| planes(image, c)).collect()
            }
            _ => values,
        }
    }
}
