//! A model along one of its parameters.

use std::ops::RangeInclusive;

use super::builder::{Lower, Model};
use super::system::{Form, System};
use crate::batch::Rows;
use crate::continuation::{Branch, Family, Options, trace};
use crate::error::Error;
use crate::problem::{Active, Along, Eval, Linearize, ParamJvp, Problem, SecondOrder, Sparsity};

/// The only slot of a batch of one.
const ONLY: [usize; 1] = [0];

/// A [`System`] along one of its parameters: [`System::family`].
#[derive(Clone, Debug)]
pub struct AlongParameter {
    system: System<f64>,
    parameter: usize,
}

impl System<f64> {
    /// The system along parameter `k`, for [`continuation::trace`](crate::continuation::trace); the other parameters stay as they are.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such parameter, or the parameters are those of several samples.
    pub fn family(&self, k: usize) -> Result<AlongParameter, Error> {
        let (samples, p) = (self.parameters.samples(), self.parameters.width());
        if k >= p {
            let (expected, found) = (format!("an index below {p}"), k.to_string());
            return Err(Error::Shape { what: "the parameter of a branch", expected, found });
        }
        if samples != 1 {
            return Err(Error::shape("the parameters of a branch", (1, p), (samples, p)));
        }
        Ok(AlongParameter { system: self.clone(), parameter: k })
    }
}

impl<F: Lower<f64>> Model<F, f64> {
    /// The branch of solutions through the [start](Model::start) along parameter `k`, through folds: from the value that the parameter
    /// has, or from the nearest end of the range. Bounds are those of `options`, or else the model's.
    ///
    /// ```
    /// use dini::{Model, continuation::Options};
    /// // z^2 = a from both sides of its fold
    /// let model = Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[1.0]).start(&[1.0]);
    /// let branch = model.branch(0, -1.0..=1.0, &Options::default())?;
    /// let fold = branch.folds().next().expect("a fold");
    /// assert!(fold.a.abs() < 1e-12 && fold.z[0].abs() < 1e-10);
    /// let ends = [&branch.points[0], &branch.points[branch.points.len() - 1]];
    /// assert!(ends.iter().all(|end| end.a == 1.0) && (ends[0].z[0] + ends[1].z[0]).abs() < 1e-12);
    /// assert!(ends[0].stable() != ends[1].stable()); // of dz/dt = a - z^2
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// Cost and limits: see [`continuation`](crate::continuation).
    ///
    /// # Errors
    /// As [`system`](Model::system), [`System::family`] and [`trace`].
    pub fn branch(&self, k: usize, range: RangeInclusive<f64>, options: &Options) -> Result<Branch, Error> {
        let family = self.system(self.start.len())?.family(k)?;
        let (low, high) = (*range.start(), *range.end());
        let value = family.system.parameters.row(0)[k];
        // what is no range is refused where it is used
        let value = if low <= high { value.clamp(low, high) } else { value };
        let bounds = options.bounds.clone().or_else(|| self.options.bounds.clone());
        trace(&family, (&self.start, value), range, &Options { bounds, ..options.clone() })
    }
}

fn row(values: &[f64]) -> Rows<f64> {
    let mut row = Rows::new(1, values.len());
    row.as_mut_slice().copy_from_slice(values);
    row
}

impl AlongParameter {
    fn with(&self, a: f64) -> System<f64> {
        let mut system = self.system.clone();
        system.parameters.row_mut(0)[self.parameter] = a;
        system
    }

    /// The direction of the parameter, of this length.
    fn direction(&self, length: f64) -> Rows<f64> {
        let mut direction = Rows::new(1, self.system.parameters.width());
        direction.row_mut(0)[self.parameter] = length;
        direction
    }
}

fn at() -> Active<'static> {
    Active::new(&ONLY, 0, true)
}

impl Family for AlongParameter {
    fn unknowns(&self) -> usize {
        self.system.n
    }

    fn pattern(&self) -> Option<&Sparsity> {
        if let Form::Sparse(pattern) = self.system.body.form() { Some(pattern) } else { None }
    }

    fn residual(&self, z: &[f64], a: f64, g: &mut [f64]) -> Eval {
        let mut out = Rows::new(1, z.len());
        self.with(a).residual(at(), &row(z), &mut out)?;
        g.copy_from_slice(out.row(0));
        Ok(())
    }

    fn slopes(&self, z: &[f64], a: f64, by_unknowns: &mut [f64], by_parameter: &mut [f64]) -> Eval {
        let (system, z) = (self.with(a), row(z));
        let (mut tape, mut out) = (system.tape(&z), Rows::new(1, z.width()));
        system.linearize(at(), &z, &out, &mut tape)?;
        let capabilities = system.capabilities();
        match (capabilities.sparse.and_then(|sparse| sparse.entries), capabilities.dense) {
            (Some(sparse), _) => sparse.entries(at().slot(0), &tape, by_unknowns),
            (None, Some(dense)) => dense.jacobian(at().slot(0), &tape, by_unknowns),
            (None, None) => {
                // products alone
                let n = z.width();
                let mut unit = Rows::new(1, n);
                for j in 0..n {
                    unit.row_mut(0)[j] = 1.0;
                    system.jvp(at(), &tape, &unit, &mut out)?;
                    by_unknowns[j * n..(j + 1) * n].copy_from_slice(out.row(0));
                    unit.row_mut(0)[j] = 0.0;
                }
            }
        }
        system.param_jvp(at(), &tape, &z, &self.direction(1.0), &mut out)?;
        by_parameter.copy_from_slice(out.row(0));
        Ok(())
    }

    fn second(&self, z: &[f64], a: f64, lam: &[f64], (dz, da): (&[f64], f64), out: &mut [f64]) -> Eval {
        if !self.system.body.has_second() {
            return Differences(self).second(z, a, lam, (dz, da), out);
        }
        let (system, z, lam, dz, da) = (self.with(a), row(z), row(lam), row(dz), self.direction(da));
        let n = z.width();
        let tape = system.tape(&z);
        let along = Along { z: &z, lam: &lam, dz: &dz, da: &da };
        let (mut by_unknowns, mut by_parameters) = (Rows::new(1, n), Rows::new(1, system.parameters.width()));
        system.vjp_along(at(), &tape, &along, &mut by_unknowns)?;
        system.param_vjp_along(at(), &tape, &along, 1.0, &mut by_parameters)?;
        out[..n].copy_from_slice(by_unknowns.row(0));
        out[n] = by_parameters.row(0)[self.parameter];
        Ok(())
    }
}

/// The same family with second derivatives by differences.
struct Differences<'f>(&'f AlongParameter);

impl Family for Differences<'_> {
    fn unknowns(&self) -> usize {
        self.0.unknowns()
    }
    fn pattern(&self) -> Option<&Sparsity> {
        self.0.pattern()
    }
    fn residual(&self, z: &[f64], a: f64, g: &mut [f64]) -> Eval {
        self.0.residual(z, a, g)
    }
    fn slopes(&self, z: &[f64], a: f64, by_unknowns: &mut [f64], by_parameter: &mut [f64]) -> Eval {
        self.0.slopes(z, a, by_unknowns, by_parameter)
    }
}
