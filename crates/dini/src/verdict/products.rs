//! J by its products alone: scaled, its extreme singular values, and solves to as much as the verdict needs.

use std::cell::Cell;

use num_traits::Float;

use crate::Real;
use crate::batch::{Batch, numbers};
use crate::error::UserError;
use crate::kernels::{scratch, vector};
use crate::linear::{Gmres, LinearRecord, LinearSolver, System};
use crate::outcome::Stop;
use crate::problem::{Active, Evaluator, Linearize, Scalar};
use crate::solve::root::{Slope, general_position};

/// Products with random signs from which the lengths of rows and columns are estimated: what is off by a factor of two is left.
const PROBES: u64 = 8;
/// Iterations for the largest singular value, which need not be sharp.
const POWER: usize = 6;
/// Starts and sweeps of inverse iteration for the smallest one; a sweep is two solves.
const STARTS: u64 = 2;
const SWEEPS: usize = 8;
/// Growth of the estimate from which another sweep is worth its solves.
const GROWING: f64 = 1.05;
/// Relative residual of its solves, times 1 / sqrt(n): less than the part of a vector of general position along any one direction.
const GENERAL: f64 = 1e-3;
/// What a residual may hide of a step, as a share of what the test allows.
const HIDDEN: f64 = 0.1;
/// Relative residual of a solve at most.
const LOOSEST: f64 = 1e-2;
const SOLVER: Gmres = Gmres { restart: 50, max_iterations: 1000 };
/// Solves that may fail before no more are tried.
const MISSED: usize = 3;
/// The only slot of a batch of one.
const ONLY: [usize; 1] = [0];

/// r <- M^-1 r, or M^-T r, with an M near J; false where there is none.
pub(super) type Near<'a, V> = &'a dyn Fn(&mut V, bool) -> bool;

/// J = dg/dz of one sample, by products.
pub(super) struct Products<'a, P: Linearize> {
    eval: Evaluator<'a, P>,
    tape: P::Tape,
    near: Near<'a, P::State>,
    /// a batch of one
    like: P::State,
    /// R and C, of R J C
    rows: Vec<f64>,
    columns: Vec<f64>,
    largest: f64,
    smallest: f64,
    weakest: Vec<f64>,
    /// the first solve that was not finished
    unsolved: Cell<Option<(Stop, f64)>>,
    missed: Cell<usize>,
}

impl<'a, P: Linearize> Products<'a, P> {
    /// J on `tape`, a linearisation of one sample at `like`.
    pub fn new(
        problem: &'a P,
        sample: usize,
        (tape, like): (P::Tape, P::State),
        near: Near<'a, P::State>,
    ) -> Result<Self, UserError> {
        let (n, eval) = (like.width(), Evaluator::new(problem, Active::new(&ONLY, sample, true)));
        let (rows, columns) = (vec![1.0; n], vec![1.0; n]);
        let (unsolved, missed) = (Cell::new(None), Cell::new(0));
        let (largest, smallest, weakest) = (f64::NAN, 0.0, Vec::new());
        let mut j = Products { eval, tape, near, like, rows, columns, largest, smallest, weakest, unsolved, missed };
        j.rows = j.lengths(false)?;
        j.columns = j.lengths(true)?;
        j.largest = j.power()?;
        if j.largest.is_finite() && j.largest > 0.0 {
            j.invert()?;
        }
        Ok(j)
    }

    /// Whether its products are finite.
    pub fn is_finite(&self) -> bool {
        self.largest.is_finite()
    }

    /// The first solve that was not finished: why, and its relative residual.
    pub fn unsolved(&self) -> Option<(Stop, f64)> {
        self.unsolved.get()
    }

    /// R J C v, or its transpose.
    fn multiply(&self, v: &[f64], transposed: bool) -> Result<Vec<f64>, UserError> {
        let mut out = self.like.zeros(1);
        self.product(&self.state(v), &mut out, transposed)?;
        Ok(numbers(&out, 0))
    }

