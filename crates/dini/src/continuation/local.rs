//! The equations at a point, to first order.

use super::border::{Border, Factors, Square, dot, orientation};
use super::curve::{ATTAINABLE, Curve, Refusal};

/// g and its derivatives at a point: rows and columns scaled.
pub(super) struct Local {
    pub x: Vec<f64>,
    pub g: Vec<f64>,
    /// factors of the equations
    pub rows: Vec<f64>,
    /// dg/dz
    pub matrix: Square,
    /// dg/da
    pub column: Vec<f64>,
}

impl Local {
    /// With the row c around it.
    pub fn border(&self, c: &[f64]) -> Border {
        let (corner, row) = c.split_last().map_or((0.0, &[][..]), |(corner, row)| (*corner, row));
        Border { column: self.column.clone(), row: row.to_vec(), corner }
    }

    pub fn factors(&self, c: &[f64]) -> Result<Factors, Refusal> {
        Factors::new(&self.matrix, &[self.border(c)]).ok_or(Refusal::Singular)
    }

    /// The sign of the determinant with the row c, by dense factors whatever the pattern.
    pub fn orientation(&self, c: &[f64]) -> Option<bool> {
        orientation(&self.matrix, &[self.border(c)])
    }

    /// The scaled residual.
    pub fn residual(&self) -> Vec<f64> {
        self.g.iter().zip(&self.rows).map(|(g, row)| g * row).collect()
    }

    /// The matrix with the row c around it, times v.
    pub fn multiply(&self, c: &[f64], v: &[f64]) -> Vec<f64> {
        let n = self.matrix.n;
        let mut out: Vec<f64> = self.column.iter().map(|column| column * v[n]).chain([dot(c, v)]).collect();
        match &self.matrix.pattern {
            Some(pattern) => {
                for (j, v) in v[..n].iter().enumerate() {
                    let entries = self.matrix.values[pattern.column(j)].iter().zip(pattern.rows(j));
                    entries.for_each(|(entry, &i)| out[i] += entry * v);
                }
            }
            None => {
                for (column, v) in self.matrix.values.chunks_exact(n).zip(v) {
                    out.iter_mut().zip(column).for_each(|(out, entry)| *out += entry * v);
                }
            }
        }
        out
    }

    /// By how much rounding may move each equation, in its own units.
    pub fn rounding(&self, curve: &Curve<'_>) -> Vec<f64> {
        let n = self.matrix.n;
        let size = |j: usize| (self.x[j] / curve.scale[j]).abs();
        let mut terms: Vec<f64> = self.column.iter().map(|v| (v * size(n)).abs()).collect();
        self.matrix.clone().each(|i, j, v| terms[i] = terms[i].max((*v * size(j)).abs()));
        let terms = terms.iter().zip(&self.rows).zip(&self.g);
        terms.map(|((term, row), g)| f64::EPSILON * term / row + g.abs().min(ATTAINABLE * term / row)).collect()
    }
}
