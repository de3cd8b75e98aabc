//! Colours: those that tell things apart, and those that tell how much.

use plotters::style::RGBColor;
use std::f64::consts::PI;

/// Red, green and blue, 8 bits each, in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// Text and frames.
pub const INK: Colour = Colour(38, 38, 38);
/// What is there to be compared with.
pub const GREY: Colour = Colour(160, 160, 160);
/// Lines behind the data.
pub const FAINT: Colour = Colour(230, 230, 230);
/// Below everything.
pub const PAPER: Colour = Colour(255, 255, 255);

// Told apart by everyone, the colour-blind among them (Okabe & Ito 2008, Color Universal Design).
/// The first colour of lines.
pub const BLUE: Colour = Colour(0, 114, 178);
/// The second colour of lines, and that of points over a density.
pub const VERMILION: Colour = Colour(213, 94, 0);
/// The third colour of lines.
pub const GREEN: Colour = Colour(0, 158, 115);
/// The fourth colour of lines.
pub const PURPLE: Colour = Colour(204, 121, 167);
/// The fifth colour of lines.
pub const ORANGE: Colour = Colour(230, 159, 0);
/// The sixth colour of lines.
pub const SKY: Colour = Colour(86, 180, 233);

/// The colours of lines, in the order in which they are taken.
pub const SERIES: [Colour; 6] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY];

/// How much, from nearly nothing (0, almost white) to all (1, a deep blue), in steps that look even: lightness falls in
/// proportion to `share` in OKLab (Ottosson 2020), at one hue.
#[must_use]
pub fn sequential(share: f64) -> Colour {
    const HUE: f64 = 250.0 / 180.0 * PI;
    let share = share.clamp(0.0, 1.0);
    let lightness = 0.97 - 0.52 * share;
    // The blues of sRGB end at a chroma that is largest about the middle.
    let chroma = 0.01 + 0.11 * (1.0 - (1.0 - share) * (1.0 - share));
    oklab(lightness, chroma * libm::cos(HUE), chroma * libm::sin(HUE))
}

/// OKLab to sRGB (Ottosson 2020).
fn oklab(lightness: f64, a: f64, b: f64) -> Colour {
    let cube = |x: f64| x * x * x;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    Colour(
        gamma(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s),
        gamma(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s),
        gamma(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s),
    )
}

/// Linear light from 0 to 1 to a byte of sRGB (IEC 61966-2-1).
fn gamma(light: f64) -> u8 {
    let value = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * libm::pow(light, 1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

impl From<Colour> for RGBColor {
    fn from(Colour(red, green, blue): Colour) -> Self {
        Self(red, green, blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_has_the_published_white_and_primaries() {
        assert_eq!(oklab(1.0, 0.0, 0.0), Colour(255, 255, 255));
        assert_eq!(oklab(0.0, 0.0, 0.0), Colour(0, 0, 0));
        assert_eq!(oklab(0.627_955, 0.224_863, 0.125_846), Colour(255, 0, 0));
        assert_eq!(oklab(0.452_014, -0.032_457, -0.311_528), Colour(0, 0, 255));
    }

    #[test]
    fn more_is_darker_and_no_colour_is_cut_off() {
        let brightness = |Colour(r, g, b): Colour| 2 * u32::from(r) + 5 * u32::from(g) + u32::from(b);
        let colours: Vec<Colour> = (0..=20).map(|i| sequential(f64::from(i) / 20.0)).collect();
        assert!(colours.windows(2).all(|pair| brightness(pair[1]) < brightness(pair[0])), "{colours:?}");
        assert!(colours.iter().all(|&Colour(r, _, b)| r > 0 && b < 255), "{colours:?}");
    }
}
