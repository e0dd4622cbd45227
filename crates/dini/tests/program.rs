//! Traced functions: values, derivatives of both modes and orders, patterns, lanes.

use dini::program::{Code, Function, Graph, Id, Join, Trace, Var, dot, select};

/// Every function of one argument, with points inside its domain.
const FUNCTIONS: &[(Function, [f64; 3])] = &[
    (Function::Exp, [-1.3, 0.0, 2.1]),
    (Function::Expm1, [-1.3, 1e-3, 2.1]),
    (Function::Ln, [0.3, 1.0, 7.0]),
    (Function::Ln1p, [-0.3, 1e-3, 7.0]),
    (Function::Log10, [0.3, 1.0, 7.0]),
    (Function::Log2, [0.3, 1.0, 7.0]),
    (Function::Sin, [-1.3, 0.0, 2.1]),
    (Function::Cos, [-1.3, 0.1, 2.1]),
    (Function::Tan, [-1.3, 0.1, 0.7]),
    (Function::Asin, [-0.9, 0.1, 0.7]),
    (Function::Acos, [-0.9, 0.1, 0.7]),
    (Function::Atan, [-2.9, 0.1, 0.7]),
    (Function::Sinh, [-2.9, 0.1, 0.7]),
    (Function::Cosh, [-2.9, 0.1, 0.7]),
    (Function::Tanh, [-2.9, 0.1, 0.7]),
    (Function::Asinh, [-2.9, 0.1, 0.7]),
    (Function::Acosh, [1.2, 2.5, 9.0]),
    (Function::Atanh, [-0.9, 0.1, 0.7]),
    (Function::Sqrt, [0.2, 2.5, 9.0]),
    (Function::Cbrt, [-0.2, 2.5, 9.0]),
    (Function::Abs, [-0.2, 2.5, 9.0]),
    (Function::Sigmoid, [-3.2, 0.1, 2.5]),
    (Function::Erf, [-1.2, 0.1, 1.5]),
    (Function::Erfc, [-1.2, 0.1, 1.5]),
    (Function::NormCdf, [-1.2, 0.1, 1.5]),
    (Function::Gamma, [-1.4, 0.6, 3.5]),
    (Function::LnGamma, [-1.4, 0.6, 3.5]),
    (Function::LambertW, [-0.34, 0.6, 3.5]),
    (Function::LambertAbove, [-0.34, 0.6, 3.5]),
    (Function::LambertSlope, [-0.32, 0.6, 3.5]),
    (Function::J0, [-1.4, 0.1, 3.5]),
    (Function::J1, [-1.4, 0.1, 3.5]),
    (Function::Bessel(2), [-1.4, 0.5, 3.5]),
    (Function::J1Over, [-1.4, 0.0, 3.5]),
    (Function::Sign, [-1.4, 0.1, 3.5]),
    (Function::Floor, [-1.4, 0.1, 3.5]),
    (Function::Ceil, [-1.4, 0.1, 3.5]),
    (Function::BesideOne, [-2.9, 0.1, 0.7]),
    (Function::TanhSlope, [-2.9, 0.1, 0.7]),
    (Function::SigmoidSlope, [-2.9, 0.1, 0.7]),
    (Function::Gaussian, [-1.2, 0.1, 1.5]),
    (Function::NormalDensity, [-1.2, 0.1, 1.5]),
    (Function::Polygamma(0), [-1.4, 0.6, 3.5]),
    (Function::Polygamma(1), [-1.4, 0.6, 3.5]),
    (Function::Polygamma(2), [-1.4, 0.6, 3.5]),
    (Function::Polygamma(3), [-1.4, 0.6, 3.5]),
];

fn evaluate(graph: &Graph, outputs: &[Id], inputs: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; outputs.len()];
    Code::new(graph, outputs, inputs.len()).run_one(&[inputs], |k, value| out[k] = value);
    out
}

fn derivatives(graph: &mut Graph, output: Id, inputs: usize) -> Vec<Id> {
    let one = graph.number(1.0);
    let products = graph.cotangent(&[output], &[one], inputs, |_| true);
    products.into_iter().map(|entry| entry.unwrap_or_else(|| graph.number(0.0))).collect()
}

