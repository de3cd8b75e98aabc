//! Points of the plane against a density, by Pearson's χ².

use smld::score::density::Density;

/// Whether `points` may be draws from p_σ, allowing every bin a relative error of `bias` beside its chance: χ² over
/// `side` × `side` bins and the rest of the plane, against what p_σ has in them, within four standard deviations (one time in
/// 30,000 draws from p_σ would fail).
pub(crate) fn assert_follows(
    name: &str,
    points: &[[f64; 2]],
    density: &dyn Density,
    sigma: f64,
    side: usize,
    bias: f64,
) {
    let reach = density.reach() + 2.0 * sigma;
    let width = 2.0 * reach / side as f64;
    let place = |x: f64| ((x + reach) / width).floor();
    let mut counts = vec![0.0; side * side + 1];
    for [x, y] in points {
        let (i, j) = (place(*x), place(*y));
        let inside = [i, j].iter().all(|&place| (0.0..side as f64).contains(&place));
        counts[if inside { i as usize * side + j as usize } else { side * side }] += 1.0;
    }
    let mut expected: Vec<f64> = (0..side * side)
        .map(|bin| {
            points.len() as f64
                * mass(density, sigma, [bin / side, bin % side].map(|i| i as f64 * width - reach), width)
        })
        .collect();
    expected.push(f64::max(points.len() as f64 - expected.iter().sum::<f64>(), 0.0));

    // Bins with too few to be normal go together.
    let (mut rare, mut freedom, mut statistic) = ([0.0; 2], -1.0, 0.0);
    let mut add = |count: f64, expected: f64| {
        statistic += (count - expected).powi(2) / expected;
        freedom += 1.0;
    };
    for (count, expected) in counts.into_iter().zip(expected) {
        if expected >= 10.0 {
            add(count, expected);
        } else {
            rare = [rare[0] + count, rare[1] + expected];
        }
    }
    if rare[1] >= 10.0 {
        add(rare[0], rare[1]);
    } else {
        assert!(rare[0] < 10.0 + 6.0 * 10.0_f64.sqrt(), "{name}: {} points where {} are expected", rare[0], rare[1]);
    }
    let excess = points.len() as f64 * bias * bias;
    let bound = freedom + excess + 4.0 * (2.0 * (freedom + 2.0 * excess)).sqrt();
    assert!(statistic < bound, "{name} at σ = {sigma}: χ² = {statistic:.1} of {freedom}, above {bound:.1}");
}

/// The mass of p_σ in the square of `width` whose lower corner is `corner`, by the midpoint rule.
fn mass(density: &dyn Density, sigma: f64, corner: [f64; 2], width: f64) -> f64 {
    let scale = (density.detail().powi(2) + sigma * sigma).sqrt();
    let count = (width / (0.4 * scale)).ceil().max(4.0);
    let step = width / count;
    let middle = |corner: f64, i: i32| corner + step * (f64::from(i) + 0.5);
    let at = |i, j| density.log_density(&[middle(corner[0], i), middle(corner[1], j)], sigma).exp();
    let rows = (0..count as i32).map(|i| (0..count as i32).map(|j| at(i, j)).sum::<f64>());
    step * step * rows.sum::<f64>()
}
