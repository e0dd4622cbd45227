//! How far a step that was not accepted is shortened.

/// How a line search shortens a step that does not reduce the residual enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Shortening {
    /// Half the step.
    #[default]
    Halving,
    /// To the minimum of a polynomial through the values of ||g(z - t dz)||^2 seen so far, within 0.1 to 0.5 of the step.
    ///
    /// Where dz solves J dz = g the slope at t = 0 is known, -2 ||g||^2: the polynomial is quadratic at first, then cubic.
    /// For other directions it is the parabola through the last two trials, after a first halving. A trial that is not
    /// finite says nothing about the shape: the step is halved.
    ///
    /// Source: J. E. Dennis and R. B. Schnabel (1996), doi:10.1137/1.9781611971200, algorithm A6.3.1; without slope: C. T.
    /// Kelley (1995), doi:10.1137/1.9781611970944, section 8.3.
    Interpolation,
}

/// A step length tried, and ||g(z - t dz)||^2 / ||g(z)||^2 there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trial {
    pub t: f64,
    pub value: f64,
}

/// Share of the last step that the next one has at least and at most.
const RANGE: (f64, f64) = (0.1, 0.5);

impl Shortening {
    /// The step length after `last` was not accepted; `before` is the trial before it, `newton` says that dz solves
    /// J dz = g.
    pub(super) fn shorten(self, newton: bool, last: Trial, before: Option<Trial>) -> f64 {
        let half = RANGE.1 * last.t;
        let before = before.filter(|b| b.value.is_finite());
        let minimum = match (self, newton, before) {
            (Shortening::Halving, ..) | (Shortening::Interpolation, false, None) => None,
            (Shortening::Interpolation, true, None) => minimum_of_quadratic(last),
            (Shortening::Interpolation, true, Some(before)) => minimum_of_cubic(last, before),
            (Shortening::Interpolation, false, Some(before)) => minimum_of_parabola(last, before),
        };
        // an infinite value would put the minimum at 0
        match minimum {
            Some(t) if t.is_finite() && last.value.is_finite() => t.clamp(RANGE.0 * last.t, half),
            _ => half,
        }
    }
}

/// Minimum of 1 - 2 t + c t^2 through `last`.
fn minimum_of_quadratic(last: Trial) -> Option<f64> {
    let c = (last.value - 1.0 + 2.0 * last.t) / (last.t * last.t);
    (c > 0.0).then(|| 1.0 / c)
}

/// Local minimum of 1 - 2 t + b t^2 + a t^3 through both trials.
fn minimum_of_cubic(last: Trial, before: Trial) -> Option<f64> {
    let rest = |p: Trial| (p.value - 1.0 + 2.0 * p.t) / (p.t * p.t);
    let a = (rest(last) - rest(before)) / (last.t - before.t);
    let b = rest(last) - a * last.t;
    let discriminant = b * b + 6.0 * a;
    // 2 / (b + sqrt(b^2 + 6 a)) is the root of 3 a t^2 + 2 b t - 2 that is the minimum, without cancellation for b > 0
    (discriminant >= 0.0).then(|| 2.0 / (b + discriminant.sqrt())).filter(|t| *t > 0.0 && t.is_finite())
}

/// Minimum of the parabola through 1 at t = 0 and both trials.
fn minimum_of_parabola(last: Trial, before: Trial) -> Option<f64> {
    let slope = |p: Trial| (p.value - 1.0) / p.t;
    let curvature = (slope(last) - slope(before)) / (last.t - before.t);
    let at_zero = slope(last) - curvature * last.t;
    (curvature > 0.0 && at_zero < 0.0).then(|| -0.5 * at_zero / curvature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(f: impl Fn(f64) -> f64, t: f64) -> Trial {
        Trial { t, value: f(t) }
    }

    #[test]
    fn polynomials_find_the_minimum_of_their_own_kind() {
        let quadratic = |t: f64| 1.0 - 2.0 * t + 3.0 * t * t;
        assert!((minimum_of_quadratic(on(quadratic, 1.0)).unwrap() - 1.0 / 3.0).abs() < 1e-15);
        // slope -2 + 2 t + 9 t^2 = 0
        let cubic = |t: f64| 1.0 - 2.0 * t + t * t + 3.0 * t * t * t;
        let minimum = (-1.0 + 19f64.sqrt()) / 9.0;
        assert!((minimum_of_cubic(on(cubic, 0.5), on(cubic, 1.0)).unwrap() - minimum).abs() < 1e-14);
        // a cubic without a cubic term, and one that bends down far out
        assert!((minimum_of_cubic(on(quadratic, 0.5), on(quadratic, 1.0)).unwrap() - 1.0 / 3.0).abs() < 1e-14);
        let bent = |t: f64| 1.0 - 2.0 * t + 8.0 * t * t - 4.0 * t * t * t;
        let minimum = (8.0 - 40f64.sqrt()) / 12.0;
        assert!((minimum_of_cubic(on(bent, 0.5), on(bent, 1.0)).unwrap() - minimum).abs() < 1e-14);
        let parabola = |t: f64| 1.0 - t + 5.0 * t * t;
        assert!((minimum_of_parabola(on(parabola, 0.5), on(parabola, 1.0)).unwrap() - 0.1).abs() < 1e-15);
    }

    #[test]
    fn polynomials_without_a_minimum_say_so() {
        let falling = |t: f64| 1.0 - 2.0 * t - t * t;
        assert_eq!(minimum_of_quadratic(on(falling, 1.0)), None);
        assert_eq!(minimum_of_cubic(on(falling, 0.5), on(falling, 1.0)), None);
        let rising = |t: f64| 1.0 + t + t * t;
        assert_eq!(minimum_of_parabola(on(rising, 0.5), on(rising, 1.0)), None);
    }

    #[test]
    fn steps_stay_within_a_tenth_and_a_half() {
        let t = 0.25;
        for value in [0.0, 1.0, 1.5, 4.0, 1e10, 1e300, f64::INFINITY, f64::NAN] {
            for before in [None, Some(1.0), Some(1e6), Some(f64::INFINITY), Some(f64::NAN)] {
                let before = before.map(|value| Trial { t: 0.5, value });
                for newton in [true, false] {
                    let next = Shortening::Interpolation.shorten(newton, Trial { t, value }, before);
                    assert!((0.1 * t..=0.5 * t).contains(&next), "{value} {before:?} {newton}: {next}");
                    assert!(value.is_finite() || next == 0.5 * t);
                    assert_eq!(Shortening::Halving.shorten(newton, Trial { t, value }, before), 0.5 * t);
                }
            }
        }
        let far = Shortening::Interpolation.shorten(true, Trial { t: 1.0, value: 1e4 }, None);
        assert_eq!(far, 0.1);
        let near = Shortening::Interpolation.shorten(true, Trial { t: 1.0, value: 2.0 }, None);
        assert!((near - 1.0 / 3.0).abs() < 1e-15);
    }
}
