//! How a figure looks.

use super::canvas::{Area, UNIT};
use super::figure::{Axis, Figure, Layer, Panel, Style};
use super::palette::{FAINT, INK, PAPER, sequential};
use super::{Grid, PlotError, clip, contour};
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Cartesian2d, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, IntoFont, RGBColor, ShapeStyle, TextStyle};

/// Coordinates, as a panel's axes say.
type Plane<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Sizes of letters, in pixels.
const SMALL: f64 = 11.0;
const MEDIUM: f64 = 12.5;
const LARGE: f64 = 14.0;
/// Pixels of a figure of a tick's label.
const LETTER: i32 = 7;
/// Pixels of a tick.
const TICK: i32 = 4;
/// Pixels between a panel and the edge of the figure or of its neighbour.
const MARGIN: i32 = 12;

/// Pixels around a panel's coordinates.
struct Frame {
    left: i32,
    /// Half of the last label stands out.
    right: i32,
    bottom: i32,
    top: i32,
}

impl Frame {
    fn of(panel: &Panel) -> Self {
        let room = |label: &str, room: i32| if label.is_empty() { 0 } else { room };
        let width =
            |labels: &[String]| labels.iter().map(|label| LETTER * label.chars().count() as i32).max().unwrap_or(0);
        let (x, y) = (labels(&panel.x, panel.size[0]), labels(&panel.y, panel.size[1]));
        Self {
            left: 14 + width(&y) + room(&panel.y.label, 18),
            right: width(&x[x.len().saturating_sub(1)..]) / 2,
            bottom: 24 + room(&panel.x.label, 18),
            top: room(&panel.title, 24),
        }
    }
}

/// The pixels that a panel takes, [width, height], with its margins.
fn extent(panel: &Panel) -> [i32; 2] {
    let Frame { left, right, bottom, top } = Frame::of(panel);
    [panel.size[0] as i32 + left + right + 2 * MARGIN, panel.size[1] as i32 + bottom + top + 2 * MARGIN]
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
    let Frame { left, right, bottom, top } = Frame::of(panel);
    let Panel { size, title, x, y, layers } = panel;
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN * UNIT)
        .margin_top((MARGIN + top) * UNIT)
        .margin_right((MARGIN + right) * UNIT)
        .x_label_area_size(bottom * UNIT)
        .y_label_area_size(left * UNIT)
        .build_cartesian_2d(x.range[0]..x.range[1], y.range[0]..y.range[1])?;
    let filled = layers.iter().any(|layer| matches!(layer, Layer::Bands { .. }));
    let mut mesh = chart.configure_mesh();
    if filled {
        mesh.disable_mesh();
    }
    mesh.max_light_lines(0)
        .bold_line_style(stroke(&Style::new(FAINT, 1.0)))
        .axis_style(stroke(&Style::default()))
        .set_all_tick_mark_size(TICK * UNIT)
        .x_labels(ticks(size[0]))
        .y_labels(ticks(size[1]))
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .label_style(text(SMALL))
        .axis_desc_style(text(MEDIUM))
        .x_desc(&x.label)
        .y_desc(&y.label)
        .draw()?;
    let plane = chart.plotting_area();
    for layer in layers {
        self::layer(layer, plane, panel)?;
    }
    let ([left_x, right], [low, high]) = (x.range, y.range);
    let border = vec![(left_x, low), (right, low), (right, high), (left_x, high), (left_x, low)];
    plane.draw(&PathElement::new(border, stroke(&Style::default())))?;
    legend(panel, plane)?;
    let middle = (MARGIN + left + size[0] as i32 / 2, MARGIN + top / 2);
    let style = text(LARGE).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw_text(title, &style, (middle.0 * UNIT, middle.1 * UNIT))?;
    Ok(())
}

fn layer(layer: &Layer, plane: &Plane<'_>, Panel { x, y, .. }: &Panel) -> Result<(), PlotError> {
    let pair = |&[x, y]: &[f64; 2]| (x, y);
    let line = |at: &[[f64; 2]], style: &Style| -> Result<(), PlotError> {
        for part in clip::polyline(at, x.range, y.range) {
            plane.draw(&PathElement::new(part.iter().map(pair).collect::<Vec<_>>(), stroke(style)))?;
        }
        Ok(())
    };
    match layer {
        Layer::Bands { grid, levels } => bands(grid, levels, plane)?,
        Layer::Contours { grid, levels, style } => {
            for mut points in levels.iter().flat_map(|&level| contour::loops(grid, level)) {
                points.push(points[0]);
                line(&points, style)?;
            }
        }
        Layer::Points { at, style } => {
            let inside = |at: &&[f64; 2]| within(x, at[0]) && within(y, at[1]);
            let radius = units(style.size);
            for at in at.iter().filter(inside) {
                plane.draw(&Circle::new(pair(at), radius, fill(style)))?;
            }
        }
        Layer::Line { at, style } => line(at, style)?,
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
    }
    Ok(())
}

