//! The scoreboard as text, and back.

use std::fmt::Write;

use dini::solve::AnySolver;

use super::{Line, MAX_ITERATIONS, Verdict};

/// What a table says of one solver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Name of the solver.
    pub solver: String,
    /// Problems it solved.
    pub solved: Vec<String>,
}

/// The table: a problem a row, a solver a column, `+ iterations evaluations` where solved.
pub fn print(lines: &[Line]) -> String {
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|l| {
            let cells = l.cells.iter().map(ToString::to_string);
            [l.name.to_owned(), l.unknowns.to_string()].into_iter().chain(cells).collect()
        })
        .collect();
    let header = ["problem", "n"].into_iter().chain(AnySolver::NAMES).map(str::to_owned).collect();
    let solved = |i: usize| lines.iter().filter(|l| l.cells[i].verdict == Verdict::Solved).count();
    let solvable = lines.iter().filter(|l| l.solvable).count();
    let counts = (0..AnySolver::NAMES.len()).map(|i| format!("{} of {solvable}", solved(i)));
    rows.insert(0, header);
    rows.push(["solved".to_owned(), String::new()].into_iter().chain(counts).collect());

    let columns = rows[0].len();
    let width = |c: usize| rows.iter().map(|r| r[c].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = format!(
        "# + iterations evaluations accuracy: solved within {MAX_ITERATIONS} iterations; accuracy is the correction left, relative to z.\n\
         # - status: not solved. ~: a residual within the tolerance where there is no root.\n\
         # Written by `cargo run --release -p dini-testkit --example scoreboard -- --record`.\n"
    );
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &w)| format!("{cell:w$}")).collect();
        writeln!(text, "{}", cells.join(" | ").trim_end()).expect("writing to a string");
    }
    text
}

/// Reads back what [`print()`] has written; text that is no table has no solvers.
pub fn parse(text: &str) -> Vec<Recorded> {
    let mut rows = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let Some(header) = rows.next() else { return Vec::new() };
    let mut solvers: Vec<Recorded> =
        header.iter().skip(2).map(|s| Recorded { solver: (*s).to_owned(), solved: Vec::new() }).collect();
    for row in rows {
        for (solver, cell) in solvers.iter_mut().zip(row.iter().skip(2)) {
            if cell.starts_with('+') {
                solver.solved.push(row[0].to_owned());
            }
        }
    }
    solvers
}
