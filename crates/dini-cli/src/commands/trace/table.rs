//! A branch as JSON and as CSV.

use dini::continuation::{Event, Point};
use serde_json::{Map, Value, json};

use super::branch::Traced;
use super::request::Traceable;
use crate::commands::solve::{Answer, SolveError, number};

/// All digits.
fn full(v: f64) -> String {
    number(v).trim_start().to_owned()
}

/// A line of names and a line a point; what is not known is empty.
pub(super) fn csv(traced: &Traced) -> Result<String, SolveError> {
    let failed = |error: &dyn std::fmt::Display| SolveError::Option(format!("cannot write CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = [&traced.parameter].into_iter().chain(&traced.unknowns).map(String::as_str);
    let names = names.chain(["arclength", "determinant", "stable", "unstable", "event"]);
    writer.write_record(names).map_err(|error| failed(&error))?;
    for point in &traced.branch.points {
        let mut fields = vec![full(point.a)];
        fields.extend(point.z.iter().map(|z| full(*z)));
        fields.push(full(point.arclength));
        fields.push(sign(point).map_or_else(String::new, |sign| sign.to_string()));
        fields.push(point.stable().map_or_else(String::new, |stable| stable.to_string()));
        fields.push(point.unstable.map_or_else(String::new, |unstable| unstable.to_string()));
        fields.push(point.event.map_or("", Event::name).to_owned());
        writer.write_record(&fields).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The sign of det dg/dz.
fn sign(point: &Point) -> Option<i8> {
    point.positive.map(|positive| if positive { 1 } else { -1 })
}

/// One object; numbers that do not exist are null.
pub(super) fn json(traced: &Traced) -> Value {
    let branch = &traced.branch;
    let place = |point: &Point| -> Map<String, Value> {
        let unknowns: Map<String, Value> =
            traced.unknowns.iter().zip(&point.z).map(|(name, z)| (name.clone(), json!(z))).collect();
        Map::from_iter([("parameter".to_owned(), json!(point.a)), ("unknowns".to_owned(), Value::Object(unknowns))])
    };
    let event = |point: &Point| -> Value {
        let mut object = place(point);
        match point.event {
            Some(Event::Fold { bend }) => _ = object.insert("bend".to_owned(), json!(bend)),
            Some(Event::Hopf { frequency }) => _ = object.insert("frequency".to_owned(), json!(frequency)),
            _ => {}
        }
        Value::Object(object)
    };
    let points = branch.points.iter().map(|point| {
        let mut object = place(point);
        let more = json!({
            "arclength": point.arclength,
            "determinant": sign(point),
            "stable": point.stable(),
            "unstable": point.unstable,
            "event": point.event.map(Event::name),
        });
        if let Value::Object(more) = more {
            object.extend(more);
        }
        Value::Object(object)
    });
    let object = |list: &[(String, f64)]| -> Map<String, Value> {
        list.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
    };
    json!({
        "constants": object(&traced.constants),
        "values": object(&traced.values),
        "parameter": traced.parameter,
        "unknowns": traced.unknowns,
        "start_solved": traced.solved,
        "start": branch.start,
        "complete": branch.is_complete(),
        "closed": branch.is_closed(),
        "stop": branch.stops.iter().map(|stop| stop.as_ref().map(|stop| stop.name())).collect::<Vec<_>>(),
        "reason": branch.stops.iter().map(|stop| stop.as_ref().map(|stop| traced.reason(stop))).collect::<Vec<_>>(),
        "folds": branch.folds().map(event).collect::<Vec<_>>(),
        "turns": branch.turns().map(event).collect::<Vec<_>>(),
        "branch_points": branch.branch_points().map(event).collect::<Vec<_>>(),
        "hopf": branch.hopf_points().map(event).collect::<Vec<_>>(),
        "corners": branch.corners().map(event).collect::<Vec<_>>(),
        "points": points.collect::<Vec<_>>(),
    })
}

/// The same where there is nothing to begin with.
pub(super) fn no_branch(request: &Traceable, answer: &Answer, why: &str) -> Value {
    json!({
        "parameter": request.name,
        "unknowns": request.setup.system.unknowns(),
        "complete": false,
        "reason": why,
        "points": [],
        "search": answer.to_json(),
    })
}
