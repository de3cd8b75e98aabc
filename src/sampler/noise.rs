//! Noise that depends on counters alone.
//!
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) maps a key and a
//! counter to four random words. The key is the seed; the counter names the place: which image, which step, which
//! elements. There is no state to carry and no order to keep, so an image is the same alone and in any company.
//!
//! Everything here is integer arithmetic and IEEE basic operations on `f32`: the same bytes on any CPU.

use std::f32::consts::FRAC_1_SQRT_2;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
/// Blocks worked on together: enough for vector units, small enough for registers.
const LANES: usize = 8;

/// What a stream of noise is for. Streams of different purposes never meet, whatever the rest of their counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// The noise of a sampler.
    Sampling = 0,
    /// The noise that denoising score matching adds to the data.
    Perturbation = 1,
    /// Noise levels, dropped labels and the like, drawn once a training step.
    Conditions = 2,
    /// The order of the data in an epoch.
    Order = 3,
    /// Initial weights.
    Weights = 4,
    /// Exact draws from a density.
    Data = 5,
}

/// The noise streams of one image (or of whatever else `index` counts), one for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    key: [u32; 2],
    index: u32,
    purpose: Purpose,
}

impl Noise {
    /// The streams of image `index` under `seed`.
    #[must_use]
    pub fn new(seed: u64, index: u32, purpose: Purpose) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], index, purpose }
    }

    /// Fills `out` with independent draws from N(0, 1): the stream of `step`, from its beginning.
    ///
    /// Element `e` depends on (seed, purpose, index, step, e) only. |z| ≤ 6.7.
    pub fn normal(&self, step: u32, out: &mut [f32]) {
        self.for_each_normal(step, out, |_, out, z| *out = z);
    }

    /// Calls `update(e, &mut values[e], z)` for every element e, with z the e-th draw of [`normal`](Self::normal): noise is
    /// used where it is made, and never stored.
    pub fn for_each_normal(&self, step: u32, values: &mut [f32], update: impl Fn(usize, &mut f32, f32)) {
        let normal = |[a, b, c, d]: [u32; 4]| {
            let (z0, z1) = box_muller(a, b);
            let (z2, z3) = box_muller(c, d);
            [z0, z1, z2, z3]
        };
        self.each_block(step, values, normal, update);
    }

    /// Fills `out` with independent draws from the uniform distribution on [0, 1): the stream of `step`.
    pub fn uniform(&self, step: u32, out: &mut [f32]) {
        // 24 bits: every value is exact and below one.
        let unit = |words: [u32; 4]| words.map(|word| (word >> 8) as f32 * (1.0 / 16_777_216.0));
        self.each_block(step, out, unit, |_, out, u| *out = u);
    }

    /// The random words of `step`, four for each block of four elements, made into numbers and handed on.
    fn each_block(
        &self,
        step: u32,
        values: &mut [f32],
        number: impl Fn([u32; 4]) -> [f32; 4],
        update: impl Fn(usize, &mut f32, f32),
    ) {
        for (group, chunk) in values.chunks_mut(4 * LANES).enumerate() {
            let words = philox(self.key, [(group * LANES) as u32, step, self.index, self.purpose as u32]);
            let mut block = [[0.0_f32; 4]; LANES];
            for (lane, numbers) in block.iter_mut().enumerate() {
                *numbers = number([words[0][lane], words[1][lane], words[2][lane], words[3][lane]]);
            }
            for (offset, (value, &number)) in chunk.iter_mut().zip(block.as_flattened()).enumerate() {
                update(group * 4 * LANES + offset, value, number);
            }
        }
    }
}

