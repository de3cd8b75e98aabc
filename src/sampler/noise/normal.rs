//! Normal numbers from random words, as many at a time as the processor can.
//!
//! There is one source, without a branch. It is compiled three times, for any processor of its kind and for those with AVX2 or
//! AVX-512, and gives the same bytes each time: the operations are IEEE basic ones in an order that is written down, and Rust
//! never fuses a product and a sum.

use super::philox::{LANES, Words, philox};
use std::f32::consts::FRAC_1_SQRT_2;

/// Lanes whose numbers are made side by side, operation by operation: while one vector of them waits for its result others
/// are worked on.
const BLOCK: usize = 32;

/// Where words and numbers are worked on; kept from group to group.
pub(super) struct Workspace {
    pub(super) words: Words,
    numbers: [[f32; LANES]; 4],
}

impl Workspace {
    pub(super) fn new() -> Self {
        Self { words: [[0; LANES]; 4], numbers: [[0.0; LANES]; 4] }
    }
}

/// Fills `z`, of a length that is a multiple of four and at most 4 [`LANES`], with draws from N(0, 1): four for each
/// counter from `counter` on.
pub(super) fn normals(key: [u32; 2], counter: [u32; 4], space: &mut Workspace, z: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "only so can a function compiled for a newer processor be called")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: these are all that the function needs, and the processor has them.
            return unsafe { normals_avx512(key, counter, space, z) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: AVX2 is all that the function needs, and the processor has it.
            return unsafe { normals_avx2(key, counter, space, z) };
        }
    }
    portable(key, counter, space, z);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn normals_avx512(key: [u32; 2], counter: [u32; 4], space: &mut Workspace, z: &mut [f32]) {
    portable(key, counter, space, z);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn normals_avx2(key: [u32; 2], counter: [u32; 4], space: &mut Workspace, z: &mut [f32]) {
    portable(key, counter, space, z);
}

#[inline(always)]
fn portable(key: [u32; 2], counter: [u32; 4], Workspace { words, numbers }: &mut Workspace, z: &mut [f32]) {
    let lanes = (z.len() / 4).min(LANES);
    philox(key, counter, lanes, words);
    for ([radius, angle], [a, b]) in words.as_chunks().0.iter().zip(numbers.as_chunks_mut().0) {
        let whole = lanes - lanes % BLOCK;
        pairs::<BLOCK>(&radius[..whole], &angle[..whole], &mut a[..whole], &mut b[..whole]);
        pairs::<1>(&radius[whole..lanes], &angle[whole..lanes], &mut a[whole..lanes], &mut b[whole..lanes]);
    }
    let [z0, z1, z2, z3] = numbers;
    let (blocks, _) = z.as_chunks_mut::<4>();
    for (lane, block) in blocks.iter_mut().enumerate().take(lanes) {
        *block = [z0[lane], z1[lane], z2[lane], z3[lane]];
    }
}

/// Two normal numbers of each pair of words, `B` pairs at a time.
#[inline(always)]
fn pairs<const B: usize>(radius: &[u32], angle: &[u32], a: &mut [f32], b: &mut [f32]) {
    let words = radius.as_chunks::<B>().0.iter().zip(angle.as_chunks::<B>().0);
    let numbers = a.as_chunks_mut::<B>().0.iter_mut().zip(b.as_chunks_mut::<B>().0);
    for ((radius, angle), (a, b)) in words.zip(numbers) {
        box_muller(radius, angle, a, b);
    }
}

/// Two normal numbers from two random words (Box & Muller 1958).
#[inline(always)]
fn box_muller<const B: usize>(radius: &[u32; B], angle: &[u32; B], a: &mut [f32; B], b: &mut [f32; B]) {
    let mut u = [0.0; B];
    for lane in 0..B {
        // In (0, 1]: the logarithm is finite.
        u[lane] = (float(radius[lane]) + 1.0) * (1.0 / 4_294_967_296.0);
    }
    let ln = ln(u);
    for lane in 0..B {
        let r = (-2.0 * ln[lane]).sqrt();
        let (sin, cos) = sin_cos_turn(angle[lane]);
        (a[lane], b[lane]) = (r * cos, r * sin);
    }
}

/// `word as f32`, of its two halves: both are exact, so the sum is rounded once, as the conversion is. Vector units convert
/// signed numbers only.
#[inline(always)]
fn float(word: u32) -> f32 {
    (word >> 16) as i32 as f32 * 65_536.0 + (word & 0xFFFF) as i32 as f32
}

/// ln u for u in (0, 1]: u = 2^e m with m in [√½, √2), and a polynomial in m − 1 (the coefficients of Cephes' `logf`).
#[inline(always)]
fn ln<const B: usize>(u: [f32; B]) -> [f32; B] {
    let (mut e, mut f, mut p) = ([0.0; B], [0.0; B], [7.037_683_6e-2_f32; B]);
    for lane in 0..B {
        let bits = u[lane].to_bits();
        let exponent = (bits >> 23) as i32 - 126;
        let mantissa = f32::from_bits((bits & 0x007F_FFFF) | 0x3F00_0000);
        let low = mantissa < FRAC_1_SQRT_2;
        e[lane] = (exponent - i32::from(low)) as f32;
        f[lane] = if low { mantissa + mantissa } else { mantissa } - 1.0;
    }
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
        for lane in 0..B {
            p[lane] = p[lane] * f[lane] + coefficient;
        }
    }
    for lane in 0..B {
        let (e, f, f2) = (e[lane], f[lane], f[lane] * f[lane]);
        // ln 2 in two parts, so that e·ln 2 loses nothing.
        let y = p[lane] * f * f2 - 2.121_944_4e-4 * e - 0.5 * f2;
        p[lane] = f + y + 0.693_359_4 * e;
    }
    p
}

