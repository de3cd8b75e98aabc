//! The checkerboard.

use super::special::erfc_scaled;
use super::{Density, InvalidDensity, invalid, positive, unit};
use crate::sampler::Noise;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// The uniform distribution on every second square of a board of `cells` × `cells` squares about the origin.
///
/// It has no score itself: its density is flat, with edges. Blurred it is the mean over the squares of
/// P(a < x + σz < b) P(c < y + σz < d)/side², a product of differences of error functions.
#[derive(Clone, Debug)]
pub struct Checkerboard {
    cells: u32,
    side: f64,
}

/// The smallest σ, in sides of a square.
const SHARPEST: f64 = 0.02;

impl Checkerboard {
    /// The board of `cells` × `cells` squares with sides of length `side`; the lower left square is one of those taken.
    ///
    /// # Errors
    /// Where there are fewer than 2 or more than 64 cells, or the side is not above zero.
    pub fn new(cells: u32, side: f64) -> Result<Self, InvalidDensity> {
        if !(2..=64).contains(&cells) {
            return invalid("cells", format!("is {cells}; a board has between 2 and 64 squares a side"));
        }
        Ok(Self { cells, side: positive("side", side)? })
    }

    /// The lower end of column or row i.
    fn edge(&self, i: u32) -> f64 {
        self.side * (f64::from(i) - 0.5 * f64::from(self.cells))
    }

    /// The number of squares taken.
    fn taken(&self) -> u32 {
        (self.cells * self.cells).div_ceil(2)
    }

    /// Σ over the columns of one parity of P(a < x + σz < b): its logarithm, and the derivative of that by x.
    fn columns(&self, parity: u32, x: f64, sigma: f64) -> Log {
        let columns = (parity..self.cells).step_by(2);
        columns.map(|i| interval(self.edge(i), self.edge(i + 1), x, sigma)).fold(Log::ZERO, Log::plus)
    }

    /// The two sums over products whose sum is p_σ, but for its scale: even columns by even rows, and odd by odd.
    fn parts(&self, x: &[f64], sigma: f64) -> [[Log; 2]; 2] {
        [0, 1].map(|parity| [self.columns(parity, x[0], sigma), self.columns(parity, x[1], sigma)])
    }
}

/// A positive number by its logarithm, with the derivative of the logarithm.
#[derive(Clone, Copy, Debug)]
struct Log {
    value: f64,
    slope: f64,
}

impl Log {
    const ZERO: Self = Self { value: f64::NEG_INFINITY, slope: 0.0 };

    /// The logarithm of the sum.
    fn plus(self, other: Self) -> Self {
        let (large, small) = if self.value > other.value { (self, other) } else { (other, self) };
        let share = libm::exp(small.value - large.value);
        Self { value: large.value + libm::log1p(share), slope: (large.slope + share * small.slope) / (1.0 + share) }
    }
}

/// P(a < x + σz < b) with z ~ N(0, 1), σ > 0.
///
/// With α = (a − x)/σ and β = (b − x)/σ it is Φ(β) − Φ(α). On the far side of both ends that difference vanishes long before
/// its logarithm does; there e^(−α²/2) is taken out of it.
fn interval(a: f64, b: f64, x: f64, sigma: f64) -> Log {
    let (alpha, beta) = ((a - x) / sigma, (b - x) / sigma);
    if alpha + beta < 0.0 {
        let mirrored = interval(-b, -a, -x, sigma);
        return Log { slope: -mirrored.slope, ..mirrored };
    }
    if alpha <= 0.0 {
        let p = 0.5 * (libm::erf(beta * FRAC_1_SQRT_2) + libm::erf(-alpha * FRAC_1_SQRT_2));
        let normal = |z: f64| libm::exp(-0.5 * z * z) / TAU.sqrt();
        return Log { value: libm::log(p), slope: (normal(alpha) - normal(beta)) / (sigma * p) };
    }
    let fall = 0.5 * (beta - alpha) * (beta + alpha);
    let rest = 0.5 * (erfc_scaled(alpha * FRAC_1_SQRT_2) - libm::exp(-fall) * erfc_scaled(beta * FRAC_1_SQRT_2));
    Log { value: libm::log(rest) - 0.5 * alpha * alpha, slope: -libm::expm1(-fall) / (TAU.sqrt() * sigma * rest) }
}

