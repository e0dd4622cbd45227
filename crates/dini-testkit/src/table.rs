//! The table of problems.

use dini::Rows;
use dini::program::Equation;

use crate::any::Stated;
use crate::case::{Case, Root, Set, Tangent};
use crate::equations::*;
use crate::reference::{self, rows_of};

/// Every case: [`library`], [`larger`], [`degenerate`], [`rootless`].
pub fn cases() -> Vec<Case> {
    [library(), larger(), degenerate(), rootless()].into_iter().flatten().collect()
}

/// A case of one sample without roots yet.
fn case<E>(set: Set, name: &'static str, equation: E, a: &[f64], starts: &[&[f64]]) -> Case
where
    E: Equation + Clone + Send + Sync + 'static,
{
    let problem = Box::new(Stated::new(equation, rows_of(&[a])));
    Case { name, set, problem, starts: starts.iter().map(|s| rows_of(&[s])).collect(), roots: Vec::new() }
}

/// With the roots recorded under its name.
fn recorded(case: Case) -> Case {
    Case { roots: reference::roots(case.name), ..case }
}

/// With roots whose Jacobian is singular.
fn singular(case: Case, roots: &[&[f64]]) -> Case {
    let root = |z: &&[f64]| Root { z: rows_of(&[z]), tangents: Vec::new(), regular: false };
    Case { roots: case.roots.into_iter().chain(roots.iter().map(root)).collect(), ..case }
}

/// n values f(i), i from 1.
fn vector(n: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    (1..=n).map(|i| f(i as f64)).collect()
}

/// The start of the discretised boundary-value problems: t (t - 1).
fn parabola(n: usize) -> Vec<f64> {
    let h = 1.0 / (n + 1) as f64;
    vector(n, |i| i * h * (i * h - 1.0))
}

/// The 23 problems of the library in its order, at its sizes and starts; where MGH starts elsewhere, that start follows.
pub fn library() -> Vec<Case> {
    let set = Set::Library;
    let mut rosenbrock = vec![1.0; 10];
    rosenbrock[0] = -1.2;
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let powell_singular = case(set, "powell-singular", PowellSingular, &[10.0], &[&[3.0, -1.0, 0.0, 1.0]]);
    let powell = case(set, "powell-badly-scaled", PowellBadlyScaled, &[1.0001], &[&[0.0, 1.0]]);
    let wood = case(set, "wood", Wood, &[1.0], &[&[-3.0, -1.0, -3.0, -1.0]]);
    let helical = Case {
        roots: vec![Root {
            z: rows_of(&[&[1.0, 0.0, 0.0]]),
            tangents: vec![Tangent { da: rows_of(&[&[1.0]]), dz: rows_of(&[&[1.0, 0.0, 0.0]]) }],
            regular: true,
        }],
        ..case(set, "helical-valley", HelicalValley, &[1.0], &[&[-1.0, 0.0, 0.0]])
    };
    let third = 1.0 / 3.0;
    let chebyquad = case(set, "chebyquad", Chebyquad { n: 2 }, &[1.0], &[&[0.0, 2.0 / 3.0], &[-third, third]]);
    let sample_18 = case(set, "sample-18", Sample18, &[1.0], &[&[2.0, 2.0]]);
    let sample_19 = case(set, "sample-19", Sample19, &[1.0], &[&[3.0, 3.0]]);
    let cubic = case(set, "scalar-cubic", ScalarCubic, &[0.0], &[&[1.0]]);
    let chandrasekhar = Chandrasekhar { n: 10, nodes: Nodes::RightEnds };
    let (ten, minus) = ([1.0; 10], [-1.0; 10]);
    let start = parabola(10);
    vec![
        recorded(case(set, "rosenbrock", Rosenbrock { n: 10 }, &[1.0], &[&rosenbrock])),
        singular(powell_singular, &[&[0.0; 4]]),
        recorded(powell),
        recorded(wood),
        helical,
        recorded(case(set, "watson", WatsonLibrary { n: 2 }, &[1.0], &[&[0.0, 0.0]])),
        recorded(chebyquad),
        recorded(case(set, "brown-almost-linear", BrownAlmostLinear { n: 10 }, &[1.0], &[&[0.5; 10]])),
        recorded(case(set, "discrete-boundary-value", DiscreteBoundaryValue { n: 10 }, &[1.0], &[&start])),
        recorded(case(set, "discrete-integral-equation", DiscreteIntegral { n: 10, library: true }, &[1.0], &[&start])),
        recorded(case(set, "trigonometric", Trigonometric { n: 10 }, &[0.0], &[&[0.1; 10]])),
        recorded(case(
            set,
            "variably-dimensioned",
            VariablyDimensioned { n: 10 },
            &[1.0],
            &[&vector(10, |i| 1.0 - i / 10.0)],
        )),
        recorded(case(set, "broyden-tridiagonal", BroydenTridiagonal { n: 10 }, &[1.0], &[&minus])),
        recorded(case(set, "broyden-banded", BroydenBanded { n: 10 }, &[1.0], &[&minus])),
        recorded(case(set, "hammarling-2", MatrixRoot { m: 2 }, &[1.0], &[&[1.0, 0.0, 0.0, 1.0]])),
        recorded(case(set, "hammarling-3", MatrixRoot { m: 3 }, &[1.0], &[&identity])),
        recorded(case(set, "dennis-schnabel", DennisSchnabel, &[3.0], &[&[1.0, 5.0]])),
        singular(sample_18, &[&[0.0, 0.0], &[0.0, 2.0], &[2.0, 0.0]]),
        singular(sample_19, &[&[0.0, 0.0]]),
        singular(recorded(cubic), &[&[5.0]]),
        recorded(case(set, "freudenstein-roth", FreudensteinRoth, &[13.0], &[&[0.5, -2.0]])),
        recorded(case(set, "boggs", Boggs, &[1.0], &[&[1.0, 0.0]])),
        recorded(case(set, "chandrasekhar", chandrasekhar, &[0.9], &[&ten])),
    ]
}

/// Larger instances, problems with several branches, a batch, and a fixed point that repels.
pub fn larger() -> Vec<Case> {
    let set = Set::Larger;
    let start = parabola(50);
    let minus = [-1.0; 50];
    let transport = Chandrasekhar { n: 100, nodes: Nodes::Midpoints };
    let integral = DiscreteIntegral { n: 50, library: false };
    let bump = vector(50, |i| 16.0 * (i / 51.0) * (1.0 - i / 51.0));
    let skew = SkewTanh { n: 8 };
    let orbits: [&[f64]; 4] = [&[0.1, 1.0], &[0.6, 2.0], &[0.9, 0.3], &[0.99, 0.05]];
    let kepler = Case {
        name: "kepler",
        set,
        problem: Box::new(Stated::new(Kepler, rows_of(&orbits))),
        starts: vec![Rows::from_vec(4, 1, vec![1.0, 2.0, 0.3, 0.05]).expect("one number a sample")],
        roots: vec![reference::batch("kepler")],
    };
    vec![
        recorded(case(set, "watson-6", Watson { n: 6 }, &[1.0], &[&[0.0; 6]])),
        recorded(case(set, "chandrasekhar-100", transport, &[0.9], &[&[1.0; 100]])),
        recorded(case(set, "discrete-boundary-value-50", DiscreteBoundaryValue { n: 50 }, &[1.0], &[&start])),
        recorded(case(set, "discrete-integral-equation-50", integral, &[1.0], &[&start])),
        recorded(case(set, "broyden-tridiagonal-50", BroydenTridiagonal { n: 50 }, &[1.0], &[&minus])),
        recorded(case(set, "broyden-banded-50", BroydenBanded { n: 50 }, &[1.0], &[&minus])),
        recorded(case(set, "bratu-50", Bratu { n: 50 }, &[1.0], &[&[0.0; 50], &bump])),
        recorded(case(set, "skew-tanh", skew, &skew.inputs(), &[&[0.0; 8]])),
        kepler,
    ]
}

/// Problems whose roots are singular: multiple, touching, or not isolated.
pub fn degenerate() -> Vec<Case> {
    let set = Set::Degenerate;
    vec![
        singular(case(set, "square", Square, &[0.0], &[&[0.7]]), &[&[0.0]]),
        singular(case(set, "cube", Cube, &[0.0], &[&[0.7]]), &[&[0.0]]),
        singular(case(set, "squared-difference", SquaredDifference, &[0.0], &[&[3.0, 0.0]]), &[&[1.0, 1.0]]),
        singular(case(set, "tangent-line", TangentLine, &[1.0], &[&[0.5, 0.5]]), &[&[0.0, 1.0]]),
        singular(case(set, "circle-twice", CircleTwice, &[1.0], &[&[2.0, 1.0]]), &[&[1.0, 0.0], &[0.6, 0.8]]),
    ]
}

/// Problems without a root.
pub fn rootless() -> Vec<Case> {
    let (none, vanishing) = (Set::Rootless, Set::Vanishing);
    vec![
        case(none, "square-above", SquareAbove, &[1.0], &[&[0.7]]),
        case(none, "exponential-above", ExponentialAbove, &[1.0], &[&[0.0]]),
        case(none, "root-above", RootAbove, &[1.0], &[&[2.0]]),
        case(none, "parallel-lines", ParallelLines, &[1.0], &[&[0.3, 0.4]]),
        case(none, "bratu-above-the-fold", Bratu { n: 20 }, &[4.0], &[&[0.0; 20]]),
        case(vanishing, "exponential", Exponential, &[1.0], &[&[0.0]]),
        case(vanishing, "reciprocal", Reciprocal, &[1.0], &[&[1.0]]),
    ]
}
