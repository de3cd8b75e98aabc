//! How a figure looks.

use super::canvas::{Area, UNIT};
use super::figure::{Axis, Figure, Layer, Panel, Style};
use super::palette::{Colour, FAINT, INK, sequential};
use super::scale::Scale;
use super::{Grid, PlotError, clip, contour, legend};
use crate::pixels::Picture;
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::Ranged;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Cartesian2d, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, IntoFont, RGBColor, ShapeStyle, TextStyle};
use std::ops::Range;

/// Coordinates, as a panel's axes say.
pub(super) type Plane<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// Sizes of letters, in pixels.
pub(super) const SMALL: f64 = 11.0;
const MEDIUM: f64 = 12.5;
const LARGE: f64 = 14.0;
/// Pixels of a figure of a tick's label.
pub(super) const LETTER: i32 = 7;
/// Pixels of a tick.
const TICK: i32 = 4;
/// Pixels between a panel and the edge of the figure or of its neighbour; between images.
const MARGIN: i32 = 12;
const SEAM: i32 = 2;

/// Pixels around a panel's coordinates.
struct Frame {
    left: i32,
    /// Half of the last label stands out.
    right: i32,
    bottom: i32,
    top: i32,
    margin: i32,
}

impl Frame {
    fn of(panel: &Panel) -> Self {
        let room = |label: &str, room: i32| if label.is_empty() { 0 } else { room };
        let top = room(&panel.title, 24);
        if panel.bare {
            return Self { left: 0, right: 0, bottom: 0, top, margin: SEAM };
        }
        let width =
            |labels: &[String]| labels.iter().map(|label| LETTER * label.chars().count() as i32).max().unwrap_or(0);
        let (x, y) = (labels(&panel.x, panel.size[0]), labels(&panel.y, panel.size[1]));
        Self {
            left: 14 + width(&y) + room(&panel.y.label, 18),
            right: width(&x[x.len().saturating_sub(1)..]) / 2,
            bottom: 24 + room(&panel.x.label, 18),
            top,
            margin: MARGIN,
        }
    }
}

/// The pixels that a panel takes, [width, height], with its margins.
fn extent(panel: &Panel) -> [i32; 2] {
    let Frame { left, right, bottom, top, margin } = Frame::of(panel);
    [panel.size[0] as i32 + left + right + 2 * margin, panel.size[1] as i32 + bottom + top + 2 * margin]
}

/// The widths of the columns and the heights of the rows.
fn layout(figure: &Figure) -> (Vec<i32>, Vec<i32>) {
    let columns = figure.columns.min(figure.panels.len());
    let rows = figure.panels.len().div_ceil(figure.columns.max(1));
    let (mut widths, mut heights) = (vec![0; columns], vec![0; rows]);
    for (i, panel) in figure.panels.iter().enumerate() {
        let [width, height] = extent(panel);
        let (column, row) = (i % columns, i / columns);
        widths[column] = widths[column].max(width);
        heights[row] = heights[row].max(height);
    }
    (widths, heights)
}

/// The figure's size in pixels, [width, height].
pub(super) fn size(figure: &Figure) -> [i32; 2] {
    let (widths, heights) = layout(figure);
    [widths.iter().sum(), heights.iter().sum()]
}

/// Draws every panel where it belongs.
pub(super) fn figure(figure: &Figure, area: &Area<'_>) -> Result<(), PlotError> {
    let (widths, heights) = layout(figure);
    for (i, panel) in figure.panels.iter().enumerate() {
        let (column, row) = (i % widths.len(), i / widths.len());
        let corner = (widths[..column].iter().sum::<i32>(), heights[..row].iter().sum::<i32>());
        let [width, height] = extent(panel);
        let part = area.clone().shrink((corner.0 * UNIT, corner.1 * UNIT), (width * UNIT, height * UNIT));
        self::panel(panel, &part)?;
    }
    Ok(())
}

