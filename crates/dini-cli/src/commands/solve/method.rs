//! The solvers by name.

use dini::solve::{AnySolver, LineSearch};
use dini::{Newton, Picard};

use super::model::Form;

/// A solver of the library under a name.
pub(super) struct Method {
    pub name: &'static str,
    /// How the solver wants its equations.
    pub form: Form,
    pub solver: fn() -> AnySolver,
}

macro_rules! methods {
    ($($name:literal $form:ident $solver:ident;)*) => {
        &[$(Method { name: $name, form: Form::$form, solver: || AnySolver::$solver(Default::default()) },)*]
    };
}

/// All solvers that go on from a start; one line each.
pub(super) const METHODS: &[Method] = methods! {
    "newton" Equation Newton;
    "chord" Equation Chord;
    "newton-krylov" Equation NewtonKrylov;
    "dogleg" Equation Dogleg;
    "levenberg-marquardt" Equation LevenbergMarquardt;
    "pseudo-transient" FixedPoint PseudoTransient;
    "broyden" FixedPoint Broyden;
    "picard" FixedPoint Picard;
    "anderson" FixedPoint Anderson;
};

/// Name of the method for a bracket, which has no start.
pub(super) const BRACKETING: &str = "bracketing";
/// What auto is built on.
pub(super) const NEWTON: &Method = &METHODS[0];
/// For starts at which Newton's method fails.
pub(super) const VARIANTS: &[Method] = &[
    Method {
        name: "levenberg-marquardt",
        form: Form::Equation,
        solver: || AnySolver::LevenbergMarquardt(Default::default()),
    },
    Method { name: "dogleg", form: Form::Equation, solver: || AnySolver::Dogleg(Default::default()) },
    Method { name: "newton, full steps", form: Form::Equation, solver: full_steps },
    Method { name: "anderson", form: Form::FixedPoint, solver: || AnySolver::Anderson(Default::default()) },
    Method {
        name: "picard, half steps",
        form: Form::FixedPoint,
        solver: || AnySolver::Picard(Picard { damping: 0.5 }),
    },
];

fn full_steps() -> AnySolver {
    AnySolver::Newton(Newton { line_search: LineSearch { halvings: 0, ..LineSearch::default() } })
}

/// What `--solver` accepts.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ["auto", BRACKETING].into_iter().chain(METHODS.iter().map(|method| method.name))
}

impl Method {
    pub fn named(name: &str) -> Option<&'static Method> {
        METHODS.iter().find(|method| method.name == name)
    }
}