/// Central difference of fourth order.
fn difference(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-3 * x.abs().max(0.3);
    (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
}

#[test]
fn functions_have_the_derivatives_of_their_differences_to_second_order() {
    for (function, points) in FUNCTIONS {
        let mut graph = Graph::new();
        let x = graph.input(0);
        let y = graph.call(*function, x);
        let first = derivatives(&mut graph, y, 1)[0];
        let second = derivatives(&mut graph, first, 1)[0];
        for x in *points {
            let values = evaluate(&graph, &[y, first, second], &[x]);
            assert_eq!(values[0].to_bits(), function.value(x).to_bits());
            for (k, (node, value)) in [(y, values[1]), (first, values[2])].into_iter().enumerate() {
                let expected = difference(|x| evaluate(&graph, &[node], &[x])[0], x);
                assert!(
                    (value - expected).abs() <= 1e-7 * expected.abs().max(1.0),
                    "{function:?} at {x}, derivative {}: {value} instead of {expected}",
                    k + 1
                );
            }
        }
    }
}

#[test]
fn joins_have_the_derivatives_of_their_differences_to_second_order() {
    let joins = [
        Join::Add,
        Join::Subtract,
        Join::Multiply,
        Join::Divide,
        Join::Power,
        Join::PowerLog(1),
        Join::PowerLog(2),
        Join::Atan2,
        Join::Hypot,
        Join::Min,
        Join::Max,
        Join::Mod,
        Join::Weigh,
    ];
    for join in joins {
        let mut graph = Graph::new();
        let (a, b) = (graph.input(0), graph.input(1));
        let y = graph.join(join, a, b);
        let first = derivatives(&mut graph, y, 2);
        for at in [[0.7, 1.9], [2.3, 0.4], [1.1, 1.7]] {
            for (j, slope) in first.iter().enumerate() {
                let moved = |x: f64| {
                    let mut at = at;
                    at[j] = x;
                    at
                };
                let value = evaluate(&graph, &[*slope], &at)[0];
                let expected = difference(|x| evaluate(&graph, &[y], &moved(x))[0], at[j]);
                assert!((value - expected).abs() < 1e-8 * expected.abs().max(1.0), "{join:?} by {j} at {at:?}");
            }
            let mut second = graph.clone();
            for (j, slope) in first.iter().enumerate() {
                for (k, curvature) in derivatives(&mut second, *slope, 2).into_iter().enumerate() {
                    let moved = |x: f64| {
                        let mut at = at;
                        at[k] = x;
                        at
                    };
                    let value = evaluate(&second, &[curvature], &at)[0];
                    let expected = difference(|x| evaluate(&second, &[*slope], &moved(x))[0], at[k]);
                    assert!((value - expected).abs() < 1e-7 * expected.abs().max(1.0), "{join:?} by {j}{k} at {at:?}");
                }
            }
        }
    }
}

/// A little of everything, of three inputs.
fn everything(x: &[Var]) -> Vec<Var> {
    let [a, b, c] = [x[0], x[1], x[2]];
    let mean = x.iter().sum::<Var>() / 3.0;
    vec![
        (a * b - 2.0 * c).tanh() + select(a.lt(b), a.powi(3), b.exp()),
        dot(&[1.0, -2.0, 0.5], x).hypot(1.0) / (1.0 + a * a),
        (mean.max(0.1) + c * c).powf(a) - b.abs().sqrt(),
        select(a.gt(5.0) | !b.le(2.0), 1.0, c.atan2(a)),
    ]
}

fn by_hand(x: &[f64]) -> Vec<f64> {
    let [a, b, c] = [x[0], x[1], x[2]];
    let mean = (a + b + c) / 3.0;
    vec![
        (a * b - 2.0 * c).tanh() + if a < b { a * a * a } else { b.exp() },
        (a - 2.0 * b + 0.5 * c).hypot(1.0) / (1.0 + a * a),
        (mean.max(0.1) + c * c).powf(a) - b.abs().sqrt(),
        if a > 5.0 || b > 2.0 { 1.0 } else { c.atan2(a) },
    ]
}

const POINTS: [[f64; 3]; 4] = [[0.3, 1.2, -0.7], [1.4, 0.2, 0.9], [-0.6, -1.1, 2.3], [2.0, 2.5, 0.1]];

#[test]
fn a_traced_function_has_the_values_of_the_plain_one() -> Result<(), dini::Error> {
    let Trace { graph, outputs } = Trace::new(3, everything)?;
    for x in POINTS {
        for (value, expected) in evaluate(&graph, &outputs, &x).into_iter().zip(by_hand(&x)) {
            assert!((value - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{value} instead of {expected}");
        }
    }
    Ok(())
}

#[test]
fn both_modes_and_the_entries_agree() -> Result<(), dini::Error> {
    let Trace { mut graph, outputs } = Trace::new(3, everything)?;
    let entries = graph.jacobian(&outputs, |_| true, 10_000, 10_000).expect("a small function");
    // inputs 3..6 are a direction, 6..10 a cotangent
    let tangent = graph.tangent(&outputs, |graph, k| (k < 3).then(|| graph.input(3 + k)));
    let tangent: Vec<Id> = tangent.into_iter().map(|t| t.expect("every output varies")).collect();
    let seeds: Vec<Id> = (0..4).map(|i| graph.input(6 + i)).collect();
    let products = graph.cotangent(&outputs, &seeds, 3, |_| true);
    let products: Vec<Id> = products.into_iter().map(|p| p.expect("every input counts")).collect();
    let (v, u) = ([0.4, -1.0, 0.3], [1.0, 0.2, -0.5, 0.8]);
    for x in POINTS {
        let inputs: Vec<f64> = x.into_iter().chain(v).chain(u).collect();
        let mut along = [0.0; 4];
        let mut against = [0.0; 3];
        let values = entries.iter().map(|entry| entry.value).collect::<Vec<_>>();
        for (entry, value) in entries.iter().zip(evaluate(&graph, &values, &inputs)) {
            along[entry.row] += value * v[entry.input];
            against[entry.input] += value * u[entry.row];
            let expected = difference(
                |moved| {
                    let mut x = x;
                    x[entry.input] = moved;
                    by_hand(&x)[entry.row]
                },
                x[entry.input],
            );
            assert!((value - expected).abs() < 1e-7, "{entry:?} at {x:?}: {value} instead of {expected}");
        }
        for (value, expected) in evaluate(&graph, &tangent, &inputs).into_iter().zip(along) {
            assert!((value - expected).abs() < 1e-14 * expected.abs().max(1.0));
        }
        for (value, expected) in evaluate(&graph, &products, &inputs).into_iter().zip(against) {
            assert!((value - expected).abs() < 1e-14 * expected.abs().max(1.0));
        }
    }
    Ok(())
}

#[test]
fn entries_are_where_a_function_depends_on_its_inputs() -> Result<(), dini::Error> {
    let chain = |z: &[Var]| -> Vec<Var> {
        (0..z.len()).map(|i| z[i].exp() - if i == 0 { 1.0.into() } else { z[i - 1] } * 2.0 + 0.0 * z[0]).collect()
    };
    let Trace { mut graph, outputs } = Trace::new(5, chain)?;
    let entries = graph.jacobian(&outputs, |_| true, 10_000, 10_000).expect("a small function");
    let places: Vec<_> = entries.iter().map(|entry| (entry.row, entry.input)).collect();
    assert_eq!(places, [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3), (4, 4)]);
    assert_eq!(graph.jacobian(&outputs, |_| true, 3, 10_000), None);
    assert_eq!(graph.jacobian(&outputs, |_| true, 10_000, 8), None);
    Ok(())
}

#[test]
fn a_sample_is_the_same_bits_alone_and_among_others() -> Result<(), dini::Error> {
    let Trace { graph, outputs } = Trace::new(3, everything)?;
    let code = Code::new(&graph, &outputs, 3);
    let input = |s: usize, k: usize| ((s * 7 + k * 3) as f64).sin() * 2.0;
    let mut together = vec![[0.0; 4]; 37];
    code.run(37, input, |s, k, value| together[s][k] = value);
    for (s, together) in together.iter().enumerate() {
        let mut alone = [0.0; 4];
        code.run_one(&[&[input(s, 0), input(s, 1)], &[input(s, 2)]], |k, value| alone[k] = value);
        assert_eq!(alone.map(f64::to_bits), together.map(f64::to_bits));
    }
    let mut single = [0f32; 4];
    code.run_one(&[&[0.3f32, 1.2, -0.7]], |k, value| single[k] = value);
    for (value, expected) in single.into_iter().zip(by_hand(&POINTS[0])) {
        assert!((f64::from(value) - expected).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn what_does_not_vary_has_no_derivative_and_neither_has_what_has_overflowed() -> Result<(), dini::Error> {
    type Formula = fn(Var) -> Var;
    let cases: [(Formula, f64, f64, f64); 9] = [
        (|x| 1.0 / (1.0 + x.exp()), 800.0, 0.0, 0.0),
        (|x| x.exp().tanh(), 800.0, 1.0, 0.0),
        (|x| (-x.exp()).exp(), 800.0, 0.0, 0.0),
        (|x| x.tanh(), 25.0, 1.0, 4.0 * (-50f64).exp()),
        (|x| x.pow(200.0).tanh(), 1e3, 1.0, 0.0),
        (|x| Var::from(0.0).sqrt() + x, 1.0, 1.0, 1.0),
        (|x| Var::from(0.0).pow(x), 2.0, 0.0, 0.0),
        (|x| x.pow(x), 1.0, 1.0, 1.0),
        (|x| x.floor() + x.signum(), 1.5, 2.0, 0.0),
    ];
    for (place, (f, x, value, slope)) in cases.into_iter().enumerate() {
        let Trace { mut graph, outputs } = Trace::new(1, |x| f(x[0]))?;
        let derivative = derivatives(&mut graph, outputs[0], 1)[0];
        let found = evaluate(&graph, &[outputs[0], derivative], &[x]);
        assert!((found[0] - value).abs() <= 1e-15, "case {place}: {found:?}");
        assert!((found[1] - slope).abs() <= 1e-15 * slope.abs(), "case {place}: {found:?}");
    }
    Ok(())
}

#[test]
fn what_is_not_known_is_not_a_number() -> Result<(), dini::Error> {
    // |x| as a root, and x itself as cubes of roots and roots of cubes: at 0 the rules give 0 times infinity
    type Formula = fn(Var) -> Var;
    let cases: [Formula; 4] =
        [|x| (x * x).sqrt(), |x| x.cbrt() * x.cbrt() * x.cbrt(), |x| x.powi(3).cbrt(), |x| x.sqrt() * x.sqrt()];
    for (place, f) in cases.into_iter().enumerate() {
        let Trace { mut graph, outputs } = Trace::new(1, |x| f(x[0]))?;
        let derivative = derivatives(&mut graph, outputs[0], 1)[0];
        let found = evaluate(&graph, &[outputs[0], derivative], &[0.0]);
        assert!(found[0] == 0.0 && !found[1].is_finite(), "case {place}: {found:?}");
    }
    Ok(())
}

/// Value, first and second derivative of a function of one number: backwards, along a direction, and as an entry.
fn three_ways(f: impl FnOnce(Var) -> Var, x: f64) -> Result<[[f64; 3]; 3], dini::Error> {
    let Trace { mut graph, outputs } = Trace::new(1, |x| f(x[0]))?;
    let backwards = derivatives(&mut graph, outputs[0], 1)[0];
    let along = |graph: &mut Graph, of: Id| {
        let changes = graph.tangent(&[of], |graph, _| Some(graph.number(1.0)));
        changes[0].unwrap_or_else(|| graph.number(0.0))
    };
    let entry = |graph: &mut Graph, of: Id| {
        let entries = graph.jacobian(&[of], |_| true, 10_000, 10_000).expect("a small function");
        entries.first().map_or_else(|| graph.number(0.0), |entry| entry.value)
    };
    let (forwards, single) = (along(&mut graph, outputs[0]), entry(&mut graph, outputs[0]));
    let seconds = [derivatives(&mut graph, backwards, 1)[0], along(&mut graph, forwards), entry(&mut graph, single)];
    Ok([(backwards, seconds[0]), (forwards, seconds[1]), (single, seconds[2])].map(|(first, second)| {
        let found = evaluate(&graph, &[outputs[0], first, second], &[x]);
        [found[0], found[1], found[2]]
    }))
}

#[test]
fn the_branch_not_taken_does_not_matter() -> Result<(), dini::Error> {
    type Formula = fn(Var) -> Var;
    // with the value and two derivatives at x
    let cases: [(Formula, f64, [f64; 3]); 16] = [
        (|x| select(x.gt(0.0), x.sqrt(), -x), -1.0, [1.0, -1.0, 0.0]),
        (|x| select(x.gt(0.0), x.sqrt(), -x), 4.0, [2.0, 0.25, -0.03125]),
        (|x| select(x.gt(0.0), x * x.ln(), 0.0), 0.0, [0.0, 0.0, 0.0]),
        (|x| select(x.lt(1.0), x, 1.0 / (x - 1.0)), 1.0, [f64::INFINITY; 3]),
        (|x| select(x.le(1.0), x, 1.0 / (x - 1.0)), 1.0, [1.0, 1.0, 0.0]),
        // a part that both branches share, undefined where it is multiplied by 0
        (|x| select(x.gt(0.0), x.ln() * 2.0, x.ln().exp()), 0.5, [2.0 * 0.5f64.ln(), 4.0, -8.0]),
        (|x| select(x.gt(0.0), select(x.gt(1.0), x.ln(), x.ln().sin()), x * x), -3.0, [9.0, -6.0, 2.0]),
        // a condition that is undefined where the outer one is false
        (|x| select(x.gt(0.0), select(x.ln().lt(1.0), x, x.sqrt()), x * x), -3.0, [9.0, -6.0, 2.0]),
        (|x| select(x.gt(0.0), select(x.ln().lt(1.0), x, x.sqrt()), x * x), 4.0, [2.0, 0.25, -0.03125]),
        // a part that counts elsewhere, too, is as undefined as it is
        (|x| select(x.gt(0.0), x.sqrt(), 1.0) + x.sqrt(), 0.0, [1.0, f64::INFINITY, f64::NEG_INFINITY]),
        (|x| select(x.lt(0.0), x.sqrt(), x.sqrt() * 2.0), 0.0, [0.0, f64::INFINITY, f64::NEG_INFINITY]),
        (|x| select(x.gt(0.0) & x.lt(2.0), x.ln().atan(), x.hypot(1.0)), 0.0, [1.0, 0.0, 1.0]),
        (|x| x.max(1.0).min(x.ln() + x.asin()), 3.0, [f64::NAN; 3]),
        (|x| (x - 1.0).sqrt().max(x + 5.0), 1.0, [6.0, 1.0, 0.0]),
        (|x| x.sqrt().min(-x).min(x.powf(1.5) - 1.0).max(-2.0), 0.0, [-1.0, 0.0, f64::INFINITY]),
        (|x| select(x.lt(0.0), (-x).sqrt(), select(x.lt(0.0), x.ln(), x.powf(2.5))), 0.0, [0.0, 0.0, 0.0]),
    ];
    for (place, (f, x, expected)) in cases.into_iter().enumerate() {
        for (way, found) in three_ways(f, x)?.into_iter().enumerate() {
            let same = found
                .iter()
                .zip(&expected)
                .all(|(a, b)| a == b || (a - b).abs() <= 1e-14 || (a.is_nan() && b.is_nan()));
            // at the pole itself only the value is asked for
            let pole = expected[0].is_infinite() && found[0].is_infinite();
            assert!(same || pole, "case {place}, way {way}: {found:?} instead of {expected:?}");
        }
    }
    Ok(())
}

#[test]
fn a_factor_of_zero_is_no_dependence() -> Result<(), dini::Error> {
    let Trace { mut graph, outputs } = Trace::new(2, |x| [(0.0 * x[0]).sqrt() + x[1], x[0] * 0.0 * x[1].ln()])?;
    let entries = graph.jacobian(&outputs, |_| true, 1000, 1000).expect("a small function");
    let places: Vec<_> = entries.iter().map(|entry| (entry.row, entry.input)).collect();
    assert_eq!(places, [(0, 1), (1, 1)]);
    Ok(())
}

#[test]
fn numbers_of_another_function_are_refused() {
    let mut stolen = None;
    Trace::new(1, |x| {
        stolen = Some(x[0]);
        x[0]
    })
    .expect("nothing is wrong here");
    let stolen = stolen.expect("the function has run");
    let refused = Trace::new(1, |x| x[0] + stolen).map(|_| ());
    assert!(matches!(refused, Err(dini::Error::Trace { .. })), "{refused:?}");
    // and outside of any function they are no numbers
    assert_eq!(format!("{:?}", stolen + 1.0), "NaN");
}

#[test]
fn a_trace_that_panics_leaves_nothing_behind() -> Result<(), dini::Error> {
    let caught = std::panic::catch_unwind(|| Trace::new(1, |_| -> Var { panic!("the user's own") }).map(|_| ()));
    assert!(caught.is_err());
    let nested = Trace::new(2, |x| {
        let inner = Trace::new(1, |y| y[0] * 2.0).expect("a small function");
        assert_eq!(inner.graph.len(), 3);
        x[0] * x[1]
    })?;
    assert_eq!(nested.graph.len(), 3);
    Ok(())
}

#[test]
fn formulas_are_readable_and_cut() -> Result<(), dini::Error> {
    let Trace { graph, outputs } =
        Trace::new(2, |x| (x[0] + 1.0) * x[1].powi(2) - (-x[0]).exp() / (x[0] - (x[1] - 2.0)))?;
    let name = |k: usize| ["x", "y"][k].to_owned();
    assert_eq!(graph.formula(outputs[0], &name), "(x + 1) * y^2 - exp(-x) / (x - (y - 2))");
    let Trace { graph, outputs } = Trace::new(1, |x| (0..100_000).fold(x[0], |sum, _| sum.sin() + 1.0))?;
    assert!(graph.formula(outputs[0], &name).len() < 10_000);
    Ok(())
}
