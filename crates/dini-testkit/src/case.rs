//! One row of the table of problems.

use std::fmt;

use dini::Rows;

use crate::any::AnyProblem;

/// Which part of the table a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The 23 problems of the library.
    Library,
    /// Larger instances and problems of other sources.
    Larger,
    /// Problems with a singular Jacobian at every root.
    Degenerate,
    /// Problems without a root and with a residual bounded away from zero.
    Rootless,
    /// Problems without a root whose residual nonetheless becomes as small as one likes.
    Vanishing,
}

/// A problem, where to start, and what is known of its roots.
pub struct Case {
    /// Name in tables and in the reference file.
    pub name: &'static str,
    /// Part of the table.
    pub set: Set,
    /// The equation at its parameters.
    pub problem: Box<dyn AnyProblem>,
    /// Starts, B x n each; the first is the standard one.
    pub starts: Vec<Rows<f64>>,
    /// Known roots; not always all there are.
    pub roots: Vec<Root>,
}

/// A root z* of every sample, with what is known of its derivative.
#[derive(Clone, Debug)]
pub struct Root {
    /// z*, B x n.
    pub z: Rows<f64>,
    /// Directional derivatives of z*(a); empty where the Jacobian is singular.
    pub tangents: Vec<Tangent>,
    /// Whether dg/dz is non-singular at z*.
    pub regular: bool,
}

/// dz* for a direction da of the parameters.
#[derive(Clone, Debug)]
pub struct Tangent {
    /// The direction, B x p.
    pub da: Rows<f64>,
    /// dz* = (dz*/da) da, B x n.
    pub dz: Rows<f64>,
}

impl Case {
    /// Number of unknowns n.
    pub fn unknowns(&self) -> usize {
        self.problem.unknowns()
    }

    /// Whether there is a root with a non-singular Jacobian.
    pub fn is_regular(&self) -> bool {
        self.roots.iter().any(|r| r.regular)
    }

    /// Norm of the residual that counts as solved: 1e-4 where every root is degenerate, 1e-10 otherwise.
    pub fn tolerance(&self) -> f64 {
        if self.roots.is_empty() || self.is_regular() { 1e-10 } else { 1e-4 }
    }

    /// Distance to the nearest known root: the largest difference of an unknown relative to the larger of the two; infinite
    /// where none is known.
    pub fn distance(&self, z: &Rows<f64>) -> f64 {
        let apart = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) };
        let far = |root: &Root| z.as_slice().iter().zip(root.z.as_slice()).map(apart).fold(0.0, f64::max);
        self.roots.iter().map(far).fold(f64::INFINITY, f64::min)
    }

    /// max |g_i(z)| over all samples, by plain code; infinite where a component is NaN.
    pub fn residual(&self, z: &Rows<f64>) -> f64 {
        let g = self.problem.residual(z);
        let worst = |worst: f64, v: &f64| if v.is_nan() { f64::INFINITY } else { worst.max(v.abs()) };
        g.as_slice().iter().fold(0.0, worst)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("n", &self.unknowns()).finish_non_exhaustive()
    }
}
