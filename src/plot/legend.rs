//! What is what: the names of a panel's layers.

use super::PlotError;
use super::canvas::UNIT;
use super::draw::{LETTER, Plane, SMALL, fill, shade, stroke, text, units};
use super::figure::{Layer, Panel, Style};
use super::palette::{Colour, PAPER};
use plotters::element::{Circle, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor};

/// What a legend shows beside a name.
enum Swatch<'a> {
    Dot(&'a Style),
    Line(&'a Style),
    Shade(Colour),
}

/// Pixels from one entry to the next, and of what is shown beside a name.
const LINE: i32 = 18;
const SWATCH: i32 = 22;

/// The labelled layers, on paper that lets little through: in the upper right corner, or in the left one where that hides less.
pub(super) fn draw(Panel { size, layers, .. }: &Panel, plane: &Plane<'_>) -> Result<(), PlotError> {
    let mut entries = Vec::new();
    for layer in layers {
        match layer {
            Layer::Points { style, .. } => entries.extend(style.label.as_ref().map(|name| (name, Swatch::Dot(style)))),
            Layer::Line { style, .. } | Layer::Arrows { style, .. } => {
                entries.extend(style.label.as_ref().map(|name| (name, Swatch::Line(style))));
            }
            Layer::Bands { names, levels, .. } => {
                entries.extend(names.iter().enumerate().map(|(i, name)| (name, Swatch::Shade(shade(i, levels.len())))));
            }
            Layer::Text { .. } | Layer::Image { .. } => {}
        }
    }
    let Some(longest) = entries.iter().map(|(name, _)| name.chars().count()).max() else { return Ok(()) };
    let bare = plane.strip_coord_spec();
    let pixels = |x: i32, y: i32| (x * UNIT, y * UNIT);
    let extent = [SWATCH + 10 + LETTER * longest as i32, LINE * entries.len() as i32];
    let [in_left, in_right] = hidden(layers, plane, extent, size[0] as i32);
    let right = if in_left < in_right { 10 + extent[0] } else { size[0] as i32 - 10 };
    let left = right - extent[0];
    let paper = RGBColor::from(PAPER).mix(0.85).filled();
    bare.draw(&Rectangle::new([pixels(left, 5), pixels(right + 4, 6 + LINE * entries.len() as i32)], paper))?;
    for (i, (name, swatch)) in entries.iter().enumerate() {
        let y = 15 + LINE * i as i32;
        match swatch {
            Swatch::Dot(style) => {
                let style = (*style).clone().faded(1.0);
                let at = pixels(right - SWATCH / 2, y);
                bare.draw(&Circle::new(at, units(style.size.max(2.5)), fill(&style)))?;
            }
            Swatch::Line(style) => {
                let line = vec![pixels(right - SWATCH, y), pixels(right, y)];
                bare.draw(&PathElement::new(line, stroke(&(*style).clone().faded(1.0))))?;
            }
            Swatch::Shade(colour) => {
                let square = [pixels(right - SWATCH, y - 6), pixels(right, y + 6)];
                bare.draw(&Rectangle::new(square, RGBColor::from(*colour).filled()))?;
            }
        }
        let text = text(SMALL).pos(Pos::new(HPos::Right, VPos::Center));
        bare.draw_text(name, &text, pixels(right - SWATCH - 6, y))?;
    }
    Ok(())
}

/// How many points of the layers lie in the upper left and in the upper right corner of a panel `width` pixels wide, as far in
/// as a legend of `extent` pixels reaches.
fn hidden(layers: &[Layer], plane: &Plane<'_>, [reach, height]: [i32; 2], width: i32) -> [usize; 2] {
    let (across, down) = plane.get_pixel_range();
    let mut corners = [0; 2];
    for layer in layers {
        let (Layer::Points { at, .. } | Layer::Line { at, .. }) = layer else { continue };
        for &[x, y] in at {
            let (x, y) = plane.map_coordinate(&(x, y));
            let (x, y) = ((x - across.start) / UNIT, (y - down.start) / UNIT);
            if (0..=height + 10).contains(&y) {
                corners[0] += usize::from((0..=reach + 10).contains(&x));
                corners[1] += usize::from((width - reach - 10..=width).contains(&x));
            }
        }
    }
    corners
}
