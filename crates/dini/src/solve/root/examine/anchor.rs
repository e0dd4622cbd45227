//! Residuals against the terms that equations are made of, here and where the solve began.

use super::super::{Matrix, Neighbourhood};
use super::{AWAY, BEYOND, NOISE, Point};
use crate::error::UserError;
use crate::linear::{DENSE, DenseLu};
use crate::problem::Linearize;

/// Residuals within this many times the rounding errors of their terms mean nothing where J is singular, in units of rounding of the terms.
const TERMS: f64 = 16.0;
/// Squared share of J below which a direction counts as one that J does not see.
const RIDGE: f64 = 1e-12;
/// How many times the residuals at z / 2, 0 and -z the terms J z of an equation may be.
const SPIKE: f64 = 1e6;
/// How often what lies along a line of points is taken out; each time all but some 10^-4 of it goes.
const PROJECTIONS: usize = 4;
/// Gauss-Newton steps at most.
const STEPS: usize = 12;
/// Share of the terms at the start to which a residual far away must have fallen.
const FALLEN: f64 = 1e-6;
/// Share of the terms at the start that rounding errors must not hide.
const HIDDEN: f64 = 1e-2;

/// The point that the solve began at.
pub(super) struct Start {
    pub z: Vec<f64>,
    pub g: Vec<f64>,
    pub jacobian: Matrix,
    /// Sizes of the terms of every equation there.
    terms: Vec<f64>,
    pub evaluations: u64,
}

impl<P: Linearize> Point<'_, P> {
    /// The start, linearised.
    pub(super) fn start(&mut self) -> Result<&Start, UserError> {
        let known = match self.start.take() {
            Some(start) => start,
            None => {
                let (start, jacobian) =
                    Neighbourhood::new(self.problem, self.question.start.clone(), self.question.sample)?;
                let (terms, evaluations) = (terms(&jacobian, &start.z, &start.g), start.evaluations());
                Start { z: start.z, g: start.g, jacobian, terms, evaluations }
            }
        };
        Ok(self.start.insert(known))
    }

    /// Whether every residual is within the rounding errors of its terms, and those do not hide what is left of the equation at 0:
    /// with a singular J, z can run along a curve of roots of the other equations until its terms hide any residual.
    pub(super) fn residual_has_fallen(&mut self, noise: &[f64]) -> Result<bool, UserError> {
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        let back: Vec<f64> = self.around.z.iter().map(|z| -z).collect();
        self.around.change(&back, &mut self.step, &mut self.change)?;
        let hidden = |i: usize| {
            let at_zero = (self.around.g[i] + self.change[i]).abs();
            at_zero > 0.0 && at_zero.is_finite() && TERMS * self.epsilon * here[i] > AWAY * at_zero
        };
        Ok(!(0..here.len()).any(hidden) && self.is_rounding(noise)?)
    }

    /// Whether the equations can be satisfied also without what a singular J cannot tell from 0.
    ///
    /// Along such a line of points the terms of g, and with them its rounding errors, may grow until they hide a residual. So z less its
    /// part along the line is made a root again, by Gauss-Newton steps; if that fails where terms are as small as they can be, the
    /// equations contradict each other.
    pub(super) fn is_consistent(&mut self) -> Result<bool, UserError> {
        let begun = self.around.z.clone();
        if begun.len() > DENSE {
            // the normal equations are dense: what cannot be looked into is no root
            return Ok(false);
        }
        let (mut z, scaled) = (begun.clone(), Scaled::new(&self.jacobian, &begun));
        for _ in 0..PROJECTIONS {
            z = scaled.without_null_space(&z);
        }
        if z.iter().zip(&begun).all(|(z, begun)| (z - begun).abs() <= AWAY * begun.abs()) {
            return Ok(true);
        }
        let places = |z: &[f64]| z.iter().copied().enumerate().collect::<Vec<_>>();
        let mut best = f64::INFINITY;
        for _ in 0..STEPS {
            let state = self.around.with_values(&places(&z));
            let (around, jacobian) = Neighbourhood::new(self.problem, state, self.question.sample)?;
            if !(around.g.iter().all(|v| v.is_finite()) && jacobian.is_finite()) {
                return Ok(false);
            }
            let mut there = Point::new(self.problem, self.question, around, jacobian);
            let errors = (0..2).map(|k| there.rounding(k)).collect::<Result<Vec<_>, _>>()?;
            let noise: Vec<f64> = (0..z.len()).map(|i| super::loudest(&errors, i)).collect();
            if there.is_rounding(&noise)? {
                return Ok(true);
            }
            let sizes = terms(&there.jacobian, &z, &there.around.g);
            let worst = there.around.g.iter().zip(&sizes).fold(0.0, |max: f64, (g, size)| max.max(g.abs() / size));
            if worst >= best {
                return Ok(false);
            }
            best = worst;
            let step = Scaled::new(&there.jacobian, &z).least_squares(&there.around.g);
            z.iter_mut().zip(step).for_each(|(z, step)| *z -= step);
        }
        Ok(false)
    }

    /// Whether every residual is within the rounding errors of its terms.
    fn is_rounding(&mut self, noise: &[f64]) -> Result<bool, UserError> {
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        // beside a pole J z is no measure of terms
        let scale = self.scale()?;
        let size = |i: usize| if scale[i] > 0.0 { here[i].min(SPIKE * scale[i]) } else { here[i] };
        Ok((0..here.len()).all(|i| {
            let rounding = TERMS * self.epsilon * size(i);
            self.around.g[i].abs() <= rounding.max((NOISE * noise[i]).min(BEYOND * rounding))
        }))
    }

    /// Whether far away the residual is within rounding errors of its terms, or small against what the solve began with.
    pub(super) fn has_arrived(&mut self) -> Result<bool, UserError> {
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        let there = self.start()?.terms.clone();
        let small =
            |(g, (here, there)): (&f64, (&f64, &f64))| g.abs() <= (4.0 * self.epsilon * here).max(FALLEN * there);
        Ok(self.around.g.iter().zip(here.iter().zip(&there)).all(small))
    }

    /// Whether the rounding errors of the terms at z hide a share of those that the solve began with.
    pub(super) fn hides(&mut self) -> Result<bool, UserError> {
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        let (epsilon, there) = (self.epsilon, &self.start()?.terms);
        let hidden =
            |(here, there): (&f64, &f64)| *there > 0.0 && epsilon * here > HIDDEN.max(BEYOND * epsilon) * there;
        Ok(here.iter().zip(there).any(hidden))
    }
}

