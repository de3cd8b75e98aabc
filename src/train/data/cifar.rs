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
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for path in paths {
        append(path, &mut values, &mut labels).map_err(|fault| fault.at(path))?;
    }
    let classes = match &options.classes {
        Some(classes) => classes.clone(),
        None => read_names(names)?,
    };
    Ok(Contents { kind: "cifar-10", shape: SHAPE.to_vec(), values: Values::Bytes(values), labels, classes })
}

fn append(path: &Path, values: &mut Vec<u8>, labels: &mut Vec<i64>) -> Result<(), Fault> {
    let size = fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(Fault::TooLarge { sizes: vec![size] });
    }
    let bytes = fs::read(path)?;
    let (records, []) = bytes.as_chunks::<RECORD>() else { return Err(Fault::Truncated) };
    for [label, image @ ..] in records {
        labels.push(i64::from(*label));
        values.extend_from_slice(image);
    }
    Ok(())
}

/// A class's name a line; numbers where the file is missing.
fn read_names(path: &Path) -> Result<Vec<String>, DataError> {
    if !path.exists() {
        return Ok(digits());
    }
    let text = fs::read_to_string(path).map_err(|error| Fault::from(error).at(path))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
