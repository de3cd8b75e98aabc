//! What a figure shows: panels, axes and layers. How it looks is `draw`'s.

use super::palette::{Colour, INK};
use super::{Grid, PlotError, canvas, draw};
use crate::pixels::Picture;

/// Panels side by side.
#[derive(Clone, Debug)]
pub struct Figure {
    pub(super) panels: Vec<Panel>,
    pub(super) columns: usize,
}

/// One coordinate system and what is drawn in it, the first layer lowest.
#[derive(Clone, Debug)]
pub struct Panel {
    pub(super) size: [u32; 2],
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) layers: Vec<Layer>,
    pub(super) bare: bool,
}

/// The range of a coordinate and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The lowest and the highest value shown.
    pub range: [f64; 2],
    /// What it is; empty where it need not be said.
    pub label: String,
    /// Whether equal ratios are equal distances; the range is then above zero.
    pub logarithmic: bool,
}

/// How points, lines and arrows look.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Their colour.
    pub colour: Colour,
    /// A point's radius, or a line's width, in pixels.
    pub size: f64,
    /// 1 covers what is beneath, 0 is not seen.
    pub opacity: f64,
    /// What the legend calls it; none where it is not in the legend.
    pub label: Option<String>,
}

/// Something drawn in a panel.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Bands { grid: Grid, levels: Vec<f64>, names: Vec<String> },
    Points { at: Vec<[f64; 2]>, style: Style },
    Line { at: Vec<[f64; 2]>, style: Style },
    Arrows { at: Vec<[[f64; 2]; 2]>, style: Style },
    Text { at: [f64; 2], text: String },
    Image { picture: Picture },
}

impl Figure {
    /// The panels in a row.
    #[must_use]
    pub fn row(panels: Vec<Panel>) -> Self {
        Self { columns: panels.len(), panels }
    }

    /// The panels row by row, `columns` in each, at least one.
    #[must_use]
    pub fn grid(panels: Vec<Panel>, columns: usize) -> Self {
        Self { panels, columns: columns.max(1) }
    }

    /// The figure as an SVG document.
    ///
    /// # Errors
    /// [`PlotError::Range`], [`PlotError::Draw`].
    pub fn svg(&self) -> Result<String, PlotError> {
        // On such ranges plotters would not end, or panic.
        let cannot = |axis: &Axis| {
            let [low, high] = axis.range;
            !(low < high && (high - low).is_finite()) || axis.logarithmic && low <= 0.0
        };
        let mut axes = self.panels.iter().flat_map(|panel| [&panel.x, &panel.y]);
        if let Some(Axis { range, label, .. }) = axes.find(|axis| cannot(axis)) {
            return Err(PlotError::Range { label: label.clone(), range: *range });
        }
        canvas::svg(draw::size(self), |area| draw::figure(self, area))
    }

    /// The figure as pixels of red, green and blue, `scale` of them for each of its own: 2 or 3 is good enough to print.
    ///
    /// # Errors
    /// [`PlotError`].
    pub fn picture(&self, scale: f32) -> Result<Picture, PlotError> {
        canvas::pixels(&self.svg()?, scale)
    }
}

impl Panel {
    /// A panel whose coordinates fill `size` pixels, [width, height]; labels and the title are beside them.
    #[must_use]
    pub fn new(size: [u32; 2], x: Axis, y: Axis) -> Self {
        Self { size, title: String::new(), x, y, layers: Vec::new(), bare: false }
    }

    /// `picture` without axes, each of its pixels a square of `zoom` pixels.
    #[must_use]
    pub fn image(picture: Picture, zoom: u32) -> Self {
        let (width, height) = (picture.width as f64, picture.height as f64);
        let size = [picture.width as u32 * zoom, picture.height as u32 * zoom];
        let panel = Self { bare: true, ..Self::new(size, Axis::new([0.0, width]), Axis::new([0.0, height])) };
        panel.with(Layer::Image { picture })
    }

    /// Writes `title` above the panel.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Fills {f ≥ level} for each of the rising `levels`, from light to dark. The grid must lie within the axes.
    #[must_use]
    pub fn bands(self, grid: Grid, levels: Vec<f64>) -> Self {
        self.with(Layer::Bands { grid, levels, names: Vec::new() })
    }

    /// As [`bands`](Self::bands), with each level's name in the legend.
    #[must_use]
    pub fn named_bands(self, grid: Grid, levels: Vec<(f64, String)>) -> Self {
        let (levels, names) = levels.into_iter().unzip();
        self.with(Layer::Bands { grid, levels, names })
    }

    /// Draws dots. What lies outside the axes is left out, here and in all layers.
    #[must_use]
    pub fn points(self, at: Vec<[f64; 2]>, style: Style) -> Self {
        self.with(Layer::Points { at, style })
    }

    /// Draws a line through the points.
    #[must_use]
    pub fn line(self, at: Vec<[f64; 2]>, style: Style) -> Self {
        self.with(Layer::Line { at, style })
    }

    /// Draws arrows, each from its first point to its second; see [`arrows`](super::arrows) for those of a field.
    #[must_use]
    pub fn arrows(self, at: Vec<[[f64; 2]; 2]>, style: Style) -> Self {
        self.with(Layer::Arrows { at, style })
    }

    /// Writes `text` with its middle at a point.
    #[must_use]
    pub fn text(self, at: [f64; 2], text: impl Into<String>) -> Self {
        self.with(Layer::Text { at, text: text.into() })
    }

    fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }
}

impl Axis {
    /// An axis without a name.
    #[must_use]
    pub fn new(range: [f64; 2]) -> Self {
        Self::named(range, "")
    }

    /// An axis called `label`.
    #[must_use]
    pub fn named(range: [f64; 2], label: impl Into<String>) -> Self {
        Self { range, label: label.into(), logarithmic: false }
    }

    /// The axis with equal ratios at equal distances; its range must be above zero.
    #[must_use]
    pub fn logarithmic(self) -> Self {
        Self { logarithmic: true, ..self }
    }
}

impl Style {
    /// Opaque, not in the legend.
    #[must_use]
    pub fn new(colour: Colour, size: f64) -> Self {
        Self { colour, size, opacity: 1.0, label: None }
    }

    /// With the opacity `opacity`.
    #[must_use]
    pub fn faded(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// In the legend as `label`.
    #[must_use]
    pub fn labelled(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
}

impl Default for Style {
    /// A thin line of ink.
    fn default() -> Self {
        Self::new(INK, 1.0)
    }
}
