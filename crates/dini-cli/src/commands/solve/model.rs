//! A typed system as a problem of the library.

use std::sync::Arc;

use dini::num_dual::{Dual64, DualNum};
use dini::problem::{Dual, Equation};
use dini::solve::root::equilibrate;
use dini::{Error, Rows};

use crate::equation::System;

/// How a solver wants its equations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Any scaling of g will do.
    Equation,
    /// The solver iterates z <- z - g, so row j must be in units of unknown j, and g = z_j - f(z) where the equation is
    /// z_j = f(z) or f(z) = z_j.
    FixedPoint,
}

/// The equations R g(C y) = 0 with diagonal R and C; powers of two (and signs in R), so that nothing is rounded.
#[derive(Clone, Debug)]
pub(super) struct Model {
    system: Arc<System>,
    /// Row i is equation `order[i]`.
    order: Vec<usize>,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Model {
    /// Balanced for an iteration from z: unknowns in units of their present size, equations in units of g and J z there.
    pub fn around(system: &Arc<System>, z: &[f64], form: Form) -> Self {
        let columns: Vec<f64> = z.iter().map(|v| power_of_two(*v)).collect();
        let n = z.len();
        if form == Form::FixedPoint {
            let (order, signs) = orientation(system);
            let rows = signs.iter().zip(&columns).map(|(sign, column)| sign / column).collect();
            return Model { system: system.clone(), order, rows, columns };
        }
        let (g, jacobian) = (residual(system, z), jacobian(system, z));
        let size = |i: usize| g[i].abs() + (0..n).map(|j| (jacobian[j * n + i] * z[j]).abs()).sum::<f64>();
        let rows = (0..n).map(|i| 1.0 / power_of_two(size(i))).collect();
        Model { system: system.clone(), order: (0..n).collect(), rows, columns }
    }

    /// Balanced for linear algebra at z: the entries of the Jacobian near 1.
    pub fn equilibrated(system: &Arc<System>, z: &[f64]) -> Self {
        let n = z.len();
        let mut matrix = jacobian(system, z);
        let (rows, columns) = equilibrate(&mut matrix, n);
        Model { system: system.clone(), order: (0..n).collect(), rows, columns }
    }

    /// The problem with the parameter values of the system.
    pub fn problem(self) -> Result<Dual<Model, f64>, Error> {
        let values = self.system.parameter_values().to_vec();
        Dual::new(self, Rows::from_vec(1, values.len(), values)?)
    }

    /// Factors of the equations.
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// Units of the unknowns.
    pub fn columns(&self) -> &[f64] {
        &self.columns
    }

    /// The unknowns z in the units of the model.
    pub fn scaled(&self, z: &[f64]) -> Result<Rows<f64>, Error> {
        Rows::from_vec(1, z.len(), z.iter().zip(&self.columns).map(|(z, c)| z / c).collect())
    }
}

impl Equation<f64> for Model {
    fn unknowns(&self) -> usize {
        self.columns.len()
    }

    fn parameters(&self) -> usize {
        self.system.parameters().len()
    }

    fn residual<D: DualNum<Primitive = f64> + Copy>(&self, y: &[D], a: &[D], out: &mut [D]) {
        let z: Vec<D> = y.iter().zip(&self.columns).map(|(y, c)| *y * *c).collect();
        let mut g = vec![D::from(0.0); z.len()];
        self.system.residual(&z, a, &mut g);
        for ((out, &equation), row) in out.iter_mut().zip(&self.order).zip(&self.rows) {
            *out = g[equation] * *row;
        }
    }
}

/// Left minus right of every equation.
pub(super) fn residual(system: &System, z: &[f64]) -> Vec<f64> {
    residual_at(system, z, system.parameter_values())
}

/// The same at other values of the parameters.
pub(super) fn residual_at(system: &System, z: &[f64], parameters: &[f64]) -> Vec<f64> {
    let mut g = vec![0.0; z.len()];
    system.residual(z, parameters, &mut g);
    g
}

/// Euclidean norm of left minus right; infinite where it is undefined.
pub(super) fn residual_norm(system: &System, z: &[f64]) -> f64 {
    let g = residual(system, z);
    let largest = g.iter().fold(0.0, |max: f64, v| if v.is_nan() { f64::INFINITY } else { max.max(v.abs()) });
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    // scaled, so that tiny residuals do not underflow to a root
    largest * g.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
}

/// dg/dz, column-major.
fn jacobian(system: &System, z: &[f64]) -> Vec<f64> {
    let n = z.len();
    let parameters: Vec<Dual64> = system.parameter_values().iter().map(|v| Dual64::from_re(*v)).collect();
    let mut point: Vec<Dual64> = z.iter().map(|v| Dual64::from_re(*v)).collect();
    let mut column = vec![Dual64::from_re(0.0); n];
    let mut matrix = Vec::with_capacity(n * n);
    for j in 0..n {
        point[j].eps = 1.0;
        system.residual(&point, &parameters, &mut column);
        point[j].eps = 0.0;
        matrix.extend(column.iter().map(|g| g.eps));
    }
    matrix
}

/// The power of two next below |v|; 1 where there is none.
fn power_of_two(v: f64) -> f64 {
    if v.is_normal() { 2f64.powi(v.abs().log2().floor().clamp(-1000.0, 1000.0) as i32) } else { 1.0 }
}

/// Which equation belongs to which unknown, and with which sign: an equation with an unknown alone on one side belongs to
/// it, as unknown minus the rest; the others fill the places left, as left minus right.
fn orientation(system: &System) -> (Vec<usize>, Vec<f64>) {
    let unknowns = system.unknowns();
    let mut places: Vec<Option<(usize, f64)>> = vec![None; unknowns.len()];
    let mut homeless = Vec::new();
    for (index, equation) in system.equations().enumerate() {
        let place = equation.alone().into_iter().zip([1.0, -1.0]).find_map(|(side, sign)| {
            let unknown = unknowns.iter().position(|name| Some(name.as_str()) == side)?;
            places[unknown].is_none().then_some((unknown, sign))
        });
        match place {
            Some((unknown, sign)) => places[unknown] = Some((index, sign)),
            None => homeless.push((index, 1.0)),
        }
    }
    let mut homeless = homeless.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| homeless.next())).unzip()
}