/// Levels from light to dark, each over the last.
fn bands(grid: &Grid, levels: &[f64], plane: &Plane<'_>) -> Result<(), PlotError> {
    for (i, &level) in levels.iter().enumerate() {
        let colour = sequential((i as f64 + 0.5) / levels.len() as f64);
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

/// The labelled layers, in the upper right corner, on paper that lets little through.
fn legend(Panel { size, layers, .. }: &Panel, plane: &Plane<'_>) -> Result<(), PlotError> {
    const LINE: i32 = 18;
    let entries = layers.iter().filter_map(|layer| match layer {
        Layer::Points { style, .. } => Some((style, true)),
        Layer::Line { style, .. } | Layer::Contours { style, .. } | Layer::Arrows { style, .. } => Some((style, false)),
        Layer::Bands { .. } | Layer::Text { .. } => None,
    });
    let named: Vec<_> = entries.filter_map(|(style, dot)| Some((style.label.as_ref()?, style, dot))).collect();
    let Some(letters) = named.iter().map(|(label, ..)| label.chars().count()).max() else { return Ok(()) };
    let bare = plane.strip_coord_spec();
    let right = size[0] as i32 - 10;
    let (left, bottom) = (right - 32 - LETTER * letters as i32, 5 + LINE * named.len() as i32);
    let paper = RGBColor::from(PAPER).mix(0.8).filled();
    bare.draw(&Rectangle::new([(left * UNIT, 5 * UNIT), ((right + 4) * UNIT, bottom * UNIT)], paper))?;
    for (i, (label, style, dot)) in named.into_iter().enumerate() {
        let y = (14 + LINE * i as i32) * UNIT;
        let swatch = [(right - 22) * UNIT, right * UNIT];
        let style = &style.clone().faded(1.0);
        if dot {
            bare.draw(&Circle::new(((swatch[0] + swatch[1]) / 2, y), units(style.size.max(2.5)), fill(style)))?;
        } else {
            bare.draw(&PathElement::new(vec![(swatch[0], y), (swatch[1], y)], stroke(style)))?;
        }
        let text = text(SMALL).pos(Pos::new(HPos::Right, VPos::Center));
        bare.draw_text(label, &text, (swatch[0] - 6 * UNIT, y))?;
    }
    Ok(())
}

fn within(axis: &Axis, value: f64) -> bool {
    (axis.range[0]..=axis.range[1]).contains(&value)
}

/// Pixels in units.
fn units(pixels: f64) -> u32 {
    (pixels * f64::from(UNIT)).round() as u32
}

fn stroke(style: &Style) -> ShapeStyle {
    let Style { colour, size, opacity, .. } = style;
    RGBColor::from(*colour).mix(*opacity).stroke_width(units(*size))
}

fn fill(style: &Style) -> ShapeStyle {
    RGBColor::from(style.colour).mix(style.opacity).filled()
}

/// Letters of `size` pixels. plotters divides the size by 1.24 when it writes SVG.
fn text(size: f64) -> TextStyle<'static> {
    (FontFamily::SansSerif, size * 1.24 * f64::from(UNIT)).into_font().color(&RGBColor::from(INK))
}

/// How many ticks fit on so many pixels.
fn ticks(pixels: u32) -> usize {
    (pixels as usize / 55).clamp(2, 9)
}

/// The labels that an axis of `pixels` pixels will have.
fn labels(axis: &Axis, pixels: u32) -> Vec<String> {
    let range = RangedCoordf64::from(axis.range[0]..axis.range[1]);
    range.key_points(ticks(pixels)).iter().map(number).collect()
}

/// A number as short as it may be, with a true minus.
fn number(value: &f64) -> String {
    let text = if value.abs() < 1e6 { format!("{value:.6}") } else { format!("{value:e}") };
    let short = if text.contains('e') { &text } else { text.trim_end_matches('0').trim_end_matches('.') };
    if short == "-0" { "0".to_owned() } else { short.replace('-', "\u{2212}") }
}
