//! Functions on the plane, as figures need them: values at the nodes of a grid, and arrows.

/// Log densities that differ by less look alike.
const PLATEAU: f64 = 0.05;

/// A function's values at evenly spaced nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The first and the last node's x.
    pub x: [f64; 2],
    /// The first and the last node's y.
    pub y: [f64; 2],
    /// Nodes in a row, at least two.
    pub columns: usize,
    /// [rows, columns], rows by rising y.
    pub values: Vec<f64>,
}

impl Grid {
    /// `f(x, y)` at `nodes` by `nodes` points of the window, its borders among them. What is not a number counts as −∞.
    pub fn of(x: [f64; 2], y: [f64; 2], nodes: usize, mut f: impl FnMut(f64, f64) -> f64) -> Self {
        let mut grid = Self { x, y, columns: nodes.max(2), values: Vec::new() };
        for j in 0..grid.columns {
            for i in 0..grid.columns {
                let value = f(between(x, i, grid.columns), between(y, j, grid.columns));
                grid.values.push(if value.is_nan() { f64::NEG_INFINITY } else { value });
            }
        }
        grid
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Where node (column, row) is.
    #[must_use]
    pub fn at(&self, column: usize, row: usize) -> [f64; 2] {
        [between(self.x, column, self.columns), between(self.y, row, self.rows())]
    }

    /// For each of the falling `masses` the level above which a log density, whose values these are, holds that part of the
    /// mass that the window has: the borders of its highest-density regions (Hyndman 1996). Every density is told by them
    /// alike, however steep. On a plateau they are one: none is higher than a twentieth below the peak, and equal levels
    /// are there once. Nothing where no value is finite.
    #[must_use]
    pub fn levels_of_mass(&self, masses: &[f64]) -> Vec<f64> {
        let mut logs: Vec<f64> = self.values.iter().copied().filter(|value| value.is_finite()).collect();
        logs.sort_by(|a, b| b.total_cmp(a));
        let Some(&highest) = logs.first() else { return Vec::new() };
        let mut total = 0.0;
        let below: Vec<f64> = logs
            .iter()
            .map(|log| {
                total += libm::exp(log - highest);
                total
            })
            .collect();
        let border = |mass: &f64| logs[below.partition_point(|&held| held < mass * total).min(logs.len() - 1)];
        let mut levels: Vec<f64> = masses.iter().map(|mass| border(mass).min(highest - PLATEAU)).collect();
        levels.dedup();
        levels
    }
}

/// Node `i` of `count` on `range`.
fn between([low, high]: [f64; 2], i: usize, count: usize) -> f64 {
    low + (high - low) * i as f64 / (count - 1) as f64
}

/// The vector field `f` as arrows [tail, head], `per_side`² of them, each about the middle of its cell of the window.
///
/// An arrow's length is the root of its vector's, so that weak vectors are still seen, and a vector of length `longest` or
/// more fills its cell. Give one `longest` to panels that are to be compared.
pub fn arrows(
    x: [f64; 2],
    y: [f64; 2],
    per_side: usize,
    longest: f64,
    mut f: impl FnMut([f64; 2]) -> [f64; 2],
) -> Vec<[[f64; 2]; 2]> {
    let step = [(x[1] - x[0]) / per_side as f64, (y[1] - y[0]) / per_side as f64];
    let middle = |low: f64, step: f64, i: usize| low + step * (i as f64 + 0.5);
    let cells = (0..per_side * per_side).map(|i| (i % per_side, i / per_side));
    cells
        .filter_map(|(i, j)| {
            let at = [middle(x[0], step[0], i), middle(y[0], step[1], j)];
            let [u, v] = f(at);
            let length = libm::hypot(u, v);
            let half = 0.45 * (length / longest).min(1.0).sqrt() / length;
            // A vector of length zero has no direction.
            half.is_finite().then(|| {
                let half = [half * u * step[0], half * v * step[1]];
                [[at[0] - half[0], at[1] - half[1]], [at[0] + half[0], at[1] + half[1]]]
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_where_the_function_was_asked() {
        let grid = Grid::of([0.0, 2.0], [10.0, 14.0], 3, |x, y| x + y);
        assert_eq!(grid.values, [10.0, 11.0, 12.0, 12.0, 13.0, 14.0, 14.0, 15.0, 16.0]);
        assert_eq!((grid.rows(), grid.at(0, 0), grid.at(2, 1)), (3, [0.0, 10.0], [2.0, 12.0]));
    }

    #[test]
    fn levels_of_mass_are_those_of_the_normal_density() {
        // In the plane −2 ln(p/p(0)) = r² is exponential of mean 2: mass m lies above ln p(0) + ln(1 − m).
        let grid = Grid::of([-8.0, 8.0], [-8.0, 8.0], 321, |x, y| -0.5 * (x * x + y * y));
        for (mass, level) in [0.9, 0.5, 0.1].iter().zip(grid.levels_of_mass(&[0.9, 0.5, 0.1])) {
            assert!((level - libm::log(1.0 - mass)).abs() < 0.01, "{mass} {level}");
        }
    }

    #[test]
    fn a_plateau_is_one_level_whatever_its_rounding() {
        let mut rounding = [0.0, 1e-12, -1e-12].iter().cycle();
        let square = |x: f64, y: f64| if x.abs().max(y.abs()) < 0.5 { 0.0 } else { f64::NEG_INFINITY };
        let grid = Grid::of([-1.0, 1.0], [-1.0, 1.0], 41, |x, y| square(x, y) + rounding.next().unwrap());
        let levels = grid.levels_of_mass(&[0.99, 0.5, 0.1]);
        assert!(levels.len() == 1 && (levels[0] + PLATEAU).abs() < 1e-9, "{levels:?}");
    }

    #[test]
    fn what_has_no_density_has_no_levels() {
        assert!(Grid::of([0.0, 1.0], [0.0, 1.0], 2, |_, _| f64::NAN).levels_of_mass(&[0.5]).is_empty());
    }

    #[test]
    fn arrows_point_along_the_field_and_stay_in_their_cells() {
        let arrows = arrows([0.0, 4.0], [0.0, 4.0], 4, 4.0, |[x, _]| if x < 1.0 { [0.0, 0.0] } else { [1.0, 0.0] });
        assert_eq!(arrows.len(), 12);
        // A quarter of the longest: half its length.
        assert_eq!(arrows[0], [[1.275, 0.5], [1.725, 0.5]]);
    }
}