/// sin and cos of `angle`/2³² of a full turn. The reduction to ±1/8 turn is exact, being done on integers; then Cephes'
/// `sinf` and `cosf` polynomials.
#[inline(always)]
fn sin_cos_turn(angle: u32) -> (f32, f32) {
    let quadrant = angle.wrapping_add(1 << 29) >> 30;
    let rest = angle.wrapping_sub(quadrant << 30) as i32;
    let x = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let x2 = x * x;
    let sin = ((-1.951_529_6e-4 * x2 + 8.332_161e-3) * x2 - 1.666_665_5e-1) * x2 * x + x;
    let cos = ((2.443_315_7e-5 * x2 - 1.388_731_6e-3) * x2 + 4.166_664_6e-2) * x2 * x2 - 0.5 * x2 + 1.0;
    let (a, b) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
    // The sign is bit 31, and bit 1 of the quadrant says whether it is set.
    let signed = |value: f32, quadrant: u32| f32::from_bits(value.to_bits() ^ ((quadrant & 2) << 30));
    (signed(a, quadrant), signed(b, quadrant + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomials_agree_with_the_library_to_three_units_in_the_last_place() {
        for i in 0..200_000_u32 {
            let word = i.wrapping_mul(0x9E37_79B9);
            let u = (word as f32 + 1.0) / 4_294_967_296.0;
            let exact = f64::from(u).ln();
            let [ln] = ln([u]);
            assert!((f64::from(ln) - exact).abs() <= 3.0 * 1.2e-7 * exact.abs().max(1e-3), "ln {u}");
            let turn = f64::from(word) / 4_294_967_296.0 * std::f64::consts::TAU;
            let (sin, cos) = sin_cos_turn(word);
            assert!((f64::from(sin) - turn.sin()).abs() < 2e-7 && (f64::from(cos) - turn.cos()).abs() < 2e-7, "{turn}");
        }
        assert_eq!(ln([1.0]), [0.0]);
    }

    #[test]
    fn the_radius_is_exact_to_the_end_of_the_tail() {
        // Half the words: near u = 1, where r is small, u itself is rounded. P(r > a) = exp(−a²/2): of 2³², 65 lie beyond six.
        let radius = |word: u32| {
            let ([mut a], [mut b]) = ([0.0], [0.0]);
            box_muller(&[word], &[0], std::array::from_mut(&mut a), std::array::from_mut(&mut b));
            assert_eq!(b, 0.0);
            a
        };
        for word in (0..100_000_u32).chain((0..100_000).map(|i| i * 21_474)) {
            let exact = (-2.0 * ((f64::from(word) + 1.0) / 4_294_967_296.0).ln()).sqrt();
            assert!((f64::from(radius(word)) - exact).abs() < 1e-6 * exact.max(1.0), "{word}");
        }
        let beyond = (0..1000).filter(|&word| radius(word) > 6.0).count();
        assert_eq!(beyond as u32, (4_294_967_296.0 * (-18.0_f64).exp()) as u32);
    }

    #[test]
    fn a_word_is_rounded_as_by_the_language() {
        for i in 0..1_000_000_u32 {
            let word = i.wrapping_mul(0x9E37_79B9);
            assert_eq!(float(word), word as f32);
        }
        for word in [0, 1, 0x00FF_FFFF, 0x0100_0001, 0xFFFF_FF7F, 0xFFFF_FF80, u32::MAX] {
            assert_eq!(float(word), word as f32);
        }
    }

    #[test]
    fn every_path_gives_the_same_bytes() {
        let (mut any, mut this, mut space) = ([0.0; 4 * LANES], [0.0; 4 * LANES], Workspace::new());
        for group in 0..20_000_u32 {
            let counter = [group * LANES as u32, group, 3, 0];
            let count = 4 * (1 + group as usize % LANES);
            portable([5, group], counter, &mut space, &mut any[..count]);
            normals([5, group], counter, &mut space, &mut this[..count]);
            assert!(any[..count].iter().zip(&this).all(|(a, b)| a.to_bits() == b.to_bits()), "group {group}");
        }
    }
}