/// J with unknowns in their own units and equations in those of their terms, and its normal equations.
struct Scaled {
    matrix: Vec<f64>,
    columns: Vec<f64>,
    rows: Vec<f64>,
    normal: DenseLu<f64>,
}

impl Scaled {
    fn new(jacobian: &Matrix, z: &[f64]) -> Self {
        let n = z.len();
        let largest = super::super::largest(z);
        let columns: Vec<f64> = z.iter().map(|z| if *z == 0.0 { largest } else { z.abs() }).collect();
        let sizes = terms(jacobian, &columns, &vec![0.0; n]);
        let rows: Vec<f64> = sizes.iter().map(|size| if *size > 0.0 { 1.0 / size } else { 0.0 }).collect();
        let mut matrix = jacobian.to_dense();
        for (column, unit) in matrix.chunks_exact_mut(n).zip(&columns) {
            column.iter_mut().zip(&rows).for_each(|(v, row)| *v *= row * unit);
        }
        let mut normal = DenseLu::new(1, n);
        for j in 0..n {
            for i in 0..n {
                let dot = matrix[i * n..(i + 1) * n].iter().zip(&matrix[j * n..(j + 1) * n]).map(|(a, b)| a * b).sum();
                normal.matrices_mut()[j * n + i] = dot;
            }
            normal.matrices_mut()[j * n + j] += RIDGE;
        }
        normal.factor(0);
        Scaled { matrix, columns, rows, normal }
    }

    /// The least x of all that minimise ||J x - g||, nearly.
    fn least_squares(&self, g: &[f64]) -> Vec<f64> {
        let n = g.len();
        let g: Vec<f64> = g.iter().zip(&self.rows).map(|(g, row)| g * row).collect();
        let mut x: Vec<f64> =
            self.matrix.chunks_exact(n).map(|column| column.iter().zip(&g).map(|(a, g)| a * g).sum()).collect();
        self.normal.solve(0, &mut x);
        x.iter_mut().zip(&self.columns).for_each(|(x, unit)| *x *= unit);
        x
    }

    /// z less its part along directions in which J is zero.
    fn without_null_space(&self, z: &[f64]) -> Vec<f64> {
        let n = z.len();
        let y: Vec<f64> = z.iter().zip(&self.columns).map(|(z, unit)| z / unit).collect();
        let mut product = vec![0.0; n];
        for (column, y) in self.matrix.chunks_exact(n).zip(&y) {
            product.iter_mut().zip(column).for_each(|(sum, a)| *sum += a * y);
        }
        // in units of the rows already
        let mut kept: Vec<f64> =
            self.matrix.chunks_exact(n).map(|column| column.iter().zip(&product).map(|(a, p)| a * p).sum()).collect();
        self.normal.solve(0, &mut kept);
        kept.iter_mut().zip(&self.columns).for_each(|(x, unit)| *x *= unit);
        kept
    }
}

/// |g| and |J| |z|, added up, by row.
pub(super) fn terms(jacobian: &Matrix, z: &[f64], g: &[f64]) -> Vec<f64> {
    let mut sum: Vec<f64> = g.iter().map(|g| g.abs()).collect();
    jacobian.each(|i, j, v| sum[i] += (v * z[j]).abs());
    sum
}
