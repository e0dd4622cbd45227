//! Options, solvers and gradient modes can be written and read; what they do not know is refused by name.

use dini::gradient::Implicit;
use dini::problem::Bounds;
use dini::solve::AnySolver;
use dini::{Newton, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn returned<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it can be written");
    serde_json::from_str(&text).expect("what was written can be read")
}

#[test]
fn options_and_solvers_come_back_as_they_were() {
    let bounds = Bounds::new(vec![0.0, f64::NEG_INFINITY], vec![f64::INFINITY, 2.5]).expect("bounds");
    let options = Options { relative: 1e-9, chunk: Some(7), bounds: Some(bounds), ..Options::default() };
    assert_eq!(returned(&options), options);
    for name in AnySolver::NAMES {
        let solver = AnySolver::by_name(name).expect("a solver of its name");
        assert_eq!(returned(&solver), solver);
        assert!(serde_json::to_string(&solver).expect("it can be written").starts_with(&format!("{{\"{name}\":")));
    }
    let mode = Implicit { tolerance: Some(1e-12), verdict: Some(true), ..Implicit::default() };
    assert_eq!(returned(&mode), mode);
}

#[test]
fn what_is_left_out_is_the_default_and_what_is_unknown_is_refused() {
    let options: Options = serde_json::from_str(r#"{"relative": 1e-8}"#).expect("options");
    assert_eq!(options, Options { relative: 1e-8, ..Options::default() });
    let refusals = [
        serde_json::from_str::<Options>(r#"{"tol": 1e-8}"#).map(drop),
        serde_json::from_str::<Newton>(r#"{"damping": 1}"#).map(drop),
        serde_json::from_str::<AnySolver>(r#"{"newtown": {}}"#).map(drop),
        serde_json::from_str::<Bounds>(r#"{"lower": [2.0], "upper": [1.0]}"#).map(drop),
    ];
    for (refusal, named) in refusals.into_iter().zip(["tol", "damping", "newtown", "2..1"]) {
        let message = refusal.expect_err("this must be refused").to_string();
        assert!(message.contains(named), "{message}");
    }
}
