//! `--bounds`.

use super::super::{SolveArgs, run};
use super::{answer, args};

fn bounded(equations: &[&str], with: &str, start: &str, bounds: &str) -> SolveArgs {
    SolveArgs { bounds: vec![bounds.to_owned()], ..args(equations, with, "", start) }
}

/// Carbonate, phosphate and water under air, as fractions.
const BUFFER: [&str; 9] = [
    "c0/pco2 = KH",
    "h*oh = Kw",
    "h*hc/c0 = KC1",
    "h*cc/hc = KC2",
    "h*p2/p3 = K1",
    "h*p1/p2 = K2",
    "h*p0/p1 = K3",
    "h + Na = oh + hc + 2*cc + p2 + 2*p1 + 3*p0",
    "p3 + p2 + p1 + p0 = P",
];
const CONSTANTS: &str =
    "pco2=3.9e-4,KH=0.034,Kw=1e-14,KC1=4.5e-7,KC2=4.7e-11,K1=7.1e-3,K2=6.3e-8,K3=4.5e-13,Na=0.015,P=0.01";

#[test]
fn bounds_choose_the_root_that_is_meant() {
    // equations, values, bounds, unknown, root
    let problems: &[(&[&str], &str, &str, f64)] = &[
        (&["h^2 = K*(c - h)"], "K=1e-5,c=0.1", "h=0..", 9.950_124_999_218_76e-4),
        (&["x^2 = 4"], "", "x=..0", -2.0),
        (&["(z - 1)*(z - 2)*(z - 3)"], "", "z=1.5..2.5", 2.0),
        (&["sin(x) = 0.5"], "", "x=pi/2..pi", 5.0 * std::f64::consts::PI / 6.0),
        // poles on both sides of the vapour fraction
        (&["0.5*(K1 - 1)/(1 + V*(K1 - 1)) + 0.5*(K2 - 1)/(1 + V*(K2 - 1))"], "K1=4,K2=0.4", "V=0..1", 2.0 / 3.0),
    ];
    for (equations, with, bounds, root) in problems {
        let found = answer(&bounded(equations, with, "", bounds));
        assert!(found.solved() && found.verdict.holds, "{equations:?}: {found}");
        assert!((found.solution[0] / root - 1.0).abs() < 1e-12, "{equations:?}: {found}");
    }
    let positive = "c0=0..,h=0..,oh=0..,hc=0..,cc=0..,p3=0..,p2=0..,p1=0..,p0=0..";
    for start in ["", "c0=1,h=1,oh=1,hc=1,cc=1,p3=1,p2=1,p1=1,p0=1"] {
        let found = answer(&bounded(&BUFFER, CONSTANTS, start, positive));
        assert!(found.verdict.holds && found.solution.iter().all(|z| *z > 0.0), "{found}");
        let h = found.unknowns.iter().position(|name| name == "h").unwrap();
        assert!((found.solution[h] / 6.534_904_011_752_29e-8 - 1.0).abs() < 1e-10, "{found}");
    }
}

#[test]
fn derivatives_are_those_without_bounds() {
    let equations = ["x*y = a", "x + y = b"];
    let plain = answer(&args(&equations, "a=2,b=3.5", "", "x=0.5,y=3"));
    let found = answer(&bounded(&equations, "a=2,b=3.5", "x=0.5,y=3", "x=0..1,y=0.."));
    assert_eq!(plain.solution, found.solution);
    assert_eq!(plain.derivatives, found.derivatives);
}

#[test]
fn a_root_on_a_bound_says_so() {
    let found = answer(&bounded(&["x*(x - 1)"], "", "", "x=0..0.9"));
    assert!(found.solved() && found.solution == [0.0] && !found.verdict.holds, "{found}");
    assert_eq!(found.status.name(), "on_bound");
    assert!(found.to_string().contains("lies on a bound"), "{found}");
    // bounds without room for a start are no root
    for bounds in ["x=-1e-320..1e-320", "x=1e308..", "x=1..1.0000000000000002"] {
        let none = answer(&bounded(&["x^2 = 4"], "", "", bounds));
        assert!(!none.solved(), "{bounds}: {none}");
    }
    let none = answer(&bounded(&["x = 3"], "", "", "x=0..1"));
    assert!(!none.solved() && (0.0..=1.0).contains(&none.solution[0]), "{none}");
}

#[test]
fn bounds_that_do_not_fit_are_refused() {
    let message = |request: &SolveArgs| run(request).unwrap_err().to_string();
    let square = |start: &str, bounds: &str| bounded(&["x^2 = a"], "a=4", start, bounds);
    assert!(message(&square("", "a=0..")).contains("`a` is not"));
    assert!(message(&square("x=-1", "x=0..")).contains("the start x = -1"));
    assert!(message(&square("", "x=2..1")).contains("must be below"));
    assert!(message(&square("", "x=1")).contains("0..1"));
    let both = SolveArgs { bracket: vec![0.0, 3.0], ..square("", "x=0..") };
    assert!(message(&both).contains("bracket and bounds"));
    let picard = SolveArgs { solver: Some("picard".to_owned()), ..square("x=1", "x=0..") };
    assert!(message(&picard).contains("bounds"));
}
