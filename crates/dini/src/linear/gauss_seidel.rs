//! Symmetric block Gauss-Seidel iteration for linear systems.

use num_traits::Zero;

use super::alternation::{Alternation, Look};
use super::{LinearRecord, MAX_WINDOW};
use crate::Real;
use crate::batch::{Batch, Keep, pick};
use crate::error::{Error, UserError};
use crate::outcome::Stop;
use crate::problem::{Eval, Pass};

/// Symmetric block Gauss-Seidel iteration on J x = b or J^T x = b, J = I - (a product in blocks): the linear counterpart of
/// [`solve::GaussSeidel`](crate::solve::GaussSeidel), which see.
///
/// Cost: half a product a pass, among them one that measures the residual at the end. Memory: eight batches, and 3 m + 4 with a
/// window of m.
///
/// Source: V. Conrad and Y. Wallach (1979), Numer. Math. 32, 105-108.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct GaussSeidel {
    /// Number m of differences kept for Anderson mixing of two passes at a time, 0..=16 (default 0: none).
    pub window: usize,
    /// Most iterations, of two passes each (default 500).
    pub max_iterations: usize,
    /// Passes in a row that may miss `gain` before a sample ends (default 40).
    pub patience: usize,
    /// Factor by which a pass should reduce the change, in (0, 1) (dimensionless; default 0.99).
    pub gain: f64,
}

impl Default for GaussSeidel {
    fn default() -> Self {
        GaussSeidel { window: 0, max_iterations: 500, patience: 40, gain: 0.99 }
    }
}

/// One pass over the rows of these numbers, with their right-hand sides.
pub(crate) type LinearPass<'a, V> = dyn FnMut(&[usize], &V, Pass<'_, V>, &mut V, &mut V) -> Eval + 'a;

/// What is remembered of a sample.
#[derive(Clone, Copy)]
struct Row {
    norm_b: f64,
    best: f64,
    best_at: usize,
    /// why it is given up, once it has been measured
    closing: Option<Stop>,
}

impl Row {
    fn new(norm_b: f64) -> Self {
        Row { norm_b, best: f64::INFINITY, best_at: 0, closing: None }
    }

    /// Why the sample ends with a change, or a residual, of this norm, if it does.
    fn judge(&self, norm: f64, measured: bool, tolerance: f64) -> Option<Stop> {
        if !norm.is_finite() {
            Some(Stop::NonFinite)
        } else if measured && norm <= tolerance * self.norm_b {
            Some(Stop::Converged)
        } else {
            self.closing.filter(|_| measured)
        }
    }

    /// Takes note of it where the sample goes on, after so many passes.
    fn see(&mut self, passes: usize, norm: f64, method: &GaussSeidel) {
        if norm < method.gain * self.best {
            (self.best, self.best_at) = (norm, passes);
        } else if passes >= self.best_at + method.patience {
            self.closing = Some(Stop::Stagnated);
        }
        if passes + 2 >= 2 * method.max_iterations {
            self.closing.get_or_insert(Stop::IterationLimit);
        }
    }
}

impl GaussSeidel {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the field.
    pub fn validate(&self) -> Result<(), Error> {
        for (name, value) in [("max_iterations", self.max_iterations), ("patience", self.patience)] {
            if value == 0 {
                return Err(Error::option(name, 0, "it must be at least 1"));
            }
        }
        if self.window > MAX_WINDOW {
            return Err(Error::option("window", self.window, "it must lie in 0..=16"));
        }
        if self.gain > 0.0 && self.gain < 1.0 {
            Ok(())
        } else {
            Err(Error::option("gain", self.gain, "it must lie between 0 and 1"))
        }
    }

    /// Solves to ||b - A x|| <= `tolerance` ||b||; one record per sample.
    pub(crate) fn solve<V: Batch>(
        &self,
        make: &mut LinearPass<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: f64,
    ) -> Result<Vec<LinearRecord>, UserError> {
        let samples = b.samples();
        let mut records = vec![LinearRecord { residual: f64::INFINITY, condition: 1.0, ..Default::default() }; samples];
        let mut norms = vec![V::Scalar::zero(); samples];
        b.norms(&mut norms);
        let mut state: Vec<Row> = norms.iter().map(|norm| Row::new(norm.as_f64())).collect();
        let mut rows: Vec<usize> = (0..samples).collect();
        let (mut b, mut z, mut change) = (b.clone(), b.zeros(samples), b.zeros(samples));
        let mut passes = Alternation::new(&b, self.window);
        let (mut made, mut measured) = (0, vec![false; samples]);
        let (mut keep, mut ended) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        while !rows.is_empty() {
            let pass = &mut |part: Option<&[usize]>, pass: Pass<'_, V>, z: &mut V, change: &mut V| match part {
                None => make(&rows, &b, pass, z, change),
                Some(part) => {
                    let numbers: Vec<usize> = part.iter().map(|&i| rows[i]).collect();
                    make(&numbers, &pick(&b, part), pass, z, change)
                }
            };
            made += passes.advance(&mut z, &mut change, pass)?;
            let look = |i: usize| {
                if state[i].closing.is_some() { Look::Now } else { Look::Within(tolerance * state[i].norm_b) }
            };
            measured.fill(false);
            passes.look(look, &mut z, &mut change, pass)?.iter().for_each(|&i| measured[i] = true);
            keep.clear();
            ended.clear();
            for (i, row) in state.iter_mut().enumerate() {
                let norm = passes.norm(i);
                let Some(stop) = row.judge(norm, measured[i], tolerance) else {
                    row.see(made, norm, self);
                    keep.push(i);
                    continue;
                };
                ended.push(i);
                let residual = if norm == 0.0 { 0.0 } else { norm / row.norm_b };
                let residual = if residual.is_nan() { f64::INFINITY } else { residual };
                let iterations = (made + usize::from(measured[i])).div_ceil(2);
                records[rows[i]] = LinearRecord { stop, residual, iterations, condition: 1.0 };
            }
            if ended.is_empty() {
                continue;
            }
            let numbers: Vec<usize> = ended.iter().map(|&i| rows[i]).collect();
            x.put(&numbers, &z, &ended);
            if !keep.is_empty() {
                [&mut b, &mut z, &mut change].into_iter().for_each(|v| v.keep(&keep));
                passes.keep(&keep);
            }
            for (to, &from) in keep.iter().enumerate() {
                (state[to], rows[to]) = (state[from], rows[from]);
            }
            state.truncate(keep.len());
            rows.truncate(keep.len());
        }
        Ok(records)
    }
}
