//! Noise levels, and the rules that choose them.

use std::ops::Range;

/// `levels` noise levels from `sigma_max` down to `sigma_min`, in geometric progression (Song & Ermon 2019, §4.2).
#[must_use]
pub fn geometric(sigma_max: f64, sigma_min: f64, levels: u32) -> Vec<f64> {
    let ratio = libm::log(sigma_min / sigma_max);
    (0..levels)
        .map(|i| match i {
            0 => sigma_max,
            // Exactly the end, which the exponential misses by an ulp.
            i if i + 1 == levels => sigma_min,
            i => sigma_max * libm::exp(ratio * f64::from(i) / f64::from(levels - 1)),
        })
        .collect()
}

/// `levels` noise levels from `sigma_max` down to `sigma_min`, evenly spaced in σ^(1/ρ) (Karras et al. 2022, equation 5).
#[must_use]
pub fn karras(sigma_max: f64, sigma_min: f64, levels: u32, rho: f64) -> Vec<f64> {
    let root = |sigma: f64| libm::pow(sigma, 1.0 / rho);
    let first = root(sigma_max);
    let width = root(sigma_min) - first;
    (0..levels)
        .map(|i| match i {
            0 => sigma_max,
            // Exactly the end, which the power misses by an ulp.
            i if i + 1 == levels => sigma_min,
            i => {
                let sigma = libm::pow(first + width * f64::from(i) / f64::from(levels - 1), rho);
                // Rounded, it may be past an end that is near.
                sigma.clamp(sigma_min.min(sigma_max), sigma_max)
            }
        })
        .collect()
}

/// The number of geometric levels that technique 2 of Song & Ermon 2020 asks for in `dim` dimensions: neighbouring levels
/// so close that one's samples fall among the other's with probability one half,
/// Φ(√(2D)(γ − 1) + 3γ) − Φ(√(2D)(γ − 1) − 3γ) = 0.5 with γ = σᵢ₋₁/σᵢ.
#[must_use]
pub fn ncsnv2_levels(sigma_max: f64, sigma_min: f64, dim: usize) -> u32 {
    let root = (2.0 * dim as f64).sqrt();
    let overlap = |gamma: f64| phi(root * (gamma - 1.0) + 3.0 * gamma) - phi(root * (gamma - 1.0) - 3.0 * gamma);
    // The overlap falls with γ, from almost one at γ = 1; in four dimensions and fewer it comes back to one, and bounds nothing.
    let gamma = bisect(1.0, 100.0, |gamma| overlap(gamma) > 0.5);
    let levels = libm::log(sigma_max / sigma_min) / libm::log(gamma);
    (levels.round() as u32).saturating_add(1).max(2)
}

/// The number of geometric levels that [`ncsnv2_levels`] asks for, and none more than `ratio` times the next: in few dimensions that rule,
/// which is one for spheres, is content with levels so far apart that the dynamics does not come to rest on them.
#[must_use]
pub fn close_levels(sigma_max: f64, sigma_min: f64, dim: usize, ratio: f64) -> u32 {
    let close = (libm::log(sigma_max / sigma_min) / libm::log(ratio)).ceil() as u32 + 1;
    close.max(ncsnv2_levels(sigma_max, sigma_min, dim))
}

/// The step size ε that technique 4 of Song & Ermon 2020 asks for: the one whose `steps` steps at a level bring the
/// variance of the level before, σᵢ₋₁² = (γσᵢ)², closest to σᵢ².
///
/// In units of σᵢ², with a = ε/σ_L²: the rule is [`variance_ratio`] = 1.
#[must_use]
pub fn ncsnv2_epsilon(sigma_max: f64, sigma_min: f64, levels: u32, steps: u32) -> f64 {
    let gamma = libm::exp(libm::log(sigma_max / sigma_min) / f64::from(levels.max(2) - 1));
    let (excess, place) = (|a: f64| variance_ratio(a, gamma, steps) - 1.0, |i: u32| f64::from(i) * 1e-3);
    // q falls from γ² at a → 0 to a minimum, then rises to infinity at a = 2. Where it crosses one, the first crossing is
    // the rule; where it does not, the minimum comes closest.
    let least = first(1..999, |i| excess(place(i)) <= excess(place(i + 1)));
    let a = if excess(place(least)) <= 0.0 {
        bisect(0.0, place(first(1..least, |i| excess(place(i)) <= 0.0)), |a| excess(a) > 0.0)
    } else {
        place(least)
    };
    a * sigma_min * sigma_min
}