fn panel(panel: &Panel, area: &Area<'_>) -> Result<(), PlotError> {
    let Frame { left, right, bottom, top, margin } = Frame::of(panel);
    let Panel { size, title, x, y, layers, bare } = panel;
    let mut chart = ChartBuilder::on(area)
        .margin(margin * UNIT)
        .margin_top((margin + top) * UNIT)
        .margin_right((margin + right) * UNIT)
        .x_label_area_size(bottom * UNIT)
        .y_label_area_size(left * UNIT)
        .build_cartesian_2d(Scale::of(x), Scale::of(y))?;
    let filled = layers.iter().any(|layer| matches!(layer, Layer::Bands { .. }));
    let mut mesh = chart.configure_mesh();
    if filled {
        mesh.disable_mesh();
    }
    if *bare {
        mesh.disable_mesh().disable_axes();
    }
    mesh.max_light_lines(0)
        .bold_line_style(stroke(&Style::new(FAINT, 1.0)))
        .axis_style(stroke(&Style::default()))
        .set_all_tick_mark_size(TICK * UNIT)
        .x_labels(ticks(size[0]))
        .y_labels(ticks(size[1]))
        .x_label_formatter(&|value| label(x, *value))
        .y_label_formatter(&|value| label(y, *value))
        .label_style(text(SMALL))
        .axis_desc_style(text(MEDIUM))
        .x_desc(&x.label)
        .y_desc(&y.label)
        .draw()?;
    let plane = chart.plotting_area();
    for layer in layers {
        self::layer(layer, plane, panel)?;
    }
    if !bare {
        let ([left_x, right], [low, high]) = (x.range, y.range);
        let border = vec![(left_x, low), (right, low), (right, high), (left_x, high), (left_x, low)];
        plane.draw(&PathElement::new(border, stroke(&Style::default())))?;
    }
    legend::draw(panel, plane)?;
    let middle = (margin + left + size[0] as i32 / 2, margin + top / 2);
    let style = text(LARGE).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw_text(title, &style, (middle.0 * UNIT, middle.1 * UNIT))?;
    Ok(())
}

fn layer(layer: &Layer, plane: &Plane<'_>, Panel { x, y, .. }: &Panel) -> Result<(), PlotError> {
    let pair = |&[x, y]: &[f64; 2]| (x, y);
    match layer {
        Layer::Bands { grid, levels, .. } => bands(grid, levels, plane)?,
        Layer::Points { at, style } => {
            let inside = |at: &&[f64; 2]| within(x, at[0]) && within(y, at[1]);
            let radius = units(style.size);
            for at in at.iter().filter(inside) {
                plane.draw(&Circle::new(pair(at), radius, fill(style)))?;
            }
        }
        Layer::Line { at, style } => {
            for part in clip::polyline(at, x.range, y.range) {
                plane.draw(&PathElement::new(part.iter().map(pair).collect::<Vec<_>>(), stroke(style)))?;
            }
        }
        Layer::Arrows { at, style } => {
            for &[tail, head] in at {
                if let Some(part) = clip::segment([tail, head], x.range, y.range)
                    && part[1] == head
                {
                    arrow(part, style, plane)?;
                }
            }
        }
        Layer::Text { at, text } => {
            let style = self::text(MEDIUM).pos(Pos::new(HPos::Center, VPos::Center));
            plane.draw(&Text::new(text.as_str(), pair(at), style))?;
        }
        Layer::Image { picture } => image(picture, plane)?,
    }
    Ok(())
}

/// Every run of equal pixels as a rectangle.
fn image(picture: &Picture, plane: &Plane<'_>) -> Result<(), PlotError> {
    for (row, pixels) in picture.bytes.chunks(picture.width * picture.channels).enumerate() {
        let pixels: Vec<&[u8]> = pixels.chunks(picture.channels).collect();
        let mut left = 0.0;
        for run in pixels.chunk_by(PartialEq::eq) {
            let colour = match *run[0] {
                [red, green, blue] => RGBColor(red, green, blue),
                _ => RGBColor(run[0][0], run[0][0], run[0][0]),
            };
            let (right, top) = (left + run.len() as f64, (picture.height - row) as f64);
            plane.draw(&Rectangle::new([(left, top), (right, top - 1.0)], colour.filled()))?;
            left = right;
        }
    }
    Ok(())
}

/// Levels from light to dark, each over the last.
fn bands(grid: &Grid, levels: &[f64], plane: &Plane<'_>) -> Result<(), PlotError> {
    for (i, &level) in levels.iter().enumerate() {
        let colour = shade(i, levels.len());
        let outline = contour::outline(&contour::loops(grid, level));
        if !outline.is_empty() {
            let outline: Vec<(f64, f64)> = outline.iter().map(|&[x, y]| (x, y)).collect();
            plane.draw(&Polygon::new(outline, RGBColor::from(colour).filled()))?;
        }
    }
    Ok(())
}

