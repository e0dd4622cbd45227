//! Conditions, sums, indices and dependent values in whole systems.

use serde_json::Value;

use super::super::{SolveArgs, run};
use super::{answer, args};

fn derivative(found: &super::Answer, unknown: usize, parameter: usize) -> f64 {
    found.derivatives.as_ref().unwrap_or_else(|| panic!("no derivatives: {found}"))[unknown][parameter]
}

#[test]
fn a_condition_has_derivatives_except_at_its_kink() {
    let at = |with: &str| answer(&args(&["y = if(x < 1, x, 2*x - 1)"], with, "", ""));
    assert_eq!(derivative(&at("x=0.5"), 0, 0), 1.0);
    assert_eq!(derivative(&at("x=3"), 0, 0), 2.0);
    for x in ["x=0.99", "x=1.01", "x=-1e3", "x=1e6"] {
        assert!(at(x).verdict.holds, "{x}");
    }
    let kink = at("x=1");
    assert!(kink.solved() && kink.solution == [1.0] && kink.derivatives.is_none());
    assert!(kink.verdict.reason.starts_with("g is not differentiable by x at x = 1"), "{kink}");
    // a kink in the unknown
    let kink = answer(&args(&["a = if(y < 1, y, 2*y - 1)"], "a=1", "", ""));
    assert!(kink.solved() && kink.derivatives.is_none(), "{kink}");
    // jumps, and the kinks of other functions
    for (equation, with) in [
        ("y = if(x < 1, 0, 1)", "x=1"),
        ("y = floor(x)", "x=2"),
        ("y = abs(x)", "x=0"),
        ("y = max(x, 3)", "x=3"),
        ("y = 1e6*min(x, 1e-9)", "x=1e-9"),
    ] {
        assert!(!answer(&args(&[equation], with, "", "")).verdict.holds, "{equation}");
    }
    // none where both sides agree, or nothing depends on the parameter there
    for (equation, with) in [
        ("y = if(x < 1, x^2, 2*x - 1)", "x=1"),
        ("y = if(x < 0, 0, x)*0 + x^3", "x=0"),
        ("y = (x - 1)^2 + 1", "x=1"),
        ("y = exp(50*x)", "x=7"),
        ("y = sin(1000*x)", "x=20"),
    ] {
        let found = answer(&args(&[equation], with, "", ""));
        assert!(found.verdict.holds, "{equation}: {found}");
    }
}

#[test]
fn the_branch_not_taken_does_not_hinder() {
    let found = answer(&args(&["y = if(x > 0, ln(x), x^2)"], "x=-2", "", ""));
    assert!((found.solution[0], derivative(&found, 0, 0)) == (4.0, -4.0), "{found}");
    // not even where it has an infinite slope or none, in the values and in the unknowns
    for (equation, with, solution, slope) in [
        ("y = if(x > 0, sqrt(x), -x)", "x=-1", 1.0, -1.0),
        ("y = if(x < 0, sqrt(x), x^2)", "x=3", 9.0, 6.0),
        ("y = if(x > 0, x*ln(x), if(ln(x) < 1, sqrt(x), x^2))", "x=2", 2.0 * 2f64.ln(), 1.0 + 2f64.ln()),
        ("2*y + if(y < 0, sqrt(-y), y^2) = a", "a=3", 1.0, 0.25),
    ] {
        let found = answer(&args(&[equation], with, "", ""));
        assert!((found.solution[0] - solution).abs() < 1e-12, "{found}");
        assert!((derivative(&found, 0, 0) - slope).abs() < 1e-12, "{found}");
    }
    // laminar and turbulent friction
    let friction = "f = if(Re < 2300, 64/Re, 0.3164*Re^-0.25)";
    let found = answer(&args(&[friction], "Re=1000", "", ""));
    assert!((found.solution[0] - 0.064).abs() < 1e-15 && (derivative(&found, 0, 0) + 6.4e-5).abs() < 1e-17);
}

#[test]
fn indexed_unknowns_by_families_of_equations() {
    // implicit Euler for x' = -x^2, x(0) = 1
    let equations = ["x[i] - x[i-1] = -h*x[i]^2 for i = 1..n", "x[0] = a"];
    let found = answer(&args(&equations, "n=4,h=1/n,a=1", "x[0],x[1],x[2],x[3],x[4]", "x[1]=1"));
    assert_eq!(found.constants, [("n".to_owned(), 4.0)]);
    assert_eq!(found.values, [("h".to_owned(), 0.25)]);
    assert_eq!(found.parameters, ["a"]);
    let mut x: f64 = 1.0;
    let mut slope = 1.0;
    for i in 1..=4 {
        x = ((1.0 + x).sqrt() - 1.0) / 0.5;
        slope /= 1.0 + 0.5 * x;
        assert!((found.solution[i] - x).abs() < 1e-14, "{found}");
        assert!((derivative(&found, i, 0) - slope).abs() < 1e-14, "{found}");
    }
    assert!(found.to_string().contains("\ndx[4]/da = "), "{found}");
}

