//! CIFAR-10's binary files: records of one label and 3 × 32 × 32 bytes.

use super::{Contents, DataError, Fault, MAX_BYTES, Options, Values, digits, no_image_options};
use std::fs;
use std::path::{Path, PathBuf};

const SHAPE: [usize; 3] = [3, 32, 32];
const NAMES: &str = "batches.meta.txt";
const RECORD: usize = 1 + 3 * 32 * 32;

/// Reads the five training files in `folder`.
pub(super) fn read_folder(folder: &Path, options: &Options) -> Result<Contents, DataError> {
    no_image_options("CIFAR-10", options).map_err(|fault| fault.at(folder))?;
    let paths: Vec<_> = (1..=5).map(|i| folder.join(format!("data_batch_{i}.bin"))).collect();
    read(&paths, &folder.join(NAMES), options)
}

/// Reads one file.
pub(super) fn read_file(path: &Path, options: &Options) -> Result<Contents, DataError> {
    no_image_options("CIFAR-10", options).map_err(|fault| fault.at(path))?;
    read(&[path.to_owned()], &path.with_file_name(NAMES), options)
}

fn read(paths: &[PathBuf], names: &Path, options: &Options) -> Result<Contents, DataError> {
    let (mut values, mut labels, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        counts.push(append(path, &mut values, &mut labels).map_err(|fault| fault.at(path))?);
    }
    of_one_length(paths, &counts)?;
    let classes = match &options.classes {
        Some(classes) => classes.clone(),
        None => read_names(names)?,
    };
    Ok(Contents { kind: "cifar-10", shape: SHAPE.to_vec(), values: Values::Bytes(values), labels, classes })
}

/// Refuses a batch with fewer records than the longest: a file that is cut between two records is whole for all that it tells.
fn of_one_length(paths: &[PathBuf], counts: &[usize]) -> Result<(), DataError> {
    let most = counts.iter().copied().max().unwrap_or_default();
    match paths.iter().zip(counts).find(|&(_, &found)| found < most) {
        Some((path, &found)) => Err(Fault::ShortBatch { found, most }.at(path)),
        None => Ok(()),
    }
}

/// Appends the records of one file: how many they are.
fn append(path: &Path, values: &mut Vec<u8>, labels: &mut Vec<i64>) -> Result<usize, Fault> {
    let size = fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(Fault::TooLarge { sizes: vec![size] });
    }
    let bytes = fs::read(path)?;
    let (records, []) = bytes.as_chunks::<RECORD>() else { return Err(Fault::Truncated) };
    if records.is_empty() {
        return Err(Fault::Empty);
    }
    for [label, image @ ..] in records {
        labels.push(i64::from(*label));
        values.extend_from_slice(image);
    }
    Ok(records.len())
}

/// A class's name a line; numbers where the file is missing.
fn read_names(path: &Path) -> Result<Vec<String>, DataError> {
    if !path.exists() {
        return Ok(digits());
    }
    let text = fs::read_to_string(path).map_err(|error| Fault::from(error).at(path))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
