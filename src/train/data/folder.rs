//! A folder of images, or of one sub-folder a class.

use super::{Contents, DataError, Fault, Options, Values, jpeg, planes, volume};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Rgb, RgbImage};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::thread;

/// Grey or colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Channels {
    /// One channel, the luminance.
    Grey,
    /// Three: red, green, blue.
    Colour,
}

/// How every image is to become a row.
#[derive(Clone, Copy)]
struct Target {
    channels: Channels,
    size: [u32; 2],
    /// Whether images of another size are resized, or errors.
    resize: bool,
}

/// Reads every image in `path`, in the order of their names.
pub(super) fn read(path: &Path, options: &Options) -> Result<Contents, DataError> {
    let Listing { images, labels, classes } = Listing::of(path, options)?;
    let Some(first) = images.first() else { return Err(Fault::Empty.at(path)) };
    let channels = match options.channels {
        Some(channels) => channels,
        None if any_colour(&images)? => Channels::Colour,
        None => Channels::Grey,
    };
    let size = match options.size {
        Some(0) => return Err(Fault::NoSize.at(path)),
        Some(size) => [size, size],
        None => decode(first).map(|image| [image.width(), image.height()]).map_err(|fault| fault.at(first))?,
    };
    let target = Target { channels, size, resize: options.size.is_some() };
    let shape = vec![target.planes(), size[1] as usize, size[0] as usize];
    let sizes: Vec<_> = [&[images.len()], &shape[..]].concat().iter().map(|&size| size as u64).collect();
    let mut values = vec![0; volume(&sizes).map_err(|fault| fault.at(path))? as usize];
    decode_all(&images, target, &mut values)?;
    Ok(Contents { kind: "images", shape, values: Values::Bytes(values), labels, classes })
}

/// The images of a folder with their classes.
struct Listing {
    images: Vec<PathBuf>,
    labels: Vec<i64>,
    classes: Vec<String>,
}

impl Listing {
    fn of(path: &Path, options: &Options) -> Result<Self, DataError> {
        let (folders, images): (Vec<_>, Vec<_>) = entries(path)?.into_iter().partition(|path| path.is_dir());
        match (folders.is_empty(), images.is_empty()) {
            (false, false) => only_images(images).and(Err(Fault::Mixed.at(path))),
            (false, true) => Self::of_classes(path, &folders, options),
            (true, _) if options.classes.is_some() => {
                Err(Fault::NotForThisKind { option: "classes", kind: "a folder without sub-folders" }.at(path))
            }
            (true, _) => Ok(Self { images: only_images(images)?, labels: Vec::new(), classes: Vec::new() }),
        }
    }

    fn of_classes(path: &Path, folders: &[PathBuf], options: &Options) -> Result<Self, DataError> {
        let name = |folder: &PathBuf| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found: Vec<String> = folders.iter().map(name).collect();
        let classes = options.classes.clone().unwrap_or_else(|| found.clone());
        let mut named = classes.clone();
        named.sort();
        if named != found {
            return Err(Fault::OtherClasses { found, named: classes }.at(path));
        }
        let mut listing = Self { images: Vec::new(), labels: Vec::new(), classes };
        for (label, class) in listing.classes.iter().enumerate() {
            let folder = path.join(class);
            let images = only_images(entries(&folder)?)?;
            if images.is_empty() {
                return Err(Fault::Empty.at(&folder));
            }
            listing.labels.extend(images.iter().map(|_| label as i64));
            listing.images.extend(images);
        }
        Ok(listing)
    }
}

/// What is in a folder, by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let list = || -> Result<Vec<_>, Fault> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                entries.push(entry.path());
            }
        }
        entries.sort();
        Ok(entries)
    };
    list().map_err(|fault| fault.at(folder))
}

/// A file left out in silence would be missed by someone; so everything must be an image.
fn only_images(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, DataError> {
    let is_image = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        path.is_file() && ["png", "jpg", "jpeg", "webp"].iter().any(|known| extension == *known)
    };
    match paths.iter().find(|path| !is_image(path)) {
        Some(path) => Err(Fault::NotAnImage.at(path)),
        None => Ok(paths),
    }
}

fn decoder(path: &Path) -> ImageResult<impl ImageDecoder> {
    ImageReader::<BufReader<File>>::open(path)?.with_guessed_format()?.into_decoder()
}

/// Whether any header says that its image has colours.
fn any_colour(images: &[PathBuf]) -> Result<bool, DataError> {
    for path in images {
        let decoder = decoder(path).map_err(|error| Fault::Undecodable(error).at(path))?;
        if decoder.color_type().has_color() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The image, turned as its camera was.
fn decode(path: &Path) -> Result<DynamicImage, Fault> {
    if jpeg::is_cut_off(path)? {
        return Err(Fault::CutOff);
    }
    let decode = || {
        let mut decoder = decoder(path)?;
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    };
    decode().map_err(Fault::Undecodable)
}

/// Decodes every image into its row of `values`, on all cores; the error is that of the first bad image.
fn decode_all(images: &[PathBuf], target: Target, values: &mut [u8]) -> Result<(), DataError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = images.len().div_ceil(threads);
    let dim = values.len() / images.len();
    thread::scope(|scope| {
        let shares = images.chunks(share).zip(values.chunks_mut(share * dim));
        let work = shares.map(|(images, values)| {
            scope.spawn(move || {
                let mut rows = images.iter().zip(values.chunks_mut(dim));
                rows.try_for_each(|(path, row)| target.fill(path, row).map_err(|fault| fault.at(path)))
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter().try_for_each(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

impl Target {
    fn planes(self) -> usize {
        match self.channels {
            Channels::Grey => 1,
            Channels::Colour => 3,
        }
    }

    /// Decodes one image into `row`, [C, H, W].
    fn fill(self, path: &Path, row: &mut [u8]) -> Result<(), Fault> {
        let image = decode(path)?;
        let found = [image.width(), image.height()];
        if found != self.size && !self.resize {
            return Err(Fault::SizesDiffer { found, first: self.size });
        }
        let mut image = on_white(image);
        if self.channels == Channels::Grey {
            image = image.into_luma8().into();
        }
        if found != self.size {
            image = middle(&image).resize_exact(self.size[0], self.size[1], FilterType::Lanczos3);
        }
        row.iter_mut().zip(planes(image.as_bytes(), self.planes())).for_each(|(row, value)| *row = value);
        Ok(())
    }
}

/// The largest square in the middle.
fn middle(image: &DynamicImage) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let side = width.min(height);
    image.crop_imm((width - side) / 2, (height - side) / 2, side, side)
}

/// The image in 8-bit colours; what is transparent shows white.
fn on_white(image: DynamicImage) -> DynamicImage {
    if !image.has_alpha() {
        return image.into_rgb8().into();
    }
    let image = image.into_rgba8();
    let blend = |value: u8, alpha: u8| {
        let (value, alpha) = (u16::from(value), u16::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [r, g, b, alpha] = image.get_pixel(x, y).0;
        Rgb([r, g, b].map(|value| blend(value, alpha)))
    })
    .into()
}
