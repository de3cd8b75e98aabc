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
/// and no more than this many summands are looked at, in a quarter of a second at most: nobody foretells what a picture takes.
const SUMMANDS: usize = 1 << 23;
/// Pixels along a side.
const SIDE: u32 = 480;

/// log p_σ of `model`, whose shape is `[2]`, in a square window; none where it is not known.
fn log_density(model: &ReadyModel, sigma: f32, window: [f64; 2]) -> Option<Grid> {
    let (density, sigma) = (model.density()?, f64::from(sigma));
    let nodes = (SUMMANDS / density.summands()).isqrt().clamp(FEWEST_NODES, NODES);
    let is_known = model.info().sigma_range().holds(sigma);
    is_known.then(|| Grid::of(window, window, nodes, |x, y| density.log_density(&[x, y], sigma)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Noise;
    use crate::score::density::{Density, DensityModel};
    use crate::score::prepare;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[test]
    fn a_density_of_many_summands_is_looked_at_in_fewer_places() {
        for (summands, nodes) in [(1, 129), (100, 129), (1000, 91), (20_000, 33)] {
            let density = Arc::new(Counted { summands, looks: AtomicUsize::new(0) });
            let model = prepare(Arc::new(DensityModel::new("counted", density.clone())), &[1]).unwrap();
            scatter(&model, 0.5, &[[0.0, 0.0]]);
            assert_eq!(density.looks.swap(0, Ordering::Relaxed), nodes * nodes);
            // Where it is not known there is nothing to look at.
            scatter(&model, 2.0, &[[0.0, 0.0]]);
            assert_eq!(density.looks.load(Ordering::Relaxed), 0);
        }
    }
}
