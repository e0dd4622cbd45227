//! What has no root is not solved, what is solved says how well it is known.

use super::super::SolveArgs;
use super::{answer, args};

#[test]
fn no_root_no_solution() {
    let systems: &[&[&str]] = &[
        // jumps over zero
        &["z + 0.1*if(z < 100, -1, 1) = 100"],
        &["z + 0.1*if(z < 100, -1, 1) = 100.05"],
        &["0.01*atan(1/(z - 2)) + z = 2 - 0.0033333333333333335"],
        &["z + 1e-9*if(z < 3, -1, 1) = 3"],
        &["T + 2*P = 101", "P = if(T < 100, 0, 1)"],
        // contradictions that rounding hides far away
        &["x1 + x2 = 1", "x2 + x3 = 2", "x1 - x3 = -1.0000001"],
        &["-3*x - 2*y = 11.0001", "-3*x - 2*y = 11"],
        &["exp(y - x)^3 = 0.4556354157", "exp(y - x) = 0.797"],
        &["exp(x - y) = 2", "exp(2*x - 2*y) = 5"],
        &["1e6*(y^2 - x^2) = 585000.00585", "y^2 - x^2 = 0.585", "z = x + y"],
        &["ln(sin(x*y)) = -0.50916543605037394", "sin(x*y) = 0.601"],
        // near misses
        &["sin(z - 1) = 1 + 1e-11"],
        &["sin(x)^2 = 1 + 1e-10"],
        &["abs(z - 1000) + 1e-11"],
        &["abs(z - 1) + 1e-13"],
        &["sqrt((z - 1000)^2 + 1e-18) = 5e-10"],
        &["(z - 1)^2 + 1e-13"],
        // roots at infinity, and 0 / 0
        &["ln(x + 1) = ln(x)"],
        &["1/x = 1/(x + 1)", "y = 2"],
        &["(x + 1)/x = 1", "y = 2"],
        &["(x - 3)/y = 3", "x - 3 = 4*y"],
        &["cbrt(x^2) = -1e-5", "y = 2"],
    ];
    for equations in systems {
        let found = answer(&args(equations, "", "", ""));
        assert!(!found.solved(), "{equations:?}: {found}");
    }
    // a loose tolerance is no excuse
    for (equation, tol) in [("cos(x) = 1.0001", 1e-6), ("cos(x) = 1.001", 1e-3)] {
        let found = answer(&SolveArgs { tol: Some(tol), ..args(&[equation], "", "", "") });
        assert!(!found.solved(), "{equation}: {found}");
    }
    // functions that have underflowed between two ends
    for (equation, ends) in [("exp(-x)", [0.0, 800.0]), ("erf(x) = 1", [0.0, 10.0])] {
        let found = answer(&SolveArgs { bracket: ends.to_vec(), ..args(&[equation], "", "", "") });
        assert!(!found.solved(), "{equation}: {found}");
    }
}

#[test]
fn what_rounding_hides_is_said() {
    // equation, root, least error that a computed root may have here
    let problems: &[(&str, f64)] = &[
        ("x + 1e10 = 1e10 + 1.2345678", 1.234_567_8),
        ("x = x + 1e-12*(x - 5)", 5.0),
        ("x*(1 - 1e-10) = x - 1", 1e10),
        ("x = 1 + x*(1 - 1e-9)", 1e9),
    ];
    for (equation, root) in problems {
        let found = answer(&args(&[equation], "", "", ""));
        let error = (found.solution[0] / root - 1.0).abs();
        assert!(found.solved() && error <= found.accuracy && error < 1e-3, "{equation}: {} {found}", found.accuracy);
        assert!(found.accuracy < 1e-9 || found.to_string().contains("uncertain"), "{found}");
    }
}

#[test]
fn derivatives_are_finite_or_refused() {
    let problems = [("y = sqrt(x)", "x=0"), ("y = cbrt(x)", "x=0"), ("y = asin(x)", "x=1"), ("y = x^a", "x=-2,a=3")];
    for (equation, with) in problems {
        let found = answer(&args(&[equation], with, "", ""));
        assert!(found.solved() && !found.verdict.holds && found.derivatives.is_none(), "{equation}: {found}");
    }
}

#[test]
fn roots_near_the_start_come_first() {
    // a four-bar linkage: Newton's method from the automatic start goes to 10^13
    let bars = ["cos(t2) + b*cos(t3) = d + c*cos(t4)", "sin(t2) + b*sin(t3) = c*sin(t4)"];
    let found = answer(&args(&bars, "b=2.1217,c=3.5585,d=2.7383,t2=0.28228", "", ""));
    assert!(found.verdict.holds && found.solution.iter().all(|t| t.abs() < 100.0), "{found}");
    // from a start that was given, but nearly singular
    let arm = ["x = l1*cos(q1) + l2*cos(q1 + q2)", "y = l1*sin(q1) + l2*sin(q1 + q2)"];
    let found = answer(&args(&arm, "l1=0.5,l2=0.4,x=0.3,y=0.4", "", "q1=1e-3,q2=1e-3"));
    assert!(found.verdict.holds && found.solution.iter().all(|q| q.abs() < 6.3), "{found}");
}
