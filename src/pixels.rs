//! Numbers to pictures: scaling to bytes, grids, files.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageError};

/// What lies between the images of a grid, on every channel.
const BACKGROUND: u8 = 64;
/// Pixels between neighbouring images of a grid.
const GUTTER: usize = 2;

/// A picture of 8-bit pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes of a pixel: 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    /// [height, width, channels], row-major.
    pub bytes: Vec<u8>,
}

/// A picture that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// As a PNG.
    #[error("the picture could not be encoded: {0}")]
    Png(#[from] png::EncodingError),
    /// In another format.
    #[error("the picture could not be encoded: {0}")]
    Other(#[from] ImageError),
    /// It has more pixels on a side than its format allows.
    #[error(
        "the picture would be of {width} x {height} pixels, and {format} has {most} on a side at most; ask for fewer images, or for PNG"
    )]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// The format's name.
        format: &'static str,
        /// The most pixels on a side.
        most: usize,
    },
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Without loss; it alone has a place for a note.
    Png,
    /// Without loss.
    Webp,
    /// With loss.
    Jpeg {
        /// From 1, the smallest file, to 100.
        quality: u8,
    },
}

impl PictureFormat {
    /// The quality of a JPEG that nobody names.
    pub const QUALITY: u8 = 90;

    /// The format's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Jpeg { .. } => "jpeg",
        }
    }

    /// Whether it has room for a picture.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] where it has not.
    pub fn holds(self, [width, height]: [usize; 2]) -> Result<(), EncodeError> {
        let most = match self {
            Self::Png => i32::MAX as usize,
            Self::Webp => 16_383,
            Self::Jpeg { .. } => 65_535,
        };
        if width.max(height) <= most {
            return Ok(());
        }
        Err(EncodeError::TooLarge { width, height, format: self.name(), most })
    }

    /// The type of its files.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Jpeg { .. } => "image/jpeg",
        }
    }
}

/// One byte for every number of `x`: `range` is black and white, and what lies beyond is cut off.
#[must_use]
pub fn to_bytes(x: &[f32], [black, white]: [f32; 2]) -> Vec<u8> {
    // The cast cuts off what is below 0 or above 255.
    x.iter().map(|x| ((x - black) / (white - black) * 255.0).round() as u8).collect()
}

/// Of a grid as near to a square as it can be.
fn columns(count: usize) -> usize {
    (count as f64).sqrt().ceil() as usize
}

