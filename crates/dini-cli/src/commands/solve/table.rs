//! Rows of a sweep, as text, CSV and JSON.

use std::fmt;

use serde_json::{Value, json};

use super::answer::{Answer, number, pad, width};
use super::request::SolveError;

/// Significant digits of the text.
const DIGITS: usize = 10;

/// An answer at one value of the symbol swept.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub value: f64,
    pub answer: Answer,
    /// Whether the root of the row before could not be followed to this one.
    pub jump: bool,
}

impl Row {
    /// What there is to say of it, if anything.
    fn note(&self) -> String {
        let answer = &self.answer;
        if !answer.solved() {
            return format!("not solved: {}", answer.status);
        }
        let jump = if self.jump { "another branch: the root before could not be followed" } else { "" };
        let refused = if answer.verdict.holds { "" } else { answer.verdict.reason.as_str() };
        [jump, refused].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// The rows of a sweep, of the same unknowns.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The symbol swept; none in a table of one row.
    pub name: Option<String>,
    pub rows: Vec<Row>,
}

impl Table {
    pub fn solved(&self) -> bool {
        self.rows.iter().all(|row| row.answer.solved())
    }

    /// The derivatives shown in the text, by the symbol swept: unknown and parameter.
    fn slopes(&self, answer: &Answer) -> Vec<(usize, usize)> {
        let place = answer.parameters.iter().position(|name| Some(name) == self.name.as_ref());
        place.map_or(Vec::new(), |p| (0..answer.unknowns.len()).map(|i| (i, p)).collect())
    }

    /// A line of names and a line a row, with all derivatives; fields that do not exist are empty.
    pub fn to_csv(&self) -> Result<String, SolveError> {
        let Some(Row { answer: first, .. }) = self.rows.first() else { return Ok(String::new()) };
        let shown = if first.leaves_derivatives_out() { 0 } else { first.unknowns.len() };
        let places: Vec<(usize, usize)> =
            (0..shown).flat_map(|i| (0..first.parameters.len()).map(move |p| (i, p))).collect();
        let derivative = |(i, p): &(usize, usize)| format!("d{}/d{}", first.unknowns[*i], first.parameters[*p]);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut names: Vec<String> = self.name.iter().cloned().chain(first.unknowns.iter().cloned()).collect();
        names.extend(places.iter().map(derivative));
        names.extend(["status", "holds", "jump", "note"].map(str::to_owned));
        let failed = |error: csv::Error| SolveError::Option(format!("cannot write CSV: {error}"));
        writer.write_record(&names).map_err(failed)?;
        for row in &self.rows {
            let answer = &row.answer;
            let known = |z: &f64| if answer.solved() { full(*z) } else { String::new() };
            let mut fields: Vec<String> = self.name.iter().map(|_| full(row.value)).collect();
            fields.extend(answer.solution.iter().map(known));
            fields.extend(places.iter().map(|&(i, p)| answer.derivative(i, p).map_or_else(String::new, full)));
            fields.push(answer.status.name().to_owned());
            fields.extend([answer.verdict.holds, row.jump].map(|flag| flag.to_string()));
            fields.push(row.note());
            writer.write_record(&fields).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| SolveError::Option(format!("cannot write CSV: {error}")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The symbol swept, and an object a row: its value, whether there was a jump, and the answer.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let mut object = json!({ "value": row.value, "jump": row.jump });
            if let (Value::Object(object), Value::Object(answer)) = (&mut object, row.answer.to_json()) {
                object.extend(answer);
            }
            object
        };
        json!({ "sweep": self.name, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Row { answer: first, .. }) = self.rows.first() else { return Ok(()) };
        let slopes = self.slopes(first);
        let by = self.name.as_deref().unwrap_or_default();
        let mut lines = vec![Vec::from_iter(self.name.clone())];
        lines[0].extend(first.unknowns.iter().cloned());
        lines[0].extend(slopes.iter().map(|(i, _)| format!("d{}/d{by}", first.unknowns[*i])));
        // room for a sign, as in the numbers
        lines[0].iter_mut().for_each(|name| name.insert(0, ' '));
        for row in &self.rows {
            let known = |z: &f64| if row.answer.solved() { short(*z) } else { " -".to_owned() };
            let mut line: Vec<String> = self.name.iter().map(|_| short(row.value)).collect();
            line.extend(row.answer.solution.iter().map(known));
            line.extend(
                slopes.iter().map(|&(i, p)| row.answer.derivative(i, p).map_or_else(|| " -".to_owned(), short)),
            );
            lines.push(line);
        }
        let column = |k: usize| lines.iter().map(|line| line[k].clone()).collect::<Vec<_>>();
        let widths: Vec<usize> = (0..lines[0].len()).map(|k| width(&column(k))).collect();
        let notes = [String::new()].into_iter().chain(self.rows.iter().map(Row::note));
        for (line, note) in lines.iter().zip(notes) {
            let cells: Vec<String> = line.iter().zip(&widths).map(|(text, width)| pad(text, *width)).collect();
            writeln!(f, "{}", format!("{}  {note}", cells.join(" ")).trim_end())?;
        }
        Ok(())
    }
}

/// All digits.
fn full(v: f64) -> String {
    number(v).trim_start().to_owned()
}

/// A number to ten digits.
fn short(v: f64) -> String {
    number(format!("{v:.*e}", DIGITS - 1).parse().unwrap_or(v))
}
