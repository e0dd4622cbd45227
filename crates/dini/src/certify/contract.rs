//! Making a box smaller by the equations themselves, forwards and backwards through their operations.
//!
//! Every operation y = a + b, y = e^a, ... says of its operands what it says of its value: a lies in y - b, and in ln y. Beginning with
//! g = 0 that leaves of the box what may hold a root.
//!
//! Source: F. Benhamou, F. Goualard, L. Granvilliers and J.-F. Puget (1999), Revising hull and box consistency, Proc. ICLP,
//! doi:10.7551/mitpress/4304.003.0024.

use super::programs::Programs;
use crate::interval::Interval;
use crate::program::{Graph, Id, Step, Tape};

/// The operations of g, in order.
pub(super) struct Contractor {
    tape: Tape,
}

/// Whether a box may hold a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    Something,
}

impl Contractor {
    pub fn new(programs: &Programs) -> Self {
        let (graph, outputs): (&Graph, &[Id]) = programs.graph();
        Contractor { tape: Tape::new(graph, outputs) }
    }

    /// Leaves of `z` what may hold roots, for some parameters in `a`.
    pub fn contract(
        &self,
        z: &mut [Interval],
        a: &[Interval],
        values: &mut Vec<Interval>,
        needed: &mut Vec<bool>,
    ) -> Left {
        self.tape.enclose(&[z, a], values);
        needed.clear();
        needed.resize(values.len(), false);
        for output in self.tape.outputs() {
            needed[*output] = true;
            if !narrow(&mut values[*output], Interval::point(0.0)) {
                return Left::Nothing;
            }
        }
        for place in (0..values.len()).rev() {
            if needed[place] && !self.back(place, values, needed) {
                return Left::Nothing;
            }
        }
        for (place, step) in self.tape.steps().iter().enumerate() {
            if let Step::Input(index) = step
                && let Some(z) = z.get_mut(*index)
                && needed[place]
            {
                let left = z.intersection(values[place]);
                if left.is_empty() {
                    return Left::Nothing;
                }
                *z = left;
            }
        }
        Left::Something
    }

    /// What the value of `place` says of its operands; false where there is none left.
    fn back(&self, place: usize, values: &mut [Interval], needed: &mut [bool]) -> bool {
        let y = values[place];
        let said: [Option<(usize, Interval)>; 2] = match self.tape.steps()[place] {
            Step::Input(_) | Step::Constant => [None, None],
            Step::Negate(a) => [Some((a, -y)), None],
            Step::Unary(function, a) => [Some((a, function.preimage(y, values[a]))), None],
            Step::Raise(n, a) => [Some((a, y.unraised(n))), None],
            Step::Join(join, a, b) => {
                let (left, right) = join.preimage(y, values[a], values[b], a == b);
                [left.map(|x| (a, x)), right.map(|x| (b, x))]
            }
            // of the branch that is not taken nothing is said, nor need it be defined
            Step::Select(truth, yes, no) => match (values[truth].lo(), values[truth].hi()) {
                (1.0, 1.0) => [Some((yes, y)), None],
                (0.0, 0.0) => [Some((no, y)), None],
                // a branch that can't have the value is not the one that is taken at a root
                _ if y.intersection(values[no]).is_empty() => [Some((yes, y)), None],
                _ if y.intersection(values[yes]).is_empty() => [Some((no, y)), None],
                _ => [None, None],
            },
        };
        said.into_iter().flatten().all(|(operand, x)| {
            needed[operand] = true;
            narrow(&mut values[operand], x)
        })
    }
}

/// Leaves of `known` what is in `x`; false where that is nothing.
fn narrow(known: &mut Interval, x: Interval) -> bool {
    let left = known.intersection(x);
    let some = !left.is_empty();
    if some {
        *known = left;
    }
    some
}
