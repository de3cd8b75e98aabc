//! Points that fill the unit cube evenly, however many are taken.

/// Point `i` (from 0) of the sequence of Halton (1960): the digits of i + 1 in the bases 2, 3 and 5, mirrored at the point.
///
/// ```
/// use smld::train::tune::halton;
/// assert_eq!([halton(0)[0], halton(1)[0], halton(2)[0]], [0.5, 0.25, 0.75]);
/// ```
#[must_use]
pub fn halton(i: u32) -> [f64; 3] {
    [2, 3, 5].map(|base| mirrored(i + 1, base))
}

/// The radical inverse of `i`: 0.d₀d₁d₂… where …d₂d₁d₀ are its digits in `base`.
fn mirrored(mut i: u32, base: u32) -> f64 {
    let (mut x, mut place) = (0.0, 1.0);
    while i > 0 {
        place /= f64::from(base);
        x += place * f64::from(i % base);
        i /= base;
    }
    x
}