impl Density for Checkerboard {
    fn dim(&self) -> usize {
        2
    }

    fn sigma_range(&self) -> [f64; 2] {
        [SHARPEST * self.side, 4.0 * self.reach()]
    }

    fn reach(&self) -> f64 {
        -self.edge(0)
    }

    fn detail(&self) -> f64 {
        SHARPEST * self.side
    }

    fn log_density(&self, x: &[f64], sigma: f64) -> f64 {
        let [even, odd] = self.parts(x, sigma).map(|[x, y]| Log { value: x.value + y.value, slope: 0.0 });
        even.plus(odd).value - libm::log(f64::from(self.taken()) * self.side * self.side)
    }

    fn summands(&self) -> usize {
        self.taken() as usize
    }

    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        let parts = self.parts(x, sigma);
        for (d, score) in score.iter_mut().enumerate() {
            let [even, odd] = parts.map(|part| Log { value: part[0].value + part[1].value, slope: part[d].slope });
            *score = even.plus(odd).slope;
        }
    }

    fn draw(&self, noise: &Noise, x: &mut [f64]) {
        let chosen = (unit(noise, 0) * f64::from(self.taken())) as u32;
        // Row by row, the squares taken are every second one; on an even board the rows' beginnings alternate.
        let (row, column) = if self.cells.is_multiple_of(2) {
            let half = self.cells / 2;
            let row = chosen / half;
            (row, 2 * (chosen % half) + row % 2)
        } else {
            (2 * chosen / self.cells, 2 * chosen % self.cells)
        };
        x[0] = self.edge(column) + self.side * unit(noise, 1);
        x[1] = self.edge(row) + self.side * unit(noise, 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_from_the_board_the_score_stays_finite_and_right() {
        let board = Checkerboard::new(4, 1.0).unwrap();
        let mut score = [0.0; 2];
        board.score(&[1000.0, 0.3], 0.02, &mut score);
        // From far out the nearest edge is all there is: −(x − b)/σ², up to the 1/(x − b) of the tail.
        let exact = -(1000.0 - 2.0) / 4e-4 - 1.0 / 998.0;
        assert!((score[0] / exact - 1.0).abs() < 1e-9, "{score:?}");
        assert!(board.log_density(&[1000.0, 0.3], 0.02) < -1e9);
    }

    #[test]
    fn a_wide_blur_leaves_a_gaussian_with_the_moments_of_the_board() {
        let board = Checkerboard::new(4, 1.0).unwrap();
        let mut score = [0.0; 2];
        board.score(&[3.0, -1.0], 8.0, &mut score);
        // Each coordinate is uniform on [−2, 2], of variance 4/3.
        let (v, c) = (64.0 + 4.0 / 3.0, covariance());
        let determinant = v * v - c * c;
        let exact = [-(v * 3.0 + c) / determinant, (v + 3.0 * c) / determinant];
        assert!(
            (score[0] / exact[0] - 1.0).abs() < 2e-3 && (score[1] / exact[1] - 1.0).abs() < 2e-3,
            "{score:?} {exact:?}"
        );
    }

    /// E xy over the eight squares' centres (±½, ±3/2).
    fn covariance() -> f64 {
        let centre = |i: i32| f64::from(i) - 1.5;
        let products =
            (0..4).flat_map(|i| (0..4).filter(move |j| (i + j) % 2 == 0).map(move |j| centre(i) * centre(j)));
        products.sum::<f64>() / 8.0
    }

    #[test]
    fn an_odd_board_is_drawn_from_its_own_squares() {
        let board = Checkerboard::new(3, 2.0).unwrap();
        let mut seen = [[0; 3]; 3];
        for i in 0..500 {
            let mut x = [0.0; 2];
            board.draw(&Noise::new(1, i, crate::sampler::Purpose::Data), &mut x);
            seen[((x[1] + 3.0) / 2.0) as usize][((x[0] + 3.0) / 2.0) as usize] += 1;
        }
        // 100 each, within four standard deviations of 9.
        assert!((0..9).all(|i| if i % 2 == 0 {
            (64..136).contains(&seen[i / 3][i % 3])
        } else {
            seen[i / 3][i % 3] == 0
        }));
    }
}
