//! Ranges, ticks and tick labels of a chart's axes.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// How the vertical axis is laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// From zero to the largest value.
    FromZero,
    /// Around the values, but never above this.
    UpTo(f64),
    /// Whole powers of ten around the values.
    Log,
}

/// A range with the places of its grid lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    ticks: Vec<f64>,
    step: f64,
    log: bool,
}

/// Grid lines an axis may have at most; the step aims at about six.
const MOST_TICKS: i64 = 12;

impl Axis {
    /// A horizontal axis over whole numbers, such as epochs.
    pub(super) fn counting(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values);
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        Self::with_step(low, high, nice_step(low, high).max(1.0), false)
    }

    /// A vertical axis. For [`Scale::Log`] the values are exponents of ten already.
    pub(super) fn measuring(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let (low, high) = extent(values);
        match scale {
            Scale::FromZero => {
                let (low, high) = (low.min(0.0), high.max(0.0));
                let high = if high > low { high } else { low + 1.0 };
                Self::snapped(low, high, f64::INFINITY)
            }
            Scale::UpTo(most) => {
                // Values that are all but equal would leave no room between grid lines.
                let margin = (1e-6 * high.abs().max(1.0)).max(0.05 * (high - low));
                let margin = if high - low > margin { margin } else { 1.0 };
                Self::snapped(low - margin, (high + margin).min(most), most)
            }
            Scale::Log => {
                let (low, high) = (low.floor(), high.ceil());
                let high = if high > low { high } else { low + 1.0 };
                Self::with_step(low, high, nice_step(low, high).max(1.0), true)
            }
        }
    }

    /// Widens the range to whole steps, as far as `most` allows.
    fn snapped(low: f64, high: f64, most: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = nice_step(low, high);
        let low = (low / step).floor() * step;
        let high = ((high / step).ceil() * step).min(most.max(high));
        Self::with_step(low, high, step, false)
    }

    fn with_step(low: f64, high: f64, step: f64, log: bool) -> Self {
        // A little slack keeps a tick that rounding has pushed just past an end.
        let first = (low / step - 1e-6).ceil();
        let count = (high / step + 1e-6).floor() - first;
        let ticks = (0..=(count as i64).clamp(0, MOST_TICKS)).map(|i| (first + i as f64) * step).collect();
        Self { low, high, ticks, step, log }
    }

    /// The text beside a grid line.
    fn label(&self, value: f64) -> String {
        if self.log {
            return format!("10{}", superscript(value.round() as i64));
        }
        if value == 0.0 {
            return "0".to_owned();
        }
        if value.abs() >= 1e6 || self.step < 1e-5 {
            return format!("{value:.1e}");
        }
        let decimals = (-self.step.log10().floor()).clamp(0.0, 5.0) as usize;
        format!("{value:.decimals$}")
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        // The cast saturates.
        (f64::from(from) + share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Asked for lighter lines in between as well, there are none.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

/// The smallest and the largest value, or zero to one if there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .map(|value| (value, value))
        .reduce(|(low, high), (value, _)| (low.min(value), high.max(value)))
        .unwrap_or((0.0, 1.0))
}

/// One, two or five times a power of ten, about a sixth of the range.
fn nice_step(low: f64, high: f64) -> f64 {
    // Dividing first keeps a range of huge values finite.
    let rough = (high / 6.0 - low / 6.0).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor()).max(f64::MIN_POSITIVE);
    [1.0, 2.0, 5.0].map(|factor| factor * power).into_iter().find(|&step| step >= rough).unwrap_or(10.0 * power)
}

fn superscript(exponent: i64) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn counting_uses_whole_numbers() {
        let axis = Axis::counting([1.0, 2.0, 3.0].into_iter());
        assert_eq!(labels(&axis), ["1", "2", "3"]);
        let axis = Axis::counting([4.0].into_iter());
        assert_eq!(labels(&axis), ["4"]);
        let axis = Axis::counting((0..=500).map(f64::from));
        assert_eq!(labels(&axis), ["0", "100", "200", "300", "400", "500"]);
    }

    #[test]
    fn measuring_covers_the_values() {
        let axis = Axis::measuring([0.31, 2.21].into_iter(), Scale::FromZero);
        assert_eq!(labels(&axis), ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        let axis = Axis::measuring([91.2, 98.9].into_iter(), Scale::UpTo(100.0));
        assert!(axis.low <= 91.2 && axis.high >= 98.9 && axis.high <= 100.0);
        let axis = Axis::measuring([-5.3, 0.0].into_iter(), Scale::Log);
        assert_eq!(labels(&axis)[0], "10⁻⁶");
        assert_eq!((axis.low, axis.high), (-6.0, 0.0));
    }

    #[test]
    fn odd_ranges_stay_finite_and_open() {
        let odd: [&[f64]; 9] = [
            &[],
            &[0.0],
            &[-3.0],
            &[100.0],
            &[1e299, -1e299],
            &[5e-324],
            &[1e9, 1e9 + 1e-7],
            &[0.1, 0.1 + 1e-17],
            &[-323.0, 308.0],
        ];
        for values in odd {
            for scale in [Scale::FromZero, Scale::UpTo(100.0), Scale::Log] {
                let axis = Axis::measuring(values.iter().copied(), scale);
                assert!(axis.low < axis.high, "{values:?} {scale:?} {axis:?}");
                assert!((axis.high - axis.low).is_finite());
                assert!(axis.ticks.len() <= 13 && axis.ticks.iter().all(|t| t.is_finite()));
                labels(&axis);
            }
            let axis = Axis::counting(values.iter().copied());
            assert!(axis.low <= axis.high, "{values:?} {axis:?}");
        }
    }
}
