//! Units in which equations and unknowns can be compared.

use super::attempt::row;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Linearize, Scaled};
use crate::solve::root::{Factored, Matrix, Neighbourhood};

/// Powers of two for every equation and unknown, so that nothing is rounded.
pub(super) struct Units {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

/// g and J at a point.
struct Point {
    g: Vec<f64>,
    jacobian: Matrix,
}

impl Point {
    fn new<P>(problem: &P, z: &[f64]) -> Result<Self, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        let (around, jacobian) = Neighbourhood::new(problem, row(z)?, 0).map_err(Error::User)?;
        Ok(Point { g: around.g, jacobian })
    }
}

impl Units {
    /// For an iteration from z: unknowns in units of their present size, equations in units of g and J z there, or in those of
    /// the unknowns where the solver goes along z <- z - g.
    pub fn around<P>(problem: &P, z: &[f64], iterates: bool) -> Result<Self, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        let (n, columns) = (z.len(), z.iter().map(|v| power_of_two(*v)).collect::<Vec<f64>>());
        if iterates {
            return Ok(Units { rows: columns.iter().map(|column| 1.0 / column).collect(), columns });
        }
        let Point { g, jacobian } = Point::new(problem, z)?;
        let mut terms = vec![0.0; n];
        jacobian.each(|i, j, v| terms[i] += (v * z[j]).abs());
        let rows = g.iter().zip(terms).map(|(g, terms)| 1.0 / power_of_two(g.abs() + terms)).collect();
        Ok(Units { rows, columns })
    }

    /// For linear algebra at z: the entries of the Jacobian near 1.
    pub fn equilibrated<P>(problem: &P, z: &[f64]) -> Result<Self, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        let (rows, columns) = Point::new(problem, z)?.jacobian.equilibrate();
        Ok(Units { rows, columns })
    }

    /// Whether the Jacobian at z is finite but singular to working precision (a condition estimate of NaN counts as such).
    pub fn singular<P>(problem: &P, z: &[f64]) -> Result<bool, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        let Point { jacobian, .. } = Point::new(problem, z)?;
        let finite = jacobian.is_finite();
        let regular = |condition: f64| condition <= 0.1 / f64::EPSILON;
        Ok(finite && !regular(Factored::new(jacobian).condition()))
    }

    /// Units of the unknowns.
    pub fn columns(&self) -> &[f64] {
        &self.columns
    }

    /// The problem in these units.
    pub fn problem<'p, P>(&self, problem: &'p P) -> Result<Scaled<&'p P>, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        Scaled::new(problem, self.rows.clone(), self.columns.clone())
    }

    /// z in these units.
    pub fn scaled(&self, z: &[f64]) -> Vec<f64> {
        z.iter().zip(&self.columns).map(|(z, c)| z / c).collect()
    }

    /// y in units of its own.
    pub fn unscaled(&self, y: &[f64]) -> Vec<f64> {
        y.iter().zip(&self.columns).map(|(y, c)| y * c).collect()
    }
}

/// The power of two next below |v|; 1 where there is none.
fn power_of_two(v: f64) -> f64 {
    if v.is_normal() { 2f64.powi(v.abs().log2().floor().clamp(-1000.0, 1000.0) as i32) } else { 1.0 }
}
