//! IDX, the format of MNIST: big-endian sizes, then bytes. Raw or gzipped.

use super::{Contents, DataError, Fault, Options, Values, digits, no_image_options, volume};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Reads the images in `path`, [N, H, W] or [N, C, H, W], and the labels beside it where there are some.
pub(super) fn read(path: &Path, options: &Options) -> Result<Contents, DataError> {
    no_image_options("IDX", options).map_err(|fault| fault.at(path))?;
    let (sizes, values) = array(path)?;
    let shape = match sizes[1..] {
        [h, w] => vec![1, h as usize, w as usize],
        [c @ (1 | 3), h, w] => vec![c as usize, h as usize, w as usize],
        _ => return Err(Fault::UnsupportedShape(sizes).at(path)),
    };
    let (labels, classes) = match labels_beside(path) {
        Some(path) => (labels(&path)?, options.classes.clone().unwrap_or_else(digits)),
        None if options.classes.is_some() => {
            return Err(Fault::NotForThisKind { option: "classes", kind: "IDX without labels" }.at(path));
        }
        None => (Vec::new(), Vec::new()),
    };
    Ok(Contents { kind: "idx", shape, values: Values::Bytes(values), labels, classes })
}

/// `train-images-idx3-ubyte` has its labels in `train-labels-idx1-ubyte`, gzipped or not.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?.trim_end_matches(".gz");
    let name = name.contains("images").then(|| {
        let name = name.replace("images", "labels");
        name.replace("idx3", "idx1").replace("idx4", "idx1")
    })?;
    [name.clone(), name + ".gz"].iter().map(|name| images.with_file_name(name)).find(|path| path.exists())
}

fn labels(path: &Path) -> Result<Vec<i64>, DataError> {
    let (sizes, values) = array(path)?;
    match sizes[..] {
        [_] => Ok(values.into_iter().map(i64::from).collect()),
        _ => Err(Fault::WrongMagic { expected: "a list of IDX labels" }.at(path)),
    }
}

/// The sizes of the axes and the bytes of one file.
fn array(path: &Path) -> Result<(Vec<u64>, Vec<u8>), DataError> {
    let parse = || {
        let file = BufReader::new(File::open(path)?);
        match path.extension().is_some_and(|extension| extension == "gz") {
            true => parse(MultiGzDecoder::new(file)),
            false => parse(file),
        }
    };
    parse().map_err(|fault: Fault| fault.at(path))
}

fn parse(mut file: impl Read) -> Result<(Vec<u64>, Vec<u8>), Fault> {
    let mut word = [0; 4];
    file.read_exact(&mut word)?;
    let [0, 0, 8, rank @ 1..=4] = word else {
        return Err(Fault::WrongMagic { expected: "an IDX file of bytes" });
    };
    let mut sizes = Vec::new();
    for _ in 0..rank {
        file.read_exact(&mut word)?;
        sizes.push(u64::from(u32::from_be_bytes(word)));
    }
    let promised = volume(&sizes)?;
    // Memory grows with what really comes, whatever the header says; one byte more tells a file that goes on.
    let mut values = Vec::new();
    match file.take(promised + 1).read_to_end(&mut values)? as u64 {
        found if found < promised => Err(Fault::Truncated),
        found if found > promised => Err(Fault::TrailingBytes),
        _ => Ok((sizes, values)),
    }
}