impl Picture {
    /// `images`, each [C, H, W] with C 1 or 3, side by side in a grid as near to a square as their number allows, filled row
    /// by row. A single image is itself, without a margin.
    #[must_use]
    pub fn grid<'a>(
        images: impl ExactSizeIterator<Item = &'a [f32]>,
        [channels, height, width]: [usize; 3],
        range: [f32; 2],
    ) -> Self {
        let columns = columns(images.len());
        let [across, down] = Self::size_of_grid(images.len(), [height, width]);
        let mut picture = Self::blank(across, down, channels);
        for (i, image) in images.enumerate() {
            let corner = (i % columns * (width + GUTTER), i / columns * (height + GUTTER));
            picture.paint(&to_bytes(image, range), width, corner);
        }
        picture
    }

    /// [width, height] of a [`grid`](Self::grid) of `count` images of [H, W].
    #[must_use]
    pub fn size_of_grid(count: usize, [height, width]: [usize; 2]) -> [usize; 2] {
        let columns = columns(count);
        let extent = |count: usize, size: usize| (count * (size + GUTTER)).saturating_sub(GUTTER);
        [extent(columns, width), extent(count.div_ceil(columns.max(1)), height)]
    }

    fn blank(width: usize, height: usize, channels: usize) -> Self {
        Self { width, height, channels, bytes: vec![BACKGROUND; width * height * channels] }
    }

    /// Puts an image of `planes` [C, H, width] with its upper left pixel at `corner` (column, row).
    fn paint(&mut self, planes: &[u8], width: usize, (left, top): (usize, usize)) {
        let plane = planes.len() / self.channels;
        for (channel, plane) in planes.chunks(plane).enumerate() {
            for (y, row) in plane.chunks(width).enumerate() {
                let start = ((top + y) * self.width + left) * self.channels + channel;
                for (pixel, &value) in self.bytes[start..].iter_mut().step_by(self.channels).zip(row) {
                    *pixel = value;
                }
            }
        }
    }

    /// The picture as a file of `format`, with `note` where that has a place for one; see [`png`](Self::png).
    ///
    /// # Errors
    /// [`EncodeError`] for a picture without pixels or larger than the format allows.
    pub fn encode(&self, format: PictureFormat, note: Option<&str>) -> Result<Vec<u8>, EncodeError> {
        format.holds([self.width, self.height])?;
        let (width, height) = (self.width as u32, self.height as u32);
        let colours = if self.channels == 3 { ExtendedColorType::Rgb8 } else { ExtendedColorType::L8 };
        let mut file = Vec::new();
        match format {
            PictureFormat::Png => return self.png(note),
            PictureFormat::Webp => WebPEncoder::new_lossless(&mut file).encode(&self.bytes, width, height, colours)?,
            PictureFormat::Jpeg { quality } => {
                JpegEncoder::new_with_quality(&mut file, quality).encode(&self.bytes, width, height, colours)?;
            }
        }
        Ok(file)
    }

    /// The picture as a PNG file. `note`, where there is one, becomes the text chunk `smld`; it must be Latin-1.
    ///
    /// # Errors
    /// [`EncodeError`] for a picture without pixels, or a note that is not Latin-1.
    pub fn png(&self, note: Option<&str>) -> Result<Vec<u8>, EncodeError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(if self.channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
        encoder.set_depth(png::BitDepth::Eight);
        // A sixth to a twenty-fifth of the default's time, for about as many bytes of samples: the time is the server's.
        encoder.set_compression(png::Compression::Fast);
        if let Some(note) = note {
            encoder.add_text_chunk("smld".to_owned(), note.to_owned())?;
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.bytes)?;
        writer.finish()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_black_and_white_and_what_lies_beyond_is_cut_off() {
        assert_eq!(to_bytes(&[-1.0, 0.0, 1.0, -9.0, 9.0, f32::NAN], [-1.0, 1.0]), [0, 128, 255, 0, 255, 0]);
        let every: Vec<f32> = (0..=255).map(|byte| byte as f32 / 255.0).collect();
        assert_eq!(to_bytes(&every, [0.0, 1.0]), (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn what_is_larger_than_its_format_is_refused_by_its_size() {
        let row = |width: usize| Picture { width, height: 1, channels: 1, bytes: vec![7; width] };
        assert!(row(16_383).encode(PictureFormat::Webp, None).is_ok());
        let sentence = row(16_384).encode(PictureFormat::Webp, None).unwrap_err().to_string();
        assert!(sentence.contains("16384 x 1") && sentence.contains("webp has 16383"), "{sentence}");
        assert!(row(65_536).encode(PictureFormat::Jpeg { quality: 90 }, None).is_err());
        assert!(row(65_536).encode(PictureFormat::Png, None).is_ok());
        // 32 columns of 514, without the last gutter.
        assert_eq!(Picture::size_of_grid(962, [512, 512]), [16_446, 15_932]);
        assert!(PictureFormat::Webp.holds(Picture::size_of_grid(961, [512, 512])).is_ok());
    }

    #[test]
    fn one_image_is_itself_without_a_margin() {
        let picture = Picture::grid([[0.0, 0.2, 0.4, 0.6, 0.8, 1.0].as_slice()].into_iter(), [1, 2, 3], [0.0, 1.0]);
        assert_eq!((picture.width, picture.height, picture.channels), (3, 2, 1));
        assert_eq!(picture.bytes, [0, 51, 102, 153, 204, 255]);
    }

    #[test]
    fn colours_are_interleaved() {
        let picture = Picture::grid([[1.0, 0.0, 0.2, 0.4, 0.6, 0.8].as_slice()].into_iter(), [3, 1, 2], [0.0, 1.0]);
        assert_eq!(picture.bytes, [255, 51, 153, 0, 102, 204]);
    }

    #[test]
    fn a_grid_is_nearly_square_with_a_gutter_between_images() {
        let (black, white) = ([0.0], [1.0]);
        let images: Vec<&[f32]> = vec![&black, &white, &white, &black, &white];
        let picture = Picture::grid(images.into_iter(), [1, 1, 1], [0.0, 1.0]);
        assert_eq!((picture.width, picture.height), (7, 4));
        const B: u8 = BACKGROUND;
        #[rustfmt::skip]
        assert_eq!(picture.bytes, [
            0,   B, B, 255, B, B, 255,
            B,   B, B, B,   B, B, B,
            B,   B, B, B,   B, B, B,
            0,   B, B, 255, B, B, B,
        ]);
        let size = |n: usize| {
            let picture = Picture::grid(vec![[0.0; 4].as_slice(); n].into_iter(), [1, 2, 2], [0.0, 1.0]);
            (picture.width, picture.height)
        };
        assert_eq!([size(2), size(4), size(64)], [(6, 2), (6, 6), (30, 30)]);
    }

    #[test]
    fn a_png_keeps_the_pixels_and_the_note() {
        let image: Vec<f32> = (0..27).map(|i| i as f32 / 27.0).collect();
        let picture = Picture::grid([image.as_slice()].into_iter(), [3, 3, 3], [0.0, 1.0]);
        let file = picture.png(Some("{\"seed\":1}")).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes, picture.bytes);
        let note = &reader.info().uncompressed_latin1_text[0];
        assert_eq!((note.keyword.as_str(), note.text.as_str()), ("smld", "{\"seed\":1}"));
    }

    #[test]
    fn a_webp_keeps_the_pixels_and_a_jpeg_nearly() {
        let image: Vec<f32> = (0..3 * 64).map(|i| (i % 64) as f32 / 64.0).collect();
        let picture = Picture::grid([image.as_slice()].into_iter(), [3, 8, 8], [0.0, 1.0]);
        let read =
            |format| image::load_from_memory(&picture.encode(format, None).unwrap()).unwrap().to_rgb8().into_raw();
        assert_eq!(read(PictureFormat::Webp), picture.bytes);
        let jpeg = read(PictureFormat::Jpeg { quality: 100 });
        assert!(jpeg.iter().zip(&picture.bytes).all(|(&read, &byte)| read.abs_diff(byte) <= 4), "{jpeg:?}");
        let size = |quality| picture.encode(PictureFormat::Jpeg { quality }, None).unwrap().len();
        assert!(size(10) < size(90));
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        let picture = Picture::grid(std::iter::empty::<&[f32]>(), [1, 2, 2], [0.0, 1.0]);
        for format in [PictureFormat::Png, PictureFormat::Webp, PictureFormat::Jpeg { quality: 90 }] {
            assert!(picture.encode(format, None).is_err(), "{format:?}");
        }
    }
}