#[test]
fn indexed_names_in_every_flag() {
    let mut request = args(&["sum(i, 1, 2, c[i]*x[i]) = 5", "x[1]*x[2] = 2"], "c[1]=1,c[2]=2", "x[2],x[1]", "x[1]=1.5");
    request.start.push("x[2]=1.8".to_owned());
    request.json = true;
    let json: Value = serde_json::from_str(&run(&request).expect("solved").text).expect("JSON");
    let close = |value: &Value, expected: f64| (value.as_f64().expect("a number") - expected).abs() < 1e-12;
    assert!(close(&json["solution"]["x[1]"], 1.0) && close(&json["solution"]["x[2]"], 2.0), "{json}");
    // x1 + 2 x2 = 5, x1 x2 = 2: by c1, dx1 + 2 dx2 = -x1 and 2 dx1 + dx2 = 0
    assert!(close(&json["derivatives"]["x[1]"]["c[1]"], 1.0 / 3.0), "{json}");
}

#[test]
fn derivatives_go_through_dependent_values() {
    let request = SolveArgs { json: true, ..args(&["x^2 = a + b"], "b=a/3,a=2", "", "x=1") };
    let json: Value = serde_json::from_str(&run(&request).expect("solved").text).expect("JSON");
    assert_eq!(json["values"], serde_json::json!({"b": 2.0 / 3.0}));
    // x = sqrt(4a/3)
    let expected = 2.0 / 3.0 / (8.0_f64 / 3.0).sqrt();
    assert!((json["derivatives"]["x"]["a"].as_f64().expect("a number") - expected).abs() < 1e-15, "{json}");
    assert_eq!(json["derivatives"]["x"].as_object().map(serde_json::Map::len), Some(1));
    let text = run(&SolveArgs { json: false, ..request }).expect("solved").text;
    assert!(text.starts_with("with b = 0.6666666666666666\nx = "), "{text}");
}

#[test]
fn the_volatility_implied_by_a_price() {
    let equations = [
        "C = S*normcdf(d1) - K*exp(-r*T)*normcdf(d2)",
        "d1 = (ln(S/K) + (r + sigma^2/2)*T)/(sigma*sqrt(T))",
        "d2 = d1 - sigma*sqrt(T)",
    ];
    let found = answer(&args(&equations, "S=100,K=110,T=0.5,r=0.02,C=3.1", "sigma,d1,d2", "sigma=0.3"));
    assert!((found.solution[0] - 0.225_106_992_819_735_7).abs() < 1e-14, "{found}");
    assert!((derivative(&found, 0, 4) - 0.039_339_618_507_757_25).abs() < 1e-13, "{found}");
    assert!((derivative(&found, 0, 0) + 0.012_748_532_718_893_81).abs() < 1e-13, "{found}");
}

#[test]
fn files_have_the_same_language() {
    let path = std::env::temp_dir().join(format!("dini-solve-language-{}.toml", std::process::id()));
    let text = "equations = [\n\"x[i]^2 = c[i] for i = 1..n\",\n]\nbracket = [0, 1]\n[with]\n\"c[2]\" = \"c[1] + 5\"\n\"c[1]\" \
                = 4\nn = 2\n[start]\n\"x[1]\" = 1\n\"x[2]\" = 1\n";
    std::fs::write(&path, text).expect("a file");
    let request = SolveArgs { file: Some(path.clone()), solver: Some("auto".to_owned()), ..SolveArgs::default() };
    let found = answer(&request);
    assert!(found.solution.iter().zip([2.0, 3.0]).all(|(x, root)| (x - root).abs() < 1e-13), "{found}");
    assert_eq!(found.parameters, ["c[1]"]);
    // the bracket of the file is used unless a flag asks for another solver
    let error = run(&SolveArgs { solver: None, ..request.clone() }).expect_err("two unknowns").to_string();
    assert!(error.contains("--bracket is for one unknown"), "{error}");
    // mistakes that show only with the values have their line, too
    let error = run(&SolveArgs { with: vec!["n=1.5".to_owned()], ..request }).expect_err("1.5").to_string();
    assert!(error.contains("toml, line 2: the last value of `i` must be a whole number, not 1.5"), "{error}");
}
