//! Roots and derivatives against references.

use super::super::SolveArgs;
use super::{answer, args};

/// Names and numbers of a list such as `x = 1.5, y = -2`.
fn numbers(list: &str) -> Vec<(&str, f64)> {
    list.split(", ")
        .filter_map(|item| item.split_once(" = "))
        .map(|(name, value)| (name, value.trim().parse().expect("a number")))
        .collect()
}

#[test]
fn roots_and_derivatives_match_the_references() {
    let (mut wrong, mut count) = (String::new(), 0);
    for line in include_str!("cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [equations, with, unknowns, start, roots, derivatives] = fields[..] else { panic!("fields of {line}") };
        let equations: Vec<&str> = equations.split(" ; ").collect();
        let found = answer(&args(&equations, with, unknowns, start));
        let what = format!("{equations:?} with {with}");
        if !found.solved() || !found.verdict.holds {
            wrong += &format!("\n{what}: {found}");
            continue;
        }
        let json = found.to_json();
        let (roots, derivatives) = (numbers(roots), numbers(derivatives));
        // one that is 0 beside others can only be as good as their rounding
        let (small, flat) = if roots.len() > 1 { (1e-16, 1e-15) } else { (0.0, 0.0) };
        for (name, root) in &roots {
            let z = json["solution"][name].as_f64().unwrap();
            if (z - root).abs() > 1e-10 * root.abs() + small {
                wrong += &format!("\n{what}: {name} = {z}, not {root}");
            }
        }
        for (name, derivative) in &derivatives {
            let (unknown, parameter) = name.split_once('/').unwrap();
            let d = json["derivatives"][&unknown[1..]][&parameter[1..]].as_f64().unwrap();
            if (d - derivative).abs() > 1e-8 * derivative.abs() + flat {
                wrong += &format!("\n{what}: {name} = {d}, not {derivative}");
            }
        }
        assert_eq!(derivatives.len(), roots.len() * found.parameters.len(), "{what}");
        count += 1;
    }
    assert!(wrong.is_empty() && count > 50, "{count} cases{wrong}");
}

#[test]
fn fixed_point_iterations_reach_the_same_roots() {
    let problems: &[(&[&str], &str)] = &[
        (&["z = tanh(w*z + x)"], "w=0.5,x=0.3"),
        (&["tanh(w*z + x) = z"], "w=0.5,x=0.3"),
        (&["z = cos(z)"], ""),
        (&["E = M + ecc*sin(E)"], "ecc=0.3,M=1"),
        (&["0.5*cos(y) = x", "sin(x)*a = y"], "a=0.4"),
        (&["sin(x)*a = y", "0.5*cos(y) = x"], "a=0.4"),
        (&["z = 1e-9*cos(1e9*z)"], ""),
        (&["x = 1e6 + 1e5*sin(y*1e3)", "1e-3*cos(x/1e6) = y"], ""),
        (&["z - cos(z)"], ""),
    ];
    for (equations, with) in problems {
        let newton = answer(&args(equations, with, "", ""));
        for solver in ["picard", "anderson", "newton"] {
            let request = SolveArgs { solver: Some(solver.to_owned()), ..args(equations, with, "", "") };
            let found = answer(&request);
            assert!(found.solved() && found.verdict.holds, "{equations:?} by {solver}: {found}");
            for (a, b) in found.solution.iter().zip(&newton.solution) {
                assert!((a - b).abs() <= 1e-10 * b.abs(), "{equations:?} by {solver}: {a}, not {b}");
            }
            for (a, b) in
                found.derivatives.iter().flatten().flatten().zip(newton.derivatives.iter().flatten().flatten())
            {
                assert!((a - b).abs() <= 1e-8 * b.abs(), "{equations:?} by {solver}: {a}, not {b}");
            }
        }
    }
}

#[test]
fn auto_finds_a_root_without_a_start() {
    // singular or undefined at 0, or Newton's method leads astray from most starts
    let problems: &[&[&str]] = &[
        &["z^2 = 2"],
        &["ln(z) = 1"],
        &["1/z = 3"],
        &["ln(z) = -20"],
        &["sqrt(z) = 12345"],
        &["z^3 - 2*z + 2 = 0"],
        &["atan(z - 50) = 0"],
        &["cbrt(z) = 0.3"],
        &["z^21 = 5"],
        &["exp(z) = 1e300"],
        &["exp(z) - 1 = 1e-15"],
        &["cos(z) - 1 + z = 1e-17"],
        &["ln(z)^3 = -8"],
        &["tanh(z - 300) = 0.5"],
        &["exp(-z^2) = 1e-3"],
        &["z*exp(-z) = 0.3"],
        &["x*y = 1", "x = y"],
        &["x^2 + y^2 = 4", "x = y"],
        &["x^2 + y^2 = 1", "x^2 - y^2 = 0.5"],
        &["x*y*z = 6", "x + y + z = 6", "x^2 + y^2 + z^2 = 14.5"],
        &["ln(x) + y = 2", "x*y = 1.5"],
        &["sqrt(x - 3) + y = 2", "x - y = 4"],
        &["10*(y - x^2) = 0", "1 - x = 0"],
        &["x^2 = y + 1", "y^2 = z + 1", "z^2 = x + 1"],
    ];
    for equations in problems {
        let found = answer(&args(equations, "", "", ""));
        assert!(found.solved() && found.verdict.holds, "{equations:?}: {found}");
        assert!(found.residual.is_finite());
    }
}

#[test]
fn a_given_start_decides_which_root() {
    for (start, root) in [("z=1.2", 1.0), ("z=1.8", 2.0), ("z=10", 3.0), ("z=-5", 1.0)] {
        let found = answer(&args(&["(z - 1)*(z - 2)*(z - 3)"], "", "", start));
        assert!((found.solution[0] - root).abs() < 1e-12, "{start}: {found}");
        assert!(found.origin.is_none());
    }
    // J = 0 at the start given: a neighbour serves, and that is said
    let found = answer(&args(&["z^2 = 4"], "", "", "z=0"));
    assert!(found.solved() && found.origin.is_some_and(|origin| origin.contains("z = ")));
}
