//! Makes the files that the tests read.

use flate2::{Compression, write::GzEncoder};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use smld::sampler::{Noise, Purpose};
use smld::train::data::{Dataset, Options};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that goes away with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn image(&self, name: &str, image: impl Into<DynamicImage>) -> PathBuf {
        let path = self.write(name, "");
        image.into().save(&path).unwrap();
        path
    }
}

/// An IDX file of bytes.
pub(crate) fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
    [&[0, 0, 8, (sizes.len() / 4) as u8], &sizes[..], values].concat()
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A `.npy` file as numpy writes it.
pub(crate) fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    npy_with_header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), values)
}

pub(crate) fn npy_with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
}

/// A CIFAR-10 record whose pixels count up from `first` in each plane.
pub(crate) fn cifar(label: u8, first: [u8; 3]) -> Vec<u8> {
    let plane = |first: u8| (0..1024).map(move |i| first.wrapping_add(i as u8));
    std::iter::once(label).chain(first.into_iter().flat_map(plane)).collect()
}

pub(crate) fn grey(width: u32, height: u32, level: u8) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([level]))
}

pub(crate) fn colour(width: u32, height: u32, rgb: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(rgb))
}

/// Another level in every pixel: a JPEG of it is mostly its scan.
pub(crate) fn noisy(width: u32, height: u32) -> GrayImage {
    let mut levels = vec![0.0; (width * height) as usize];
    Noise::new(1, 0, Purpose::Data).uniform(0, &mut levels);
    GrayImage::from_fn(width, height, |x, y| Luma([(256.0 * levels[(y * width + x) as usize]) as u8]))
}

pub(crate) fn open(path: impl AsRef<Path>) -> Dataset {
    Dataset::open(path.as_ref(), &Options::default()).unwrap()
}

/// Row `i`, images in levels of 0 to 255.
pub(crate) fn levels(data: &Dataset, i: usize) -> Vec<u8> {
    row(data, i).iter().map(|value| (value * 255.0).round() as u8).collect()
}

pub(crate) fn row(data: &Dataset, i: usize) -> Vec<f32> {
    let mut row = vec![f32::NAN; data.shape().iter().product()];
    data.row(i, &mut row);
    row
}

pub(crate) fn labels(data: &Dataset) -> Vec<i64> {
    (0..data.len()).map(|i| data.label(i)).collect()
}

/// The error's text, with `<folder>` for the folder of the test.
pub(crate) fn refusal(folder: &Folder, path: impl AsRef<Path>, options: &Options) -> String {
    let error = Dataset::open(path.as_ref(), options).unwrap_err().to_string();
    error.replace(&folder.path("").display().to_string(), "<folder>/")
}
