//! Systems stated as programs, and their values and derivatives by the parameters at a point.

use dini::model::{Kind, System};
use dini::program::{Function, Graph, Join, Trace, Var};
use dini::{Error, Model, Rows};

/// z0^2 = a0 and z1 = a1 exp(z0), node by node.
fn by_hand() -> Trace {
    let mut graph = Graph::new();
    let [z0, z1, a0, a1] = [0, 1, 2, 3].map(|k| graph.input(k));
    let square = graph.raise(z0, 2.0);
    let first = graph.join(Join::Subtract, square, a0);
    let exp = graph.call(Function::Exp, z0);
    let product = graph.join(Join::Multiply, a1, exp);
    let second = graph.join(Join::Subtract, z1, product);
    Trace { graph, outputs: vec![first, second] }
}

#[test]
fn a_program_is_solved_as_the_closure_that_would_be_traced_into_it() {
    let program = Model::program(Kind::Equation, by_hand()).parameters(&[2.0, 3.0]);
    let closure = Model::equation(|z, a| [z[0] * z[0] - a[0], z[1] - a[1] * z[0].exp()]).parameters(&[2.0, 3.0]);
    let (found, expected) = (program.solve(&[1.0, 1.0]).unwrap(), closure.solve(&[1.0, 1.0]).unwrap());
    assert_eq!(found.converged().unwrap(), expected.converged().unwrap());
    assert_eq!(found.jacobian().unwrap().as_slice(), expected.jacobian().unwrap().as_slice());
    assert_eq!(found.gradient(&[1.0, 2.0]).unwrap(), expected.gradient(&[1.0, 2.0]).unwrap());
    // whatever it states, and in either scalar
    let fixed = Model::program(Kind::FixedPoint, Trace::new(2, |x| 0.5 * (x[0] + x[1] / x[0])).unwrap());
    let root = fixed.single_precision().parameters(&[2f32]).solve(&[1.0]).unwrap();
    assert!((root.converged().unwrap()[0] - 2f32.sqrt()).abs() < 1e-5);
    let valley = Trace::new(3, |x| (x[0] - x[2]).powi(2) + (x[1] + x[0]).powi(2)).unwrap();
    let lowest = Model::program(Kind::Minimum, valley).parameters(&[0.5]).solve(&[0.0, 0.0]).unwrap();
    assert!((lowest.converged().unwrap()[1] + 0.5).abs() < 1e-6);
}

#[test]
fn names_and_mistakes_of_programs_are_said() {
    let model = || Model::program(Kind::Equation, by_hand()).unknown_names(["x", "y"]).parameter_names(["r", "s"]);
    let refused = |error: Error| error.to_string();
    let infinite = model().parameters(&[1.0, f64::INFINITY]).system(2).map(|_| ()).map_err(refused);
    assert!(infinite.as_ref().is_err_and(|message| message.contains("`s`")), "{infinite:?}");
    let few = model().parameter_names(["r"]).parameters(&[1.0]).system(2).map(|_| ()).map_err(refused);
    assert_eq!(few, Err("the inputs of the program: expected 3, unknowns and parameters, found input 3".to_owned()));
    let rows = model().parameters(&[1.0, 2.0, 3.0]).system(1).map(|_| ());
    assert!(matches!(rows, Err(Error::Shape { .. })), "{rows:?}");
    let Trace { outputs, .. } = by_hand();
    let foreign = Trace { graph: Graph::new(), outputs };
    let foreign = Model::program(Kind::Equation, foreign).parameters(&[1.0, 2.0]).system(2).map(|_| ());
    assert!(matches!(foreign, Err(Error::Trace { .. })), "{foreign:?}");
}

/// n equations that share a chain of p links, each with a parameter of its own.
fn chained(n: usize, p: usize) -> System<f64> {
    let g = move |z: &[Var], a: &[Var]| -> Vec<Var> {
        let last = a.iter().fold(Var::from(1.0), |link, a| (link * *a).sin() + *a);
        (0..n).map(|i| z[i] - last * (i as f64 + 1.0) * a[i % p]).collect()
    };
    let a: Vec<f64> = (0..p).map(|k| 0.2 + 0.6 * (k as f64).sin()).collect();
    Model::equation(g).find_pattern().parameters(&a).system(n).unwrap()
}

#[test]
fn derivatives_by_parameters_are_those_of_differences_however_many_of_them() {
    for (n, p) in [(3, 7), (7, 3), (5, 5)] {
        let system = chained(n, p);
        let z = Rows::new(1, n);
        let slopes = &system.parameter_jacobians(&z).unwrap()[0];
        assert_eq!((slopes.samples(), slopes.width()), (n, p));
        for k in 0..p {
            let at = |h: f64| {
                let mut a = system.parameters().clone();
                a.row_mut(0)[k] += h;
                system.with_parameters(a).unwrap().values(&z).unwrap()
            };
            let (ahead, behind) = (at(1e-6), at(-1e-6));
            for i in 0..n {
                let difference = (ahead.row(0)[i] - behind.row(0)[i]) / 2e-6;
                assert!((slopes.row(i)[k] - difference).abs() < 1e-8, "{n} {p}: {i} {k}");
            }
        }
    }
}

#[test]
fn every_sample_has_derivatives_by_its_own_parameters() {
    let parameters = Rows::from_vec(3, 2, vec![0.3, 1.0, -2.0, 0.5, 4.0, 0.0]).unwrap();
    let model = Model::equation(|z, a| [z[0] * a[0] - a[1], z[1] + a[0] * a[1], z[2] * a[0]]);
    let system = model.samples(parameters.clone()).system(3).unwrap();
    let z = Rows::from_vec(3, 3, (0..9).map(f64::from).collect()).unwrap();
    let (g, slopes) = (system.values(&z).unwrap(), system.parameter_jacobians(&z).unwrap());
    for (s, slopes) in slopes.iter().enumerate() {
        let (a, z) = (parameters.row(s), z.row(s));
        assert_eq!(g.row(s), [z[0] * a[0] - a[1], z[1] + a[0] * a[1], z[2] * a[0]]);
        assert_eq!(slopes.as_slice(), [z[0], -1.0, a[1], a[0], z[2], 0.0]);
    }
}

#[test]
fn an_infinite_slope_is_told_from_those_by_other_parameters() {
    // more equations than parameters
    let g = |z: &[Var], a: &[Var]| [z[0] - a[0] - a[1].cbrt(), z[1] - a[0] * z[0], z[2] - a[0]];
    let system = Model::equation(g).parameters(&[2.0, 0.0]).system(3).unwrap();
    let slopes = &system.parameter_jacobians(&Rows::from_vec(1, 3, vec![2.0, 4.0, 2.0]).unwrap()).unwrap()[0];
    assert_eq!([0, 1, 2].map(|i| slopes.row(i)[0]), [-1.0, -2.0, -1.0]);
    assert_eq!(slopes.row(0)[1], f64::NEG_INFINITY);
}
