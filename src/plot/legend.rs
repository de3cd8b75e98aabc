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

/// The labelled layers, in the upper right corner, on paper that lets little through.
pub(super) fn draw(Panel { size, layers, .. }: &Panel, plane: &Plane<'_>) -> Result<(), PlotError> {
    const LINE: i32 = 18;
    const SWATCH: i32 = 22;
    let mut entries = Vec::new();
    for layer in layers {
        match layer {
            Layer::Points { style, .. } => entries.extend(style.label.as_ref().map(|name| (name, Swatch::Dot(style)))),
            Layer::Line { style, .. } | Layer::Contours { style, .. } | Layer::Arrows { style, .. } => {
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
    let right = size[0] as i32 - 10;
    let pixels = |x: i32, y: i32| (x * UNIT, y * UNIT);
    let left = right - SWATCH - 10 - LETTER * longest as i32;
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