/// What is left of a level's variance after `steps` steps of size `a` = τ/σ² from the level before, γ times as noisy:
/// one where the ladder is right, well above one where it is too coarse for its steps (Song & Ermon 2020, proposition 2).
///
/// (1 − a)²ᵀ (γ² − v) + v, where v = 2a/(1 − (1 − a)²) = 2/(2 − a) is what endless steps would end with; from a = 2 on they
/// end nowhere.
#[must_use]
pub fn variance_ratio(a: f64, gamma: f64, steps: u32) -> f64 {
    if a >= 2.0 {
        return f64::INFINITY;
    }
    let stationary = 2.0 / (2.0 - a);
    libm::pow((1.0 - a) * (1.0 - a), f64::from(steps)) * (gamma * gamma - stationary) + stationary
}

/// Φ, the distribution function of N(0, 1).
fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The first number of `range` from which on `holds`, or the range's end.
fn first(range: Range<u32>, holds: impl Fn(u32) -> bool) -> u32 {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start.midpoint(end);
        if holds(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}

/// The place between `low` and `high` where `below` changes from true to false.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        // Neighbours have nothing between them.
        if middle <= low || middle >= high {
            return middle;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_levels_begin_and_end_where_they_should() {
        let levels = geometric(15.0, 0.01, 94);
        assert_eq!((levels.len(), levels[0], levels[93]), (94, 15.0, 0.01));
        let ratio = levels[1] / levels[0];
        assert!(levels.windows(2).all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 1e-12));
        assert_eq!(geometric(2.0, 2.0, 1), [2.0]);
    }

    #[test]
    fn karras_levels_are_even_in_a_root_of_sigma() {
        let levels = karras(80.0, 0.002, 18, 7.0);
        assert_eq!((levels.len(), levels[0], levels[17]), (18, 80.0, 0.002));
        let roots: Vec<f64> = levels.iter().map(|level| level.powf(1.0 / 7.0)).collect();
        assert!(roots.windows(2).all(|pair| (pair[0] - pair[1] - (roots[0] - roots[17]) / 17.0).abs() < 1e-12));
        assert_eq!(karras(2.0, 2.0, 1, 7.0), [2.0]);
    }

    #[test]
    fn the_rules_of_ncsnv2_give_the_published_settings() {
        // MNIST's range in 784 dimensions.
        assert_eq!(ncsnv2_levels(15.0, 0.01, 784), 94);
        let epsilon = ncsnv2_epsilon(15.0, 0.01, 94, 5);
        assert!((epsilon / 1.11e-5 - 1.0).abs() < 0.01, "{epsilon}");
        // CIFAR-10 in Song & Ermon 2020, table 3: σ₁ = 50, L = 232, T = 5, ε = 6.2e-6.
        let levels = ncsnv2_levels(50.0, 0.01, 3072);
        // The paper's 232 overlap by 0.57, a little more than its rule asks for.
        assert_eq!(levels, 219);
        let epsilon = ncsnv2_epsilon(50.0, 0.01, 232, 5);
        assert!((epsilon / 6.2e-6 - 1.0).abs() < 0.03, "{epsilon}");
    }

    /// Every request that names no step size asks for it, so it is found by halving; here by looking everywhere.
    #[test]
    fn the_step_size_is_the_first_that_keeps_the_variance_or_comes_closest() {
        for (range, levels) in
            [(1.5_f64, 2), (1.5, 10), (10.0, 5), (100.0, 20), (1500.0, 94), (5000.0, 219), (1e6, 1000)]
        {
            let gamma = range.powf(1.0 / (f64::from(levels) - 1.0));
            for steps in [1, 2, 5, 10, 40, 100] {
                let excess = |i: u32| variance_ratio(f64::from(i) * 1e-3, gamma, steps) - 1.0;
                let found = 1e3 * ncsnv2_epsilon(range, 1.0, levels, steps);
                let right = match (1..1000).find(|&i| excess(i) <= 0.0) {
                    Some(i) => (f64::from(i) - 0.5 - found).abs() < 0.5 + 1e-9,
                    None => {
                        let least = (1..1000).min_by(|&i, &j| excess(i).total_cmp(&excess(j)));
                        (f64::from(least.unwrap()) - found).abs() < 1e-9
                    }
                };
                assert!(right, "σ₁/σ_L = {range}, {levels} levels of {steps} steps: {found}");
            }
        }
    }

    #[test]
    fn the_variance_ratio_tells_a_fine_ladder_from_a_coarse_one() {
        let gamma = |levels: f64| (15.0_f64 / 0.01).powf(1.0 / (levels - 1.0));
        // The least that five steps at these levels can reach.
        assert!((variance_ratio(0.111, gamma(94.0), 5) - 1.093).abs() < 1e-3);
        assert!((variance_ratio(0.1, gamma(20.0), 5) - 1.438).abs() < 1e-3);
    }
}