    fn product(&self, v: &P::State, out: &mut P::State, transposed: bool) -> Result<(), UserError> {
        let (before, after) = if transposed { (&self.rows, &self.columns) } else { (&self.columns, &self.rows) };
        let mut x = v.clone();
        scale(&mut x, |j| before[j]);
        if transposed {
            self.eval.vjp(&self.tape, &x, out)?
        } else {
            self.eval.jvp(&self.tape, &x, out)?
        }
        scale(out, |i| after[i]);
        Ok(())
    }

    fn state(&self, v: &[f64]) -> P::State {
        let mut state = self.like.clone();
        state.write(0, &v.iter().map(|v| Scalar::<P>::of(*v)).collect::<Vec<_>>());
        state
    }

    /// Powers of two that bring the root mean squares of rows (of columns) to about 1: E (J s)_i^2 = |row i|^2 for random signs s.
    fn lengths(&self, transposed: bool) -> Result<Vec<f64>, UserError> {
        let n = self.rows.len();
        let mut squares = vec![0.0; n];
        for probe in 0..PROBES {
            let signs: Vec<f64> = general_position(n, 31 + probe).iter().map(|v| v.signum()).collect();
            let product = self.multiply(&signs, transposed)?;
            squares.iter_mut().zip(product).for_each(|(sum, v)| *sum += v * v / PROBES as f64);
        }
        let power = |square: f64| {
            let known = square > 0.0 && square.is_finite();
            if known { 2f64.powi(-((0.5 * square.log2()).trunc() as i32)) } else { 1.0 }
        };
        Ok(squares.into_iter().map(power).collect())
    }

    /// The largest singular value of R J C, or what general vectors show of it; NaN where a product is not finite.
    fn power(&self) -> Result<f64, UserError> {
        let mut v = unit(general_position(self.rows.len(), 5));
        let mut largest = 0.0f64;
        for k in 0..2 * POWER {
            v = self.multiply(&v, k % 2 == 1)?;
            let length = norm(&v);
            if !length.is_finite() {
                return Ok(f64::NAN);
            }
            largest = largest.max(length);
            v = unit(v);
        }
        Ok(largest)
    }

    /// The smallest singular value of R J C and the direction of it, by inverse iteration from two starts.
    fn invert(&mut self) -> Result<(), UserError> {
        let n = self.rows.len();
        let tolerance = GENERAL / (n as f64).sqrt();
        let mut inverse = 0.0f64;
        for start in 0..STARTS {
            let (mut v, mut grown) = (unit(general_position(n, 3 + start)), 0.0f64);
            for sweep in 0..SWEEPS {
                let y = self.solve(&v, tolerance, true)?;
                let x = self.solve(&unit(y.clone()), tolerance, false)?;
                let now = norm(&y).max(norm(&x));
                v = unit(x);
                if now > inverse {
                    (inverse, self.weakest) = (now, v.clone());
                }
                let growing = now > GROWING * grown;
                grown = grown.max(now);
                if self.unsolved.get().is_some() || (sweep > 0 && !growing) {
                    break;
                }
            }
            if self.unsolved.get().is_some() {
                break;
            }
        }
        self.smallest = inverse.recip();
        self.weakest.iter_mut().zip(&self.columns).for_each(|(v, c)| *v *= c);
        Ok(())
    }

    /// x with R J C x = b, or its transpose; what is not solved is remembered.
    fn solve(&self, b: &[f64], tolerance: f64, transposed: bool) -> Result<Vec<f64>, UserError> {
        let mut system = System {
            operator: &mut |v: &P::State, out: &mut P::State| self.product(v, out, transposed),
            transpose: &mut |u: &P::State, out: &mut P::State| self.product(u, out, !transposed),
            precondition: &|r: &mut P::State| self.precondition(r, transposed),
            precondition_transpose: &|r: &mut P::State| self.precondition(r, !transposed),
        };
        let (b, mut x) = (self.state(b), self.like.zeros(1));
        let records = SOLVER.solve(&mut system, &b, &mut x, tolerance)?;
        for LinearRecord { stop, residual, .. } in records.into_iter().filter(|record| !record.converged()) {
            self.unsolved.set(self.unsolved.get().or(Some((stop, residual))));
            self.missed.set(self.missed.get() + 1);
        }
        Ok(numbers(&x, 0))
    }

