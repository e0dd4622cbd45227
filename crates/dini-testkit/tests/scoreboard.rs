//! Every solver on every problem, against the recorded scoreboard.

use dini_testkit::{cases, scoreboard};

#[test]
fn no_solver_is_worse_than_recorded_or_claims_wrongly() {
    let lines = scoreboard::run(&cases());
    let worse = scoreboard::regressions(&scoreboard::parse(scoreboard::RECORD), &lines);
    assert!(worse.is_empty(), "{worse:#?}\n{}", scoreboard::print(&lines));
    // the text says what the lines say
    let own = scoreboard::parse(&scoreboard::print(&lines));
    assert!(scoreboard::regressions(&own, &lines).is_empty());
}

#[test]
fn the_record_is_a_table_and_losses_are_named() {
    let mut recorded = scoreboard::parse(scoreboard::RECORD);
    assert!(recorded.iter().any(|r| r.solver == "newton" && r.solved.len() > 20), "{recorded:?}");
    recorded.retain(|r| r.solver == "newton");
    recorded[0].solved.extend(["one more".to_owned()]);
    let lines = scoreboard::run(&cases()[..3]);
    let worse = scoreboard::regressions(&recorded, &lines);
    assert!(worse.len() == 1 && worse[0].contains("one more"), "{worse:?}");
}
