//! Figures: what is drawn is where it should be, in the colour it should have, and always the same.
#![cfg(any(feature = "serve", feature = "train"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use smld::pixels::Picture;
use smld::plot::{Axis, Colour, Figure, Grid, Panel, PlotError, Style, arrows, palette, scatter};
use smld::sampler::Noise;
use smld::score::density::{Density, DensityModel};
use smld::score::prepare;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const WINDOW: [f64; 2] = [-1.0, 1.0];

/// 200 pixels for the square from −1 to 1.
fn panel() -> Panel {
    Panel::new([200, 200], Axis::named(WINDOW, "x"), Axis::named(WINDOW, "y"))
}

fn drawn(panel: Panel) -> Picture {
    Figure::row(vec![panel]).picture(1.0).unwrap()
}

/// Where a colour is in the picture: the middle of its pixels [column, row], and how many there are.
fn find(picture: &Picture, Colour(r, g, b): Colour) -> ([f64; 2], usize) {
    let pixels = picture.bytes.chunks(3).enumerate().filter(|(_, pixel)| *pixel == [r, g, b]);
    let places: Vec<[f64; 2]> = pixels.map(|(i, _)| [(i % picture.width) as f64, (i / picture.width) as f64]).collect();
    let mean = |axis: usize| places.iter().map(|at| at[axis]).sum::<f64>() / places.len() as f64;
    ([mean(0), mean(1)], places.len())
}

fn everything() -> Figure {
    let ring = Grid::of(WINDOW, WINDOW, 65, |x, y| -(libm::hypot(x, y) - 0.6).abs());
    let line = (0..50).map(|i| f64::from(i) / 25.0 - 1.0).map(|x| [x, libm::sin(4.0 * x)]).collect();
    let field = arrows(WINDOW, WINDOW, 9, 1.0, |[x, y]| [-y, x]);
    let first =
        panel().title("∇ log p and σ").bands(ring, vec![-0.3, -0.2, -0.1]).arrows(field, Style::new(palette::INK, 1.0));
    let second = panel()
        .line(line, Style::new(palette::BLUE, 1.5).labelled("sine"))
        .points(vec![[0.2, 0.3]], Style::new(palette::GREEN, 3.0).faded(0.5).labelled("point"))
        .text([0.5, -0.5], "½‖s‖²");
    Figure::row(vec![first, second])
}

#[test]
fn a_figure_has_the_same_bytes_every_time() {
    assert_eq!(everything().svg().unwrap(), everything().svg().unwrap());
    let png = || everything().picture(1.5).unwrap().png(Some("{}")).unwrap();
    assert_eq!(png(), png());
}

#[test]
fn the_legend_is_in_the_upper_right_corner_unless_it_hides_less_in_the_left() {
    let legend_beside = |crowd: f64| {
        let panel = panel()
            .points(Vec::new(), Style::new(palette::BLUE, 3.0).labelled("a"))
            .points(vec![[crowd, 0.9]], Style::new(palette::GREEN, 3.0));
        let picture = drawn(panel);
        find(&picture, palette::BLUE).0[0] / picture.width as f64
    };
    assert!(legend_beside(0.9) < 0.5);
    assert!(legend_beside(-0.9) > 0.5 && legend_beside(0.0) > 0.5);
}

#[test]
fn pixels_are_as_many_as_the_document_says_times_the_scale() {
    let svg = everything().svg().unwrap();
    let says = |name: &str| -> usize {
        let start = svg.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        svg[start..].split('"').next().unwrap().parse().unwrap()
    };
    let picture = everything().picture(2.0).unwrap();
    assert_eq!((picture.width, picture.height), (2 * says("width"), 2 * says("height")));
}

#[test]
fn points_are_where_their_coordinates_say() {
    let dots = panel()
        .points(vec![[0.0, 0.0]], Style::new(palette::GREEN, 4.0))
        .points(vec![[0.5, 0.75]], Style::new(palette::VERMILION, 4.0));
    let picture = drawn(dots);
    let ((from, some), (to, others)) = (find(&picture, palette::GREEN), find(&picture, palette::VERMILION));
    assert!(some > 30 && others > 30, "{some} {others}");
    assert!((to[0] - from[0] - 50.0).abs() < 0.6 && (from[1] - to[1] - 75.0).abs() < 0.6, "{from:?} {to:?}");
}

