//! Where figures are drawn: an SVG document, and its pixels.

use super::palette::PAPER;
use crate::pixels::{EncodeError, Picture};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::prelude::SVGBackend;
use plotters::style::RGBColor;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use std::sync::{Arc, LazyLock};

/// plotters counts in whole numbers, so a pixel is so many of its units: curves are smooth at any size.
pub(super) const UNIT: i32 = 10;

/// A figure that could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// An axis has no extent.
    #[error(
        "the axis '{label}' goes from {} to {}; it needs two finite numbers, the first below the second, and both above zero \
         where it is logarithmic",
        range[0], range[1]
    )]
    Range {
        /// The axis' name.
        label: String,
        /// Its ends.
        range: [f64; 2],
    },
    /// plotters could not draw it.
    #[error("the figure could not be drawn: {0}")]
    Draw(String),
    /// Its document could not be made pixels of.
    #[error("the figure has no pixels: {0}")]
    Render(String),
    /// Its pixels could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Samples that are neither images nor points of the plane.
    #[error("samples of shape {0:?} have no picture; images and points of the plane have one")]
    NoPicture(Vec<usize>),
}

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for PlotError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self::Draw(error.to_string())
    }
}

/// What is drawn on, counted in [`UNIT`]s.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An SVG document of `size` pixels, [width, height], with what `draw` draws.
pub(super) fn svg(
    [width, height]: [i32; 2],
    draw: impl FnOnce(&Area<'_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    let mut text = String::new();
    {
        let units = ((width * UNIT) as u32, (height * UNIT) as u32);
        let area = SVGBackend::with_string(&mut text, units).into_drawing_area();
        area.fill(&RGBColor::from(PAPER))?;
        draw(&area)?;
        area.present()?;
    }
    // The view box keeps the units; the size is in pixels.
    let in_units = format!(r#"width="{}" height="{}""#, width * UNIT, height * UNIT);
    Ok(text.replacen(&in_units, &format!(r#"width="{width}" height="{height}""#), 1))
}

/// The document's pixels, `scale` of them for each of its own.
pub(super) fn pixels(svg: &str, scale: f32) -> Result<Picture, PlotError> {
    /// The one font there is, whatever the machine has.
    static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    });
    let options = usvg::Options { fontdb: Arc::clone(&FONTS), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| PlotError::Render(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale);
    let mut pixmap = size
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .ok_or_else(|| PlotError::Render(format!("nothing can be drawn at scale {scale}")))?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    // On white nothing is left transparent.
    let bytes = pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(Picture { width: pixmap.width() as usize, height: pixmap.height() as usize, channels: 3, bytes })
}
