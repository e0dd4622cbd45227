//! What operands an operation must have had for its value to lie in an interval.

use super::function::Function;
use super::node::Join;
use crate::interval::Interval;

impl Function {
    /// All x of `among` with f(x) in `y`, or more.
    pub(crate) fn preimage(self, y: Interval, among: Interval) -> Interval {
        let one = Interval::point(1.0);
        let x = match self {
            Self::Sin => among.with_sine(y),
            Self::Cos => among.with_cosine(y),
            Self::Tan => among.with_tangent(y),
            Self::Exp => y.ln(),
            Self::Ln => y.exp(),
            Self::Log10 => (y * Interval::point(10.0).ln()).exp(),
            Self::Log2 => (y * Interval::point(2.0).ln()).exp(),
            Self::Ln1p => y.expm1(),
            Self::Expm1 => y.ln_1p(),
            Self::Sqrt => y.intersection(Interval::new(0.0, f64::INFINITY)).square(),
            Self::Cbrt => y.raise(3.0, 0.0),
            Self::Sinh => y.asinh(),
            Self::Asinh => y.sinh(),
            Self::Tanh => y.atanh(),
            Self::Atanh => y.tanh(),
            Self::Cosh => {
                let size = y.acosh();
                size.hull(-size)
            }
            Self::Acosh => y.intersection(Interval::new(0.0, f64::INFINITY)).cosh(),
            Self::Abs => {
                let size = y.intersection(Interval::new(0.0, f64::INFINITY));
                size.hull(-size)
            }
            Self::Sigmoid => {
                let inside = y.intersection(Interval::new(0.0, 1.0));
                // ln y - ln(1 - y)
                inside.ln() - (one - inside).ln()
            }
            Self::LambertW => y * y.exp(),
            _ => Interval::WHOLE,
        };
        x.numbers()
    }
}

impl Join {
    /// All a, and all b, with a joined to b in `y`, or more; none where nothing is said of one.
    pub(crate) fn preimage(
        self,
        y: Interval,
        a: Interval,
        b: Interval,
        same: bool,
    ) -> (Option<Interval>, Option<Interval>) {
        let known = |x: Interval| Some(x.numbers());
        match self {
            Self::Add => (known(y - b), known(y - a)),
            Self::Subtract => (known(y + b), known(a - y)),
            Self::Multiply if same => (known(y.unraised(2.0)), None),
            Self::Multiply => (known(y.divided_out(b)), known(y.divided_out(a))),
            Self::Divide => (known(y * b), known(a.divided_out(y))),
            Self::Max => {
                let below = Interval::new(f64::NEG_INFINITY, y.hi());
                (known(below), known(below))
            }
            Self::Min => {
                let above = Interval::new(y.lo(), f64::INFINITY);
                (known(above), known(above))
            }
            _ => (None, None),
        }
    }
}