#[test]
fn a_band_covers_its_part_of_the_window_and_leaves_its_hole_open() {
    let disc = |f: fn(f64) -> f64| panel().bands(Grid::of(WINDOW, WINDOW, 129, |x, y| f(libm::hypot(x, y))), vec![0.0]);
    let shade = palette::sequential(0.5);
    let (_, covered) = find(&drawn(disc(|r| 0.8 - r)), shade);
    let (middle, ring) = find(&drawn(disc(|r| (0.8 - r) * (r - 0.4))), shade);
    // Pixels that the borders cross are lighter.
    let area = |r: f64| std::f64::consts::PI * r * r * 1e4;
    assert!((covered as f64 / area(0.8) - 1.0).abs() < 0.02, "{covered}");
    assert!((ring as f64 / (area(0.8) - area(0.4)) - 1.0).abs() < 0.04, "{ring}");
    let (centre, _) = find(&drawn(panel().points(vec![[0.0, 0.0]], Style::new(palette::GREEN, 4.0))), palette::GREEN);
    assert!((middle[0] - centre[0]).abs() < 0.6 && (middle[1] - centre[1]).abs() < 0.6);
}

#[test]
fn what_lies_outside_the_axes_is_not_drawn() {
    let style = || Style::new(palette::BLUE, 2.0);
    let outside = panel()
        .points(vec![[1.5, 0.0], [f64::NAN, 0.0]], style())
        .line(vec![[-3.0, 1.1], [3.0, 1.1]], style())
        .arrows(vec![[[0.0, 0.9], [0.0, 1.1]]], style());
    assert_eq!(drawn(outside), drawn(panel()));
    let crossing = drawn(panel().line(vec![[-3.0, 0.0], [3.0, 0.0]], style()));
    assert!((395..=402).contains(&find(&crossing, palette::BLUE).1), "{:?}", find(&crossing, palette::BLUE));
}

