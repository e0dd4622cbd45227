//! One sample of a problem and the points around its z*.

use super::{Matrix, pattern};
use crate::Real;
use crate::batch::Batch;
use crate::error::UserError;
use crate::problem::{Active, Evaluator, Linearize, Scalar, Sparsity};

/// The only slot of a batch of one.
const ONLY: [usize; 1] = [0];

/// g around z* for one sample, in f64 whatever the scalar of the problem.
pub(crate) struct Neighbourhood<'a, P: Linearize> {
    eval: Evaluator<'a, P>,
    /// z*
    pub z: Vec<f64>,
    /// g(z*)
    pub g: Vec<f64>,
    state: P::State,
    out: P::State,
    row: Vec<Scalar<P>>,
}

impl<'a, P: Linearize> Neighbourhood<'a, P> {
    /// Evaluates g and J at `state`, a batch of one that belongs to `sample`.
    pub fn new(problem: &'a P, state: P::State, sample: usize) -> Result<(Self, Matrix), UserError> {
        let n = state.width();
        let (around, tape) = Self::at(problem, state, sample)?;
        let (pattern, mut vectors) = (pattern(problem, n), (around.state.zeros(1), around.state.zeros(1)));
        let mut entries = vec![Scalar::<P>::default(); pattern.map_or(n * n, Sparsity::entries)];
        match pattern {
            Some(pattern) => around.eval.sparse_jacobians(pattern, &tape, &mut vectors, &mut entries)?,
            None => around.eval.jacobians(&tape, &mut vectors, &mut entries)?,
        }
        let entries = entries.into_iter().map(Real::as_f64).collect();
        let matrix = match pattern {
            Some(pattern) => Matrix::sparse(pattern.clone(), entries),
            None => Matrix::dense(n, entries),
        };
        Ok((around, matrix))
    }

    /// Evaluates g at `state`, and linearises there.
    pub fn at(problem: &'a P, state: P::State, sample: usize) -> Result<(Self, P::Tape), UserError> {
        let n = state.width();
        let eval = Evaluator::new(problem, Active::new(&ONLY, sample, true));
        let mut out = state.zeros(1);
        eval.residual(&state, &mut out)?;
        let mut tape = problem.tape(&state);
        eval.linearize(&state, &out, &mut tape)?;
        let mut row = vec![Scalar::<P>::default(); n];
        let wide = |row: &[Scalar<P>]| row.iter().map(|v| v.as_f64()).collect::<Vec<f64>>();
        state.read(0, &mut row);
        let z = wide(&row);
        out.read(0, &mut row);
        let g = wide(&row);
        Ok((Neighbourhood { eval, z, g, state, out, row }, tape))
    }

    /// z*, as a batch of one.
    pub fn state(&self) -> &P::State {
        &self.state
    }

    /// z* - d, as a batch of one.
    pub fn moved(mut self, d: &[f64]) -> P::State {
        for ((row, z), d) in self.row.iter_mut().zip(&self.z).zip(d) {
            *row = Scalar::<P>::of(z - d);
        }
        self.state.write(0, &self.row);
        self.state
    }

    /// Evaluations so far.
    pub fn evaluations(&self) -> u64 {
        self.eval.evaluations()
    }

    /// z* with these values in these places, as a batch of one.
    pub fn with_values(&mut self, places: &[(usize, f64)]) -> P::State {
        for (row, z) in self.row.iter_mut().zip(&self.z) {
            *row = Scalar::<P>::of(*z);
        }
        places.iter().for_each(|&(j, value)| self.row[j] = Scalar::<P>::of(value));
        self.state.write(0, &self.row);
        self.state.clone()
    }

    /// Moves by about `d`: writes the step as it is representable to `step` and g(z* + step) - g(z*) to `change`.
    pub fn change(&mut self, d: &[f64], step: &mut [f64], change: &mut [f64]) -> Result<(), UserError> {
        self.values(d, step, change)?;
        change.iter_mut().zip(&self.g).for_each(|(change, g)| *change -= g);
        Ok(())
    }

    /// The same with g(z* + step) itself.
    pub fn values(&mut self, d: &[f64], step: &mut [f64], values: &mut [f64]) -> Result<(), UserError> {
        for (((row, z), d), step) in self.row.iter_mut().zip(&self.z).zip(d).zip(step) {
            *row = Scalar::<P>::of(z + d);
            *step = row.as_f64() - z;
        }
        self.state.write(0, &self.row);
        self.eval.residual(&self.state, &mut self.out)?;
        self.out.read(0, &mut self.row);
        self.row.iter().zip(values).for_each(|(row, value)| *value = row.as_f64());
        Ok(())
    }
}
