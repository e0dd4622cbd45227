//! Symmetric block Gauss-Seidel iteration for linear systems.

use num_traits::Zero;

use super::{Alternation, LinearRecord, Stop};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, UserError};
use crate::problem::{Eval, Pass};

/// Symmetric block Gauss-Seidel iteration on J x = b or J^T x = b, J = I - (a product in blocks): the linear counterpart of
/// [`solve::GaussSeidel`](crate::solve::GaussSeidel), which see.
///
/// Cost: half a product a pass, among them one that measures the residual at the end. Memory: five batches.
///
/// Source: V. Conrad and Y. Wallach (1979), doi:10.1007/BF01397655.
#[derive(Clone, Debug)]
pub struct GaussSeidel {
    /// Most sweeps, of two passes each (default 500).
    pub max_iterations: usize,
    /// Passes in a row that may miss `gain` before a sample ends (default 40).
    pub patience: usize,
    /// Factor by which a pass should reduce the change, in (0, 1) (dimensionless; default 0.99).
    pub gain: f64,
}

impl Default for GaussSeidel {
    fn default() -> Self {
        GaussSeidel { max_iterations: 500, patience: 40, gain: 0.99 }
    }
}

/// One pass over the rows given, which has a row of x, and of the right-hand side, for each.
pub(crate) type Sweep<'a, V> = dyn FnMut(&[usize], &V, Pass<'_, V>, &mut V, &mut V) -> Eval + 'a;

/// What is remembered of a sample.
#[derive(Clone, Copy)]
struct Row {
    number: usize,
    norm_b: f64,
    best: f64,
    best_at: usize,
    /// why it is given up, once it has been measured
    closing: Option<Stop>,
}

impl Row {
    /// Why the sample ends with a residual of this norm, if it does.
    fn measured(&self, norm: f64, tolerance: f64) -> Option<Stop> {
        if norm <= tolerance * self.norm_b { Some(Stop::Converged) } else { self.closing }
    }

    /// Takes note of a change.
    fn see(&mut self, pass: usize, norm: f64, method: &GaussSeidel) {
        if norm < method.gain * self.best {
            (self.best, self.best_at) = (norm, pass);
        } else if pass >= self.best_at + method.patience {
            self.closing = Some(Stop::Stagnated);
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
        if self.gain > 0.0 && self.gain < 1.0 {
            Ok(())
        } else {
            Err(Error::option("gain", self.gain, "it must lie between 0 and 1"))
        }
    }

    /// Solves to ||b - A x|| <= `tolerance` ||b||; one record per sample.
    pub(crate) fn solve<V: Batch>(
        &self,
        sweep: &mut Sweep<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: f64,
    ) -> Result<Vec<LinearRecord>, UserError> {
        let samples = b.samples();
        let mut records = vec![LinearRecord { residual: f64::INFINITY, condition: 1.0, ..Default::default() }; samples];
        let mut norms = vec![V::Scalar::zero(); samples];
        b.norms(&mut norms);
        let start = |(number, norm): (usize, &V::Scalar)| Row {
            number,
            norm_b: norm.as_f64(),
            best: f64::INFINITY,
            best_at: 0,
            closing: None,
        };
        let mut state: Vec<Row> = norms.iter().enumerate().map(start).collect();
        let mut rows: Vec<usize> = (0..samples).collect();
        let (mut b, mut z, mut change) = (b.clone(), b.zeros(samples), b.zeros(samples));
        let mut passes = Alternation::new(&b);
        let (mut keep, mut ended) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        let last = 2 * self.max_iterations;
        for pass in 1..=last {
            sweep(&rows, &b, passes.pass(), &mut z, &mut change)?;
            change.norms(&mut norms);
            keep.clear();
            ended.clear();
            for (i, row) in state.iter_mut().enumerate() {
                let norm = norms[i].as_f64();
                let stop = if !norm.is_finite() {
                    Some(Stop::NonFinite)
                } else if passes.held(i) {
                    row.measured(norm, tolerance)
                } else {
                    row.see(pass, norm, self);
                    None
                };
                let Some(stop) = stop else {
                    keep.push(i);
                    continue;
                };
                ended.push(i);
                let residual = if norm == 0.0 { 0.0 } else { norm / row.norm_b };
                let residual = if residual.is_nan() { f64::INFINITY } else { residual };
                records[row.number] = LinearRecord { stop, residual, iterations: pass.div_ceil(2), condition: 1.0 };
            }
            if !ended.is_empty() {
                let numbers: Vec<usize> = ended.iter().map(|&i| state[i].number).collect();
                x.put(&numbers, &z, &ended);
                b.keep(&keep);
                z.keep(&keep);
                change.keep(&keep);
                passes.keep(&keep);
                for (to, &from) in keep.iter().enumerate() {
                    (state[to], norms[to], rows[to]) = (state[from], norms[from], rows[from]);
                }
                state.truncate(keep.len());
                rows.truncate(keep.len());
            }
            if rows.is_empty() {
                break;
            }
            passes.decide(|i| (norms[i].as_f64(), tolerance * state[i].norm_b));
            for (i, row) in state.iter_mut().enumerate() {
                if pass + 1 >= last {
                    row.closing.get_or_insert(Stop::IterationLimit);
                }
                if row.closing.is_some() {
                    passes.hold(i);
                }
            }
        }
        Ok(records)
    }
}
