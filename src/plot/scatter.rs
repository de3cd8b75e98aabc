//! Points of a model in the plane, over its density where that is known.

use super::palette::{BLUE, VERMILION};
use super::{Axis, Figure, Grid, Panel, Style};
use crate::score::ReadyModel;

/// The parts of the mass whose borders are drawn.
const MASSES: [f64; 10] = [0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
/// Nodes along a side of the density.
const NODES: usize = 129;
/// So many where the density has many summands,
const FEWEST_NODES: usize = 33;
/// and no more than this many summands are looked at, in half a second or so: nobody foretells what a picture takes.
const SUMMANDS: usize = 1 << 23;
/// Pixels along a side.
const SIDE: u32 = 480;

/// log p_σ of `model`, whose shape is `[2]`, in a square window; none where it is not known.
fn log_density(model: &ReadyModel, sigma: f32, window: [f64; 2]) -> Option<Grid> {
    let sigma = f64::from(sigma);
    let density = model.density_at(sigma)?;
    let nodes = (SUMMANDS / density.summands()).isqrt().clamp(FEWEST_NODES, NODES);
    Some(Grid::of(window, window, nodes, |x, y| density.log_density(&[x, y], sigma)))
}

/// `samples`, each `[2]`, of `model` as dots over p_σ; where that is not known, in bare axes.
///
/// The shades are the highest-density regions that hold 99, 90, 80, …, 10 % of the mass in view. The window is square: the
/// model's range and a tenth of it more on each side, widened about its middle until it holds every sample.
#[must_use]
pub fn scatter(model: &ReadyModel, sigma: f32, samples: &[[f32; 2]]) -> Figure {
    let info = model.info();
    let [low, high] = info.range.map(f64::from);
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let distance = samples.iter().flatten().map(|&x| (f64::from(x) - middle).abs());
    // A little more, so that the last sample does not stand on the frame.
    let half = distance.fold(1.2 * half, |half, distance| half.max(1.03 * distance));
    let window = [middle - half, middle + half];
    let axis = |name: &str| Axis::named(window, name);
    let panel = Panel::new([SIDE; 2], axis("x₁"), axis("x₂"));
    let count = if samples.len() == 1 { "1 sample".to_owned() } else { format!("{} samples", samples.len()) };
    let (panel, colour) = match log_density(model, sigma, window) {
        Some(grid) => {
            let levels = grid.levels_of_mass(&MASSES);
            (panel.title(format!("{}: {count} over p at σ = {sigma}", info.name)).bands(grid, levels), VERMILION)
        }
        None => (panel.title(format!("{}: {count} at σ = {sigma}", info.name)), BLUE),
    };
    // Many dots are small and let one another through.
    let crowd = (samples.len() as f64 / 300.0).max(1.0).sqrt();
    let dots = Style::new(colour, (2.6 / crowd).max(1.2)).faded((0.9 / crowd).max(0.45));
    let at = samples.iter().map(|&[x, y]| [f64::from(x), f64::from(y)]).collect();
    Figure::row(vec![panel.points(at, dots)])
}
