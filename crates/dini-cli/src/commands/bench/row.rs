//! One line of the result.

use serde::Serialize;

use super::case::Case;
use super::clock::Spread;
use crate::failure::{Failure, Outcome};
use crate::output::say;

/// A case solved by a pair of methods; what could not be measured is null.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub case: &'static str,
    pub n: usize,
    pub batch: usize,
    pub dtype: &'static str,
    pub tol: f64,
    pub solver: &'static str,
    pub adjoint: &'static str,
    pub threads: usize,
    /// Median time of the solve.
    pub forward_ms: Option<f64>,
    /// Median time of solve and gradient.
    pub total_ms: Option<f64>,
    /// Time of the matrix products alone; see [`Bound`](super::gemm::Bound).
    pub gemm_bound_ms: Option<f64>,
    /// Largest relative error of a sample's z*.
    pub z_error: Option<f64>,
    /// Largest relative error of a sample's gradient.
    pub dx_error: Option<f64>,
    /// `total_ms` / `gemm_bound_ms`.
    pub ratio: Option<f64>,
    /// The same bound for the products of the plain fixed-point iteration and its adjoint.
    pub fixed_point_bound_ms: Option<f64>,
    /// `total_ms` / `fixed_point_bound_ms`.
    pub fixed_point_ratio: Option<f64>,
    /// Quartiles.
    pub forward_iqr_ms: Option<[f64; 2]>,
    /// Quartiles.
    pub total_iqr_ms: Option<[f64; 2]>,
    /// Evaluations and Jacobian products of the forward solve, of the whole batch.
    pub evaluations: Option<f64>,
    /// Products of the adjoint solve, of the whole batch.
    pub products: Option<f64>,
    pub repetitions: usize,
    /// "converged", or why there is no result.
    pub status: String,
}

impl Row {
    /// A row without measurements.
    pub fn new(case: &Case, (solver, adjoint): (&'static str, &'static str), threads: usize) -> Self {
        Row {
            case: case.name,
            n: case.n,
            batch: case.batch,
            dtype: case.dtype.name(),
            tol: case.tol,
            solver,
            adjoint,
            threads,
            forward_ms: None,
            total_ms: None,
            gemm_bound_ms: None,
            z_error: None,
            dx_error: None,
            ratio: None,
            fixed_point_bound_ms: None,
            fixed_point_ratio: None,
            forward_iqr_ms: None,
            total_iqr_ms: None,
            evaluations: None,
            products: None,
            repetitions: 0,
            status: CONVERGED.into(),
        }
    }

    pub fn set_times(&mut self, forward: Spread, total: Spread, repetitions: usize) {
        (self.forward_ms, self.forward_iqr_ms) = (Some(forward.median), Some(forward.quartiles));
        (self.total_ms, self.total_iqr_ms) = (Some(total.median), Some(total.quartiles));
        self.repetitions = repetitions;
    }

    pub fn json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|e| Failure::unsolved(format!("a row cannot be written: {e}")))
    }

    fn text(&self) -> String {
        let head = format!("{:<14} {:<14} {:<12}", self.case, self.solver, self.adjoint);
        if self.status != CONVERGED {
            return format!("{head} {}", self.status);
        }
        let spread = match (self.total_ms, self.total_iqr_ms) {
            (Some(median), Some([low, high])) => format!("{:.0} %", 100.0 * (high - low) / median),
            _ => "-".into(),
        };
        let time = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.4}"));
        let ratio = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.2}"));
        let error = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.1e}"));
        let count = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.1}"));
        format!(
            "{head} {:>11} {:>11} {spread:>6} {:>11} {:>6} {:>6} {:>8} {:>8} {:>7} {:>7}",
            time(self.forward_ms),
            time(self.total_ms),
            time(self.gemm_bound_ms),
            ratio(self.ratio),
            ratio(self.fixed_point_ratio),
            error(self.z_error),
            error(self.dx_error),
            count(self.evaluations),
            count(self.products),
        )
    }
}

const CONVERGED: &str = "converged";

/// Prints rows as they come.
pub(super) struct Printer {
    json: bool,
    rows: usize,
    converged: bool,
}

impl Printer {
    pub fn new(json: bool) -> Self {
        Printer { json, rows: 0, converged: false }
    }

    pub fn print(&mut self, row: &Row) -> Outcome {
        if self.rows == 0 && !self.json {
            head(row.threads)?;
        }
        self.rows += 1;
        self.converged |= row.status == CONVERGED;
        let line = if self.json { row.json()? } else { row.text() };
        say!("{line}");
        Ok(())
    }

    /// Fails where no row has converged.
    pub fn outcome(self) -> Outcome {
        if self.converged { Ok(()) } else { Err(Failure::unsolved("no method has converged")) }
    }
}

fn head(threads: usize) -> Outcome {
    say!("{threads} threads; times in ms, spread is the interquartile range of total");
    say!(
        "{:<14} {:<14} {:<12} {:>11} {:>11} {:>6} {:>11} {:>6} {:>6} {:>8} {:>8} {:>7} {:>7}",
        "case",
        "solver",
        "adjoint",
        "forward",
        "total",
        "spread",
        "gemm-bound",
        "ratio",
        "plain",
        "z-error",
        "dx-error",
        "evals",
        "adjoint"
    );
    Ok(())
}
