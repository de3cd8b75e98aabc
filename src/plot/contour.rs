//! Where a function on a grid is at least so much: marching squares.

use super::Grid;

/// The border of {f ≥ `level`} as closed loops with the region on their left, holes among them. The grid's edge closes the
/// region where it goes on beyond. Between nodes the function is linear.
pub(super) fn loops(grid: &Grid, level: f64) -> Vec<Vec<[f64; 2]>> {
    let march = March { grid, level, width: grid.columns + 2, height: grid.rows() + 2 };
    let mut next = march.links();
    let mut loops = Vec::new();
    for start in 0..next.len() {
        let mut points = Vec::new();
        let mut edge = start;
        while let Some(following) = next[edge].take() {
            points.push(march.crossing(edge));
            edge = following;
        }
        if !points.is_empty() {
            loops.push(points);
        }
    }
    loops
}

/// The loops as one outline, which covers what a loop encloses and leaves its holes out under the non-zero rule: they are
/// joined by bridges that are crossed both ways.
pub(super) fn outline(loops: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let Some(home) = loops.first().map(|first| first[0]) else { return Vec::new() };
    loops.iter().flat_map(|points| points.iter().copied().chain([points[0], home])).collect()
}

/// The grid with a ring of nodes around it, on its edge, at which the function is −∞.
struct March<'a> {
    grid: &'a Grid,
    level: f64,
    width: usize,
    height: usize,
}

impl March<'_> {
    /// The value at node (i, j) of the ringed grid.
    fn value(&self, i: usize, j: usize) -> f64 {
        let inside = (1..self.width - 1).contains(&i) && (1..self.height - 1).contains(&j);
        if inside { self.grid.values[(j - 1) * self.grid.columns + i - 1] } else { f64::NEG_INFINITY }
    }

    fn at(&self, i: usize, j: usize) -> [f64; 2] {
        self.grid.at(i.clamp(1, self.width - 2) - 1, j.clamp(1, self.height - 2) - 1)
    }

    /// The edge from node (i, j) to its right, or upwards.
    fn edge(&self, i: usize, j: usize, up: bool) -> usize {
        2 * (j * self.width + i) + usize::from(up)
    }

    /// For every edge that the border crosses, the edge that it crosses next.
    fn links(&self) -> Vec<Option<usize>> {
        let mut next = vec![None; 2 * self.width * self.height];
        for j in 0..self.height - 1 {
            for i in 0..self.width - 1 {
                // Anticlockwise from the lower left; edge k goes from corner k to corner k + 1.
                let values = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| self.value(i, j));
                let edges = [
                    self.edge(i, j, false),
                    self.edge(i + 1, j, true),
                    self.edge(i, j + 1, false),
                    self.edge(i, j, true),
                ];
                let inside = values.map(|value| value >= self.level);
                let enters = |k: &usize| !inside[k % 4] && inside[(k + 1) % 4];
                let joined = values.iter().sum::<f64>() >= 4.0 * self.level;
                for k in (0..4).filter(|&k| inside[k] && !inside[(k + 1) % 4]) {
                    // Where two opposite corners are inside, the middle decides whether the region goes through.
                    let mut after = k + 1..k + 4;
                    let entry = if joined { after.find(enters) } else { after.rfind(enters) };
                    next[edges[k]] = entry.map(|entry| edges[entry % 4]);
                }
            }
        }
        next
    }

    /// Where the border crosses an edge.
    fn crossing(&self, edge: usize) -> [f64; 2] {
        let (i, j) = (edge / 2 % self.width, edge / 2 / self.width);
        let (k, l) = if edge % 2 == 1 { (i, j + 1) } else { (i + 1, j) };
        let (from, to) = (self.value(i, j), self.value(k, l));
        let share = if (to - from).is_finite() { (self.level - from) / (to - from) } else { 0.5 };
        let (a, b) = (self.at(i, j), self.at(k, l));
        [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a loop encloses: positive where the inside is on its left.
    fn area(points: &[[f64; 2]]) -> f64 {
        let pairs = points.iter().zip(points.iter().cycle().skip(1));
        pairs.map(|(a, b)| 0.5 * (a[0] * b[1] - b[0] * a[1])).sum()
    }

    fn grid(f: impl FnMut(f64, f64) -> f64) -> Grid {
        Grid::of([-2.0, 2.0], [-2.0, 2.0], 201, f)
    }

    #[test]
    fn a_disc_has_one_loop_of_its_area() {
        let loops = loops(&grid(|x, y| -libm::hypot(x, y)), -1.5);
        assert_eq!(loops.len(), 1);
        assert!((area(&loops[0]) - 2.25 * std::f64::consts::PI).abs() < 1e-3);
        assert!(loops[0].iter().all(|[x, y]| (libm::hypot(*x, *y) - 1.5).abs() < 1e-3));
    }

    #[test]
    fn a_ring_has_a_hole_of_the_opposite_sense() {
        let loops = loops(&grid(|x, y| -(libm::hypot(x, y) - 1.0).abs()), -0.5);
        let mut areas: Vec<f64> = loops.iter().map(|points| area(points)).collect();
        areas.sort_by(f64::total_cmp);
        assert_eq!(areas.len(), 2);
        assert!((areas[0] + 0.25 * std::f64::consts::PI).abs() < 1e-3, "{areas:?}");
        assert!((areas[1] - 2.25 * std::f64::consts::PI).abs() < 1e-3, "{areas:?}");
        assert!((area(&outline(&loops)) - areas[0] - areas[1]).abs() < 1e-9);
    }

    #[test]
    fn a_region_that_goes_on_is_closed_along_the_edge() {
        let half = loops(&grid(|x, _| x), 0.5);
        assert_eq!(half.len(), 1);
        assert!((area(&half[0]) - 1.5 * 4.0).abs() < 1e-9);
        assert!((area(&loops(&grid(|_, _| 1.0), 0.0)[0]) - 16.0).abs() < 1e-9);
        assert!(loops(&grid(|_, _| -1.0), 0.0).is_empty());
    }

    #[test]
    fn the_middle_decides_whether_opposite_corners_are_joined() {
        let saddle = |high: f64| Grid { x: [0.0, 1.0], y: [0.0, 1.0], columns: 2, values: vec![high, 0.0, 0.0, high] };
        assert_eq!(loops(&saddle(1.5), 1.0).len(), 2);
        assert_eq!(loops(&saddle(3.0), 1.0).len(), 1);
    }
}