    /// r <- (R M C)^-1 r, or its transpose.
    fn precondition(&self, r: &mut P::State, transposed: bool) -> bool {
        let (before, after) = if transposed { (&self.columns, &self.rows) } else { (&self.rows, &self.columns) };
        scale(r, |j| before[j].recip());
        let known = (self.near)(r, transposed);
        scale(r, |j| if known { after[j].recip() } else { before[j] });
        known
    }

    /// R (change - J step)
    fn rest(&self, step: &[f64], change: &[f64]) -> Result<Vec<f64>, UserError> {
        let made = self.multiply(&step.iter().zip(&self.columns).map(|(s, c)| s / c).collect::<Vec<_>>(), false)?;
        Ok(change.iter().zip(made).zip(&self.rows).map(|((v, made), r)| v * r - made).collect())
    }
}

impl<P: Linearize> Slope for Products<'_, P> {
    /// Of singular values; a lower bound where a solve was not finished.
    fn condition(&self) -> f64 {
        if self.smallest > 0.0 { self.largest / self.smallest } else { f64::INFINITY }
    }

    fn weakest(&self) -> Vec<f64> {
        self.weakest.clone()
    }

    /// What is left of `x` is solved for, as far as it could change the guess by more than the verdict allows; NaN where it is not solved.
    fn solve_near(&self, guess: &[f64], x: &mut [f64]) -> Result<(), UserError> {
        let rest = self.rest(guess, x)?;
        let size = norm(&rest);
        if !size.is_finite() {
            x.fill(f64::NAN);
            return Ok(());
        }
        x.copy_from_slice(guess);
        let length = norm(&guess.iter().zip(&self.columns).map(|(s, c)| s / c).collect::<Vec<_>>());
        let epsilon = Scalar::<P>::epsilon().as_f64();
        let hidden = if length > 0.0 { HIDDEN * epsilon.cbrt() * self.smallest * length } else { LOOSEST * size };
        if size > hidden {
            let before = self.missed.get();
            let more = if before < MISSED { self.solve(&rest, (hidden / size).min(LOOSEST), false)? } else { rest };
            if self.missed.get() > before || before == MISSED {
                x.fill(f64::NAN);
                return Ok(());
            }
            x.iter_mut().zip(more).zip(&self.columns).for_each(|((x, more), c)| *x += more * c);
        }
        Ok(())
    }

    /// Without a solve: R and C have brought J to the size of 1.
    fn miss(&self, step: &[f64], change: &mut [f64]) -> Result<(), UserError> {
        let rest = self.rest(step, change)?;
        change.iter_mut().zip(rest).zip(&self.columns).for_each(|((change, rest), c)| *change = rest * c);
        Ok(())
    }
}

fn scale<V: Batch>(x: &mut V, by: impl Fn(usize) -> f64) {
    scratch::with(x.width(), |row: &mut [V::Scalar]| {
        x.read(0, row);
        row.iter_mut().enumerate().for_each(|(j, v)| *v = V::Scalar::of(v.as_f64() * by(j)));
        x.write(0, row);
    });
}

fn norm(v: &[f64]) -> f64 {
    vector::norm(v)
}

/// v of length 1, where it has one.
fn unit(mut v: Vec<f64>) -> Vec<f64> {
    let length = norm(&v);
    if length > 0.0 && length.is_finite() {
        v.iter_mut().for_each(|v| *v /= length);
    }
    v
}
