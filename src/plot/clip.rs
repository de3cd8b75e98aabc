//! What of a line lies in the window.

/// The parts of the polyline `points` that lie within `x` and `y` (Liang & Barsky 1984). A point that is not finite breaks
/// the line.
pub(super) fn polyline(points: &[[f64; 2]], x: [f64; 2], y: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    for pair in points.windows(2) {
        let Some([from, to]) = segment([pair[0], pair[1]], x, y) else { continue };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&from) => part.push(to),
            _ => parts.push(vec![from, to]),
        }
    }
    parts
}

/// The part of a segment that lies in the window.
pub(super) fn segment([a, b]: [[f64; 2]; 2], x: [f64; 2], y: [f64; 2]) -> Option<[[f64; 2]; 2]> {
    let along = [b[0] - a[0], b[1] - a[1]];
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (axis, [low, high]) in [x, y].into_iter().enumerate() {
        if !(a[axis].is_finite() && b[axis].is_finite()) || along[axis] == 0.0 && !(low..=high).contains(&a[axis]) {
            return None;
        }
        if along[axis] != 0.0 {
            let (s, t) = ((low - a[axis]) / along[axis], (high - a[axis]) / along[axis]);
            (enters, leaves) = (enters.max(s.min(t)), leaves.min(s.max(t)));
        }
    }
    // The ends themselves where they are inside, to the last bit, so that parts join.
    let at = |share: f64| [a[0] + share * along[0], a[1] + share * along[1]];
    let ends = [if enters > 0.0 { at(enters) } else { a }, if leaves < 1.0 { at(leaves) } else { b }];
    (enters <= leaves).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: [f64; 2] = [0.0, 1.0];

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let line = [[0.25, 0.5], [0.75, 0.5], [2.0, 0.5], [2.0, 0.75], [0.5, 0.75], [0.5, 0.0]];
        let parts = polyline(&line, UNIT, UNIT);
        assert_eq!(parts, [vec![[0.25, 0.5], [0.75, 0.5], [1.0, 0.5]], vec![[1.0, 0.75], [0.5, 0.75], [0.5, 0.0]]]);
    }

    #[test]
    fn a_segment_is_cut_at_the_window_or_is_not_there() {
        assert_eq!(segment([[-1.0, -1.0], [2.0, 2.0]], UNIT, UNIT), Some([[0.0, 0.0], [1.0, 1.0]]));
        for outside in [[[-1.0, 0.5], [-1.0, 0.7]], [[-0.5, 1.0], [0.5, 2.0]], [[0.5, f64::NAN], [0.5, 0.5]]] {
            assert_eq!(segment(outside, UNIT, UNIT), None);
        }
    }
}
