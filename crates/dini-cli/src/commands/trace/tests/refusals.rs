//! Requests that are not understood: one line, exit code 2.

use super::{TraceArgs, args, run};

#[test]
fn bad_requests_are_refused_with_a_clear_message() {
    // equations, --along, --with, --start, part of the message
    let requests: &[(&[&str], &str, &str, &str, &str)] = &[
        (&["z = a"], "a", "", "", "missing"),
        (&["z = a"], "a=", "", "", "missing"),
        (&["z = a"], "a=1", "", "", "interval"),
        (&["z = a"], "a=1..", "", "", "both ends"),
        (&["z = a"], "a=..1", "", "", "both ends"),
        (&["z = a"], "a=1..-1", "", "", "below"),
        (&["z = a"], "a=1..1", "", "", "below"),
        (&["z = a"], "a=0..1/0", "", "", "finite"),
        (&["z = a"], "a=-1.7e308..1.7e308", "", "", "too long"),
        (&["z = a + b"], "a=0..1,b=0..1", "", "", "one symbol, not a, b"),
        (&["z = a"], "b=0..1", "a=1", "", "no equation mentions `b`"),
        (&["z = a"], "a=0..1", "a=2", "", "not in the range"),
        (&["z = a"], "a=0..1", "a=[0,1]", "", "several values"),
        (&["z = a + b"], "a=0..1", "b=0..3", "", "several values"),
        (&["z = a + b"], "a=0..1", "a=b,b=1", "", "depends on others"),
        (&["z = sum(i, 1, a, i)"], "a=1..3", "", "", "cannot be traced along"),
        (&["z = (a"], "a=0..1", "", "", "^"),
        (&[], "a=0..1", "", "", "no equation"),
        (&["z = a"], "a=0..1", "", "y=1", "start"),
    ];
    for (equations, along, with, start, part) in requests {
        let failure = run(&args(equations, along, with, start)).map(|report| report.text).unwrap_err();
        assert_eq!(failure.code, 2, "{failure:?}");
        assert!(failure.message.contains(part), "{along} {with}: {}", failure.message);
    }
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let plain = args(&["z = a"], "a=0..1", "", "");
    let wrong = [
        (TraceArgs { unknowns: vec!["a".to_owned()], ..plain.clone() }, "both traced along and solved for"),
        (TraceArgs { flow: Some("up".to_owned()), ..plain.clone() }, "--flow"),
        (TraceArgs { max_points: Some(0), ..plain.clone() }, "--max-points"),
        (TraceArgs { largest_step: Some(0.0), ..plain.clone() }, "--largest-step"),
        (TraceArgs { largest_step: Some(f64::NAN), ..plain.clone() }, "--largest-step"),
        (TraceArgs { plot: Some("branch.png".into()), ..plain.clone() }, ".svg"),
        (TraceArgs { plot: Some("branch".into()), ..plain.clone() }, ".svg"),
        (TraceArgs { bounds: vec!["a=0..1".to_owned()], ..plain.clone() }, "bounds are for unknowns"),
        (TraceArgs { file: Some("/no/such/file".into()), ..plain.clone() }, "/no/such/file"),
        (TraceArgs { along: Vec::new(), ..plain.clone() }, "--along"),
    ];
    for (args, part) in wrong {
        let failure = run(&args).map(|report| report.text).unwrap_err();
        assert!(failure.code == 2 && failure.message.contains(part), "{part}: {failure:?}");
    }
}