#[test]
fn letters_are_drawn_from_the_font_of_the_program() {
    let ink = |title: &str| {
        let picture = drawn(panel().title(title));
        picture.bytes.chunks(3).filter(|pixel| pixel.iter().all(|&byte| byte < 128)).count()
    };
    let blank = ink(" ");
    let signs: Vec<usize> = ["σ", "∇", "‖", "½", "₂", "√", "−"].map(|sign| ink(sign) - blank).into();
    assert!(signs.iter().all(|&pixels| pixels > 3), "{signs:?}");
    // A sign that the font lacks is drawn as a box, the same for all.
    assert!(signs.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn panels_stand_in_rows_of_the_columns_asked_for() {
    let size = |count: usize, columns: usize| {
        let picture = Figure::grid(vec![panel(); count], columns).picture(1.0).unwrap();
        (picture.width, picture.height)
    };
    let (width, height) = size(1, 1);
    assert_eq!((size(3, 3), size(3, 2)), ((3 * width, height), (2 * width, 2 * height)));
}

#[test]
fn an_axis_without_an_extent_is_an_error_that_names_it() {
    for range in [[1.0, 1.0], [1.0, 0.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
        let panel = Panel::new([200, 200], Axis::new(WINDOW), Axis::named(range, "loss"));
        let error = Figure::row(vec![panel]).svg().unwrap_err();
        assert!(matches!(error, PlotError::Range { .. }) && error.to_string().contains("'loss'"), "{error}");
    }
}

#[test]
fn on_a_logarithmic_axis_equal_ratios_are_equal_distances() {
    let dot = |x: f64| {
        let axes = (Axis::named([0.01, 100.0], "x").logarithmic(), Axis::named(WINDOW, "y"));
        drawn(Panel::new([200, 200], axes.0, axes.1).points(vec![[x, 0.0]], Style::new(palette::GREEN, 4.0)))
    };
    let [low, middle, high] = [0.1, 1.0, 10.0].map(|x| find(&dot(x), palette::GREEN).0[0]);
    assert!((middle - low - 50.0).abs() < 0.6 && (high - middle - 50.0).abs() < 0.6, "{low} {middle} {high}");
    let zero = Panel::new([200, 200], Axis::named([0.0, 1.0], "d").logarithmic(), Axis::new(WINDOW));
    assert!(matches!(Figure::row(vec![zero]).svg(), Err(PlotError::Range { .. })));
}

#[test]
fn a_logarithmic_axis_between_two_decades_has_numbers() {
    let panel = Panel::new([200, 200], Axis::new([2.1, 4.9]).logarithmic(), Axis::new(WINDOW));
    let svg = Figure::row(vec![panel]).svg().unwrap();
    assert!(["\n3\n", "\n4\n"].iter().all(|number| svg.contains(number)), "{svg}");
}

#[test]
fn small_numbers_on_an_axis_have_an_exponent_and_are_not_zero() {
    let svg = Figure::row(vec![Panel::new([300, 200], Axis::new([0.0, 4e-8]), Axis::new(WINDOW))]).svg().unwrap();
    assert!(svg.contains("1e−8") && svg.contains("3e−8") && svg.contains("\n0\n"), "{svg}");
}

#[test]
fn an_image_has_its_pixels_as_squares_without_a_seam() {
    let (red, green) = (palette::VERMILION, palette::GREEN);
    let bytes = [red, green, red, red].into_iter().flat_map(|Colour(r, g, b)| [r, g, b]).collect();
    let picture = drawn(Panel::image(Picture { width: 2, height: 2, channels: 3, bytes }, 10));
    let ((_, reds), (greens_at, greens)) = (find(&picture, red), find(&picture, green));
    assert_eq!((reds, greens), (300, 100));
    // The second pixel of the first row.
    assert!(greens_at[0] > picture.width as f64 / 2.0 && greens_at[1] < picture.height as f64 / 2.0);
}

#[test]
fn a_named_band_is_in_the_legend() {
    let grid = || Grid::of(WINDOW, WINDOW, 65, |x, y| -libm::hypot(x, y));
    let shade = palette::sequential(0.5);
    let covered = |panel: Panel| find(&drawn(panel), shade).1;
    let bare = covered(panel().bands(grid(), vec![-0.5]));
    let named = covered(panel().named_bands(grid(), vec![(-0.5, "core".to_owned())]));
    // A swatch of 22 by 12 pixels.
    assert_eq!(named - bare, 264);
}

#[test]
fn a_figure_without_panels_is_an_error() {
    assert!(Figure::row(Vec::new()).picture(1.0).is_err());
}

/// log p = −‖x‖², looked at so often.
#[derive(Debug)]
struct Counted {
    summands: usize,
    looks: AtomicUsize,
}

impl Density for Counted {
    fn dim(&self) -> usize {
        2
    }

    fn sigma_range(&self) -> [f64; 2] {
        [0.0, 1.0]
    }

    fn reach(&self) -> f64 {
        3.0
    }

    fn detail(&self) -> f64 {
        1.0
    }

    fn log_density(&self, x: &[f64], _sigma: f64) -> f64 {
        self.looks.fetch_add(1, Ordering::Relaxed);
        -x[0] * x[0] - x[1] * x[1]
    }

    fn summands(&self) -> usize {
        self.summands
    }

    fn score(&self, x: &[f64], _sigma: f64, score: &mut [f64]) {
        score.iter_mut().zip(x).for_each(|(score, x)| *score = -2.0 * x);
    }

    fn draw(&self, _noise: &Noise, x: &mut [f64]) {
        x.fill(0.0);
    }
}

/// Nobody foretells what a picture takes, so it takes little.
#[test]
fn a_density_of_many_summands_is_looked_at_in_fewer_places() {
    for (summands, nodes) in [(1, 129), (100, 129), (1000, 91), (20_000, 33)] {
        let density = Arc::new(Counted { summands, looks: AtomicUsize::new(0) });
        let model = prepare(Arc::new(DensityModel::new("counted", density.clone())), &[1]).unwrap();
        let looks = |sigma: f32| {
            scatter(&model, sigma, &[[0.0, 0.0]]).svg().unwrap();
            density.looks.swap(0, Ordering::Relaxed)
        };
        // Where it is not known there is nothing to look at.
        assert_eq!([looks(0.5), looks(2.0)], [nodes * nodes, 0]);
    }
}