/// A shaft, and a head four and a half widths of it long, or two fifths of the arrow.
fn arrow([tail, head]: [[f64; 2]; 2], style: &Style, plane: &Plane<'_>) -> Result<(), PlotError> {
    let pixel = |[x, y]: [f64; 2]| plane.map_coordinate(&(x, y));
    let (from, to) = (pixel(tail), pixel(head));
    let along = [f64::from(to.0 - from.0), f64::from(to.1 - from.1)];
    let length = libm::hypot(along[0], along[1]);
    if length < 1.0 {
        return Ok(());
    }
    let tip = (4.5 * style.size * f64::from(UNIT)).min(0.4 * length) / length;
    let at = |back: f64, aside: f64| {
        let x = f64::from(to.0) - back * along[0] - aside * along[1];
        let y = f64::from(to.1) - back * along[1] + aside * along[0];
        (x.round() as i32, y.round() as i32)
    };
    let bare = plane.strip_coord_spec();
    let (x0, y0) = plane.get_base_pixel();
    let own = |(x, y): (i32, i32)| (x - x0, y - y0);
    bare.draw(&PathElement::new(vec![own(from), own(at(0.8 * tip, 0.0))], stroke(style)))?;
    let head = vec![own(to), own(at(tip, 0.38 * tip)), own(at(tip, -0.38 * tip))];
    bare.draw(&Polygon::new(head, fill(style)))?;
    Ok(())
}

/// The colour of band `i` of `count`.
pub(super) fn shade(i: usize, count: usize) -> Colour {
    sequential((i as f64 + 0.5) / count as f64)
}

fn within(axis: &Axis, value: f64) -> bool {
    (axis.range[0]..=axis.range[1]).contains(&value)
}

/// Pixels in units.
pub(super) fn units(pixels: f64) -> u32 {
    (pixels * f64::from(UNIT)).round() as u32
}

pub(super) fn stroke(style: &Style) -> ShapeStyle {
    let Style { colour, size, opacity, .. } = style;
    RGBColor::from(*colour).mix(*opacity).stroke_width(units(*size))
}

pub(super) fn fill(style: &Style) -> ShapeStyle {
    RGBColor::from(style.colour).mix(style.opacity).filled()
}

/// Letters of `size` pixels. plotters divides the size by 1.24 when it writes SVG.
pub(super) fn text(size: f64) -> TextStyle<'static> {
    (FontFamily::SansSerif, size * 1.24 * f64::from(UNIT)).into_font().color(&RGBColor::from(INK))
}

/// How many ticks fit on so many pixels.
fn ticks(pixels: u32) -> usize {
    (pixels as usize / 55).clamp(2, 9)
}

/// The labels that an axis of `pixels` pixels will have.
fn labels(axis: &Axis, pixels: u32) -> Vec<String> {
    Scale::of(axis).key_points(ticks(pixels)).into_iter().map(|value| label(axis, value)).collect()
}

/// The label of a tick at `value`. Ticks are sums of steps, and may miss zero by an error of rounding.
fn label(axis: &Axis, value: f64) -> String {
    let is_zero = !axis.logarithmic && value.abs() < 1e-9 * (axis.range[1] - axis.range[0]);
    number(if is_zero { 0.0 } else { value })
}

/// Sizes that are written without an exponent; 10⁻⁴ is, even where rounding has made it a little less.
const PLAIN: Range<f64> = 0.99999e-4..1e6;

/// A number as short as it may be, with a true minus.
pub(super) fn number(value: f64) -> String {
    let is_plain = value == 0.0 || PLAIN.contains(&value.abs());
    let text = if is_plain { format!("{value:.6}") } else { format!("{value:.5e}") };
    let (digits, power) = text.find('e').map_or((&text[..], ""), |at| text.split_at(at));
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { format!("{short}{power}").replace('-', "\u{2212}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_six_decimals_do_not_hold_have_an_exponent() {
        let written = [0.0, -0.0, 0.5, -1200.0, 1e-4, 1.0e-4_f64.next_down(), 2.5e-5, 1e-8, -3.0e-9, 1e6, 1.5e7];
        let read = ["0", "0", "0.5", "−1200", "0.0001", "0.0001", "2.5e−5", "1e−8", "−3e−9", "1e6", "1.5e7"];
        assert_eq!(written.map(number), read);
        // As ticks are summed.
        assert_eq!(number(3.0 * 1e-8), "3e−8");
    }

    #[test]
    fn a_tick_that_misses_zero_by_rounding_is_zero_and_a_small_one_is_not() {
        assert_eq!(label(&Axis::new([-1.0, 1.0]), -2.8e-17), "0");
        assert_eq!(label(&Axis::new([0.0, 1e-7]), 2e-8), "2e−8");
        assert_eq!(label(&Axis::new([1e-12, 1e4]).logarithmic(), 1e-9), "1e−9");
    }
}
