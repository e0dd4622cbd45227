//! Cost against n, B, tolerance and threads.

use std::path::Path;
use std::time::Duration;

use super::case::{self, Case, DType};
use super::plot::{Chart, Line};
use super::row::Row;
use super::runner::Runner;
use crate::failure::Outcome;
use crate::files::{FileError, write_whole};
use crate::output::say;

/// What is varied around n = 256, B = 64, f32, tolerance 1e-4.
struct Series {
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    /// The number on the axis.
    place: fn(&Row) -> f64,
    points: fn() -> Vec<Point>,
}

/// A case and the threads it is run on.
type Point = (Case, Option<usize>);

const SERIES: [Series; 4] = [
    Series {
        name: "n",
        title: "Solve and gradient, B = 64, f32, tolerance 1e-4",
        axis: "n",
        place: |row| row.n as f64,
        points: || [16, 32, 64, 128, 256, 512, 1024].map(|n| (Case { n, ..base("sweep-n") }, None)).to_vec(),
    },
    Series {
        name: "batch",
        title: "Solve and gradient, n = 256, f32, tolerance 1e-4",
        axis: "B",
        place: |row| row.batch as f64,
        points: || [1, 4, 16, 64, 256, 1024].map(|batch| (Case { batch, ..base("sweep-batch") }, None)).to_vec(),
    },
    Series {
        name: "tolerance",
        title: "Solve and gradient, n = 256, B = 64, f64",
        axis: "relative tolerance per sample",
        place: |row| row.tol,
        points: || {
            let tolerances = [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12];
            tolerances.map(|tol| (Case { tol, dtype: DType::F64, ..base("sweep-tolerance") }, None)).to_vec()
        },
    },
    Series {
        name: "threads",
        title: "Solve and gradient, n = 256, B = 64, f32, tolerance 1e-4",
        axis: "threads",
        place: |row| row.threads as f64,
        points: || {
            let most = std::thread::available_parallelism().map_or(1, usize::from);
            let counts = std::iter::successors(Some(1), |t| (t * 2 <= most).then_some(t * 2));
            counts.map(|threads| (base("sweep-threads"), Some(threads))).collect()
        },
    },
];

/// The case that the series go through.
fn base(name: &'static str) -> Case {
    Case { name, ..case::CASES[1].clone() }
}

/// Runs all series; writes `sweep.jsonl` and one chart a series into `folder`.
pub(super) fn run(folder: &Path, seed: u64, budget: Duration) -> Outcome {
    std::fs::create_dir_all(folder).map_err(|e| FileError::io("cannot make the folder", folder, &e))?;
    let mut lines = String::new();
    for series in &SERIES {
        let mut rows = Vec::new();
        for (case, threads) in (series.points)() {
            let runner = Runner::new(threads, budget)?;
            runner.case(&case, seed, |row| {
                rows.push(row.clone());
                Ok(())
            })?;
        }
        series.chart(&rows).write(&folder.join(format!("{}.svg", series.name)))?;
        for row in &rows {
            lines = lines + &row.json()? + "\n";
        }
        // after every series, so that what ends the next one does not end these
        write_whole(&folder.join("sweep.jsonl"), lines.as_bytes())?;
        say!("{}: {} rows", series.name, rows.len());
    }
    Ok(())
}

impl Series {
    /// One line a pair of methods, and the bound of the cheapest.
    fn chart(&self, rows: &[Row]) -> Chart<'_> {
        let mut lines: Vec<Line> = Vec::new();
        let mut bounds: Vec<(f64, f64)> = Vec::new();
        for row in rows {
            let place = (self.place)(row);
            if let Some(bound) = row.gemm_bound_ms {
                match bounds.last_mut().filter(|last| last.0 == place) {
                    Some(last) => last.1 = last.1.min(bound),
                    None => bounds.push((place, bound)),
                }
            }
            let name = format!("{} + {}", row.solver, row.adjoint);
            let point = (place, row.total_ms.unwrap_or(f64::NAN));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name, points: vec![point] }),
            }
        }
        lines.push(Line { name: "smallest GEMM bound".into(), points: bounds });
        Chart { title: self.title, axes: (self.axis, "ms"), lines }
    }
}
