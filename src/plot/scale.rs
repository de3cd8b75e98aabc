//! How an axis maps values to pixels.

use super::draw::number;
use super::figure::Axis;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// Evenly, or so that equal ratios are equal distances.
#[derive(Clone)]
pub(super) struct Scale {
    axis: Axis,
    ends: RangedCoordf64,
}

impl Scale {
    pub(super) fn of(axis: &Axis) -> Self {
        let [low, high] = axis.range.map(|value| if axis.logarithmic { libm::log10(value) } else { value });
        Self { axis: axis.clone(), ends: RangedCoordf64::from(low..high) }
    }

    /// The axis as if it were not logarithmic.
    fn even(&self) -> RangedCoordf64 {
        RangedCoordf64::from(self.range())
    }

    /// 1, 2 and 5 times the powers of ten within the axis, where there are two at least: from one number none other can be told.
    fn decades(&self) -> Option<Vec<f64>> {
        let [low, high] = self.axis.range;
        let powers = libm::log10(low).floor() as i32..=libm::log10(high).ceil() as i32;
        let values = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * libm::pow(10.0, f64::from(power))));
        let values: Vec<f64> = values.filter(|value| (low..=high).contains(value)).collect();
        (values.len() > 1).then_some(values)
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        if self.axis.logarithmic { self.ends.map(&libm::log10(*value), limit) } else { self.ends.map(value, limit) }
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match self.axis.logarithmic {
            true => self.decades().unwrap_or_else(|| self.even().key_points(hint)),
            false => self.ends.key_points(hint),
        }
    }

    fn range(&self) -> Range<f64> {
        self.axis.range[0]..self.axis.range[1]
    }
}

impl ValueFormatter<f64> for Scale {
    fn format(value: &f64) -> String {
        number(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_has_equal_ratios_at_equal_distances() {
        let scale = Scale::of(&Axis::new([1.0, 100.0]).logarithmic());
        assert_eq!([1.0, 10.0, 100.0].map(|value| scale.map(&value, (0, 200))), [0, 100, 200]);
        assert_eq!(scale.key_points(7), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
    }

    #[test]
    fn a_logarithmic_axis_too_short_for_decades_has_even_ticks() {
        for range in [[2.1, 4.9], [3.0, 6.0], [0.021, 0.03]] {
            let ticks = Scale::of(&Axis::new(range).logarithmic()).key_points(7);
            assert!(ticks.len() > 2 && ticks.iter().all(|tick| (range[0]..=range[1]).contains(tick)), "{ticks:?}");
            assert!(ticks.is_sorted(), "{ticks:?}");
        }
    }
}