/// Ten rounds of Philox4x32 on `LANES` counters, which differ in the first word: `counter[0] + lane`.
/// Answers word-major: `result[word][lane]`.
fn philox(mut key: [u32; 2], counter: [u32; 4]) -> [[u32; LANES]; 4] {
    let mut c = [[0; LANES], [counter[1]; LANES], [counter[2]; LANES], [counter[3]; LANES]];
    for (lane, first) in c[0].iter_mut().enumerate() {
        *first = counter[0].wrapping_add(lane as u32);
    }
    for _ in 0..10 {
        #[expect(clippy::needless_range_loop, reason = "a lane is the same place of four arrays")]
        for lane in 0..LANES {
            let p0 = u64::from(MULTIPLIERS[0]) * u64::from(c[0][lane]);
            let p1 = u64::from(MULTIPLIERS[1]) * u64::from(c[2][lane]);
            c[0][lane] = (p1 >> 32) as u32 ^ c[1][lane] ^ key[0];
            c[1][lane] = p1 as u32;
            c[2][lane] = (p0 >> 32) as u32 ^ c[3][lane] ^ key[1];
            c[3][lane] = p0 as u32;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    c
}

/// Two normal numbers from two random words (Box & Muller 1958).
#[inline]
fn box_muller(radius: u32, angle: u32) -> (f32, f32) {
    // In (0, 1]: the logarithm is finite.
    let u = (radius as f32 + 1.0) * (1.0 / 4_294_967_296.0);
    let r = (-2.0 * ln(u)).sqrt();
    let (sin, cos) = sin_cos_turn(angle);
    (r * cos, r * sin)
}

/// ln u for u in (0, 1]: u = 2^e m with m in [√½, √2), and a polynomial in m − 1 (the coefficients of Cephes' `logf`).
#[inline]
fn ln(u: f32) -> f32 {
    let bits = u.to_bits();
    let exponent = (bits >> 23) as i32 - 126;
    let mantissa = f32::from_bits((bits & 0x007F_FFFF) | 0x3F00_0000);
    let low = mantissa < FRAC_1_SQRT_2;
    let e = (exponent - i32::from(low)) as f32;
    let f = if low { mantissa + mantissa } else { mantissa } - 1.0;
    let f2 = f * f;
    let mut p = 7.037_683_6e-2_f32;
    for coefficient in [
        -1.151_461e-1_f32,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        p = p * f + coefficient;
    }
    // ln 2 in two parts, so that e·ln 2 loses nothing.
    let y = p * f * f2 - 2.121_944_4e-4 * e - 0.5 * f2;
    f + y + 0.693_359_4 * e
}

/// sin and cos of `angle`/2³² of a full turn. The reduction to ±1/8 turn is exact, being done on integers; then Cephes'
/// `sinf` and `cosf` polynomials.
#[inline]
fn sin_cos_turn(angle: u32) -> (f32, f32) {
    let quadrant = angle.wrapping_add(1 << 29) >> 30;
    let rest = angle.wrapping_sub(quadrant << 30) as i32;
    let x = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let x2 = x * x;
    let sin = ((-1.951_529_6e-4 * x2 + 8.332_161e-3) * x2 - 1.666_665_5e-1) * x2 * x + x;
    let cos = ((2.443_315_7e-5 * x2 - 1.388_731_6e-3) * x2 + 4.166_664_6e-2) * x2 * x2 - 0.5 * x2 + 1.0;
    let (a, b) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
    (if quadrant & 2 == 0 { a } else { -a }, if (quadrant + 1) & 2 == 0 { b } else { -b })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
        philox(key, counter).map(|words| words[0])
    }

    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(block([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(block([u32::MAX; 2], [u32::MAX; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            block([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn the_polynomials_agree_with_the_library_to_three_units_in_the_last_place() {
        for i in 0..200_000_u32 {
            let word = i.wrapping_mul(0x9E37_79B9);
            let u = (word as f32 + 1.0) / 4_294_967_296.0;
            let exact = f64::from(u).ln();
            assert!((f64::from(ln(u)) - exact).abs() <= 3.0 * 1.2e-7 * exact.abs().max(1e-3), "ln {u}");
            let turn = f64::from(word) / 4_294_967_296.0 * std::f64::consts::TAU;
            let (sin, cos) = sin_cos_turn(word);
            assert!((f64::from(sin) - turn.sin()).abs() < 2e-7 && (f64::from(cos) - turn.cos()).abs() < 2e-7, "{turn}");
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn the_normal_numbers_have_the_moments_of_a_normal_distribution() {
        const COUNT: usize = 1 << 20;
        let mut z = vec![0.0; COUNT];
        Noise::new(7, 0, Purpose::Sampling).normal(0, &mut z);
        let moment = |power: i32| z.iter().map(|&z| f64::from(z).powi(power)).sum::<f64>() / COUNT as f64;
        // Five standard errors of each moment: √(E z²ᵖ − (E zᵖ)²) / √COUNT.
        let bound = |deviation: f64| 5.0 * deviation / (COUNT as f64).sqrt();
        assert!(moment(1).abs() < bound(1.0));
        assert!((moment(2) - 1.0).abs() < bound(2.0_f64.sqrt()));
        assert!(moment(3).abs() < bound(15.0_f64.sqrt()));
        assert!((moment(4) - 3.0).abs() < bound(96.0_f64.sqrt()));
    }

    #[test]
    fn streams_of_neighbouring_images_steps_seeds_and_purposes_are_not_correlated() {
        const COUNT: usize = 1 << 16;
        let draw = |seed, index, step, purpose| {
            let mut z = vec![0.0; COUNT];
            Noise::new(seed, index, purpose).normal(step, &mut z);
            z
        };
        let base = draw(1, 1, 1, Purpose::Sampling);
        for other in [
            draw(2, 1, 1, Purpose::Sampling),
            draw(1, 2, 1, Purpose::Sampling),
            draw(1, 1, 2, Purpose::Sampling),
            draw(1, 1, 1, Purpose::Perturbation),
            draw(1 + (1 << 32), 1, 1, Purpose::Sampling),
        ] {
            for shift in 0..8 {
                let products = base.iter().zip(&other[shift..]).map(|(a, b)| f64::from(a * b));
                let correlation = products.sum::<f64>() / (COUNT - shift) as f64;
                assert!(correlation.abs() < 5.0 / (COUNT as f64).sqrt(), "{correlation} at shift {shift}");
            }
        }
    }

    #[test]
    fn a_shorter_draw_is_the_beginning_of_a_longer_one() {
        let noise = Noise::new(3, 4, Purpose::Sampling);
        let mut long = [0.0; 101];
        noise.normal(5, &mut long);
        for length in [1, 2, 3, 4, 31, 32, 33, 100] {
            let mut short = vec![0.0; length];
            noise.normal(5, &mut short);
            assert_eq!(short, long[..length]);
        }
    }

    #[test]
    fn uniform_numbers_fill_the_interval_and_never_reach_one() {
        let mut u = vec![0.0; 1 << 18];
        Noise::new(11, 0, Purpose::Conditions).uniform(0, &mut u);
        assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
        let mean = u.iter().map(|&u| f64::from(u)).sum::<f64>() / u.len() as f64;
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0_f64).sqrt() / (u.len() as f64).sqrt());
    }
}
