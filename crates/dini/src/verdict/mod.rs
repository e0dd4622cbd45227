//! Whether the implicit function theorem holds at a computed solution.
//!
//! The theorem asks that g be continuously differentiable near z* and that J = dg/dz be non-singular there. Neither can be
//! proved from values in floating point, but both leave a trace: around a regular root there is a range of distances,
//! above what rounding and the solver leave uncertain of z* and below the curvature of g, over which g changes as J says,
//! on both sides. At a fold or a multiple root the range is empty, at a kink the two sides disagree at every distance, and
//! where J is singular a change of z is lost in g. So
//!
//! 1. J at z* must be finite, and its condition estimate (Higham 1988), after rows and columns are brought to a common
//!    scale, at most 0.1 / eps: an equation or an unknown in odd units is not singular;
//! 2. along the direction in which J is weakest and along two of general position, differences of g must agree with J
//!    to 1/32 (in f32 1/8) on both sides at some distance that covers the Newton step J^-1 g left over.
//!
//! Where only the second fails, because a loose tolerance has left much of a Newton step, that step is made and the test
//! repeated, up to four times and only while the steps halve: the verdict is about the root, the condition is that of the
//! point where it was reached. No step is made beyond the correction that the solver knows to be left, since a derivative is
//! that at z*.
//!
//! Where J is known by products alone and n > 1000 it is not formed. Lengths of rows and columns, for the common scale, are estimated from
//! products with random signs; the smallest singular value by inverse iteration from two starts, with systems solved by GMRES; and what a
//! difference of g lacks of J times the step is solved for only where, for that singular value, it might matter. A system that is not
//! solved leaves the verdict undecided, which counts as not holding.
//!
//! In a batch whose solver has left factors, one distance in one direction comes first, for all samples at once; the samples that
//! do not pass it get the whole test.
//!
//! If e is the smallest disagreement, z* is known to about e^2 / 2 of the distance over which J changes by itself, and so
//! is dz/da. The second test is the affine-invariant form of Newton-Kantorovich: at a root of multiplicity m the
//! disagreement over the Newton step is at least (m - 1) / 2m.
//!
//! Source: U. Dini (1878), Analisi infinitesimale; P. Deuflhard (2011), doi:10.1007/978-3-642-23899-4, section 2.1;
//! N. J. Higham (1988), doi:10.1145/50063.214386.

mod probe;
mod products;
mod screen;

use std::fmt;

use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::linear::{DENSE, Inverse};
use crate::outcome::{Reason, Status};
use crate::problem::{Active, Linearize, Problem, Scalar};
use crate::solve::Solution;
use crate::solve::root::{Factored, Neighbourhood, Scan, Slope, pattern};

use probe::{Finding, Probe, Step};
use products::Products;
pub(crate) use screen::screen;

/// Newton steps from a loosely solved z* on, where the test at z* itself fails.
const POLISH: usize = 4;
/// The first such step may have this multiple of the correction that the solver has left, and this size relative to z*: a
/// longer one would lead to a point that the derivative does not belong to, or to another root.
const WITHIN: f64 = 4.0;
const FARTHEST: f64 = 0.25;

/// Whether the hypotheses of the implicit function theorem hold at z*.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Verdict {
    /// Whether dz/da exists and can be trusted.
    pub holds: bool,
    /// Estimate of the condition number of the equilibrated dg/dz (dimensionless; infinite where it is singular or not
    /// finite).
    pub condition: f64,
    /// Why.
    pub reason: Reason,
}

impl From<Finding> for Reason {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Smooth => Reason::Regular,
            Finding::Kink(jump) => Reason::NotDifferentiable { jump },
            Finding::Wrong(deviation) => Reason::WrongJacobian { deviation },
            Finding::Curved(deviation) => Reason::NearlySingular { deviation },
        }
    }
}

impl Verdict {
    fn new(condition: f64, reason: Reason) -> Self {
        Verdict { holds: reason == Reason::Regular, condition, reason }
    }

    /// Of a root on a bound.
    pub(crate) fn on_bound() -> Self {
        Verdict::new(f64::INFINITY, Reason::NotConverged(Status::OnBound))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.holds {
            write!(f, "the implicit function theorem holds (condition estimate {})", Figure(self.condition))
        } else {
            write!(f, "the implicit function theorem does not apply: {}", self.reason)
        }
    }
}

/// A verdict, and a Newton step on from where it was reached.
type Examined<P> = (Verdict, Option<Step<<P as Problem>::State>>);

/// A condition number to two digits.
struct Figure(f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1e4 { write!(f, "{:.1}", self.0) } else { write!(f, "{:.1e}", self.0) }
    }
}

impl<P: Linearize, M: Inverse<P::State>> Solution<P, M> {
    /// Whether the implicit function theorem holds at z* of `sample`.
    ///
    /// Costs one Jacobian (n products, or what its own [matrix](crate::problem::DenseJacobian) costs), its factorisation in f64 (2/3 n^3
    /// operations, n^2 memory; above n = 64 a sparse one where the problem states a pattern), and 30 residuals (18 where n = 1) at a plainly regular root. A delicate or degenerate one
    /// takes up to about 1000 residuals, with a solve of 2 n^2 operations each, per Jacobian and up to 5 Jacobians.
    ///
    /// Above n = 1000, where the problem states neither a pattern nor a matrix, J is not formed: its extreme singular values are estimated by
    /// products and by GMRES, preconditioned by what the solver has left, 8 to 32 solves of up to 1000 products; what GMRES does not solve is
    /// [`Reason::Undecided`], and does not hold.
    ///
    /// ```
    /// use dini::{Model, Rows};
    /// // z^2 = 1 is regular at z = 1, z^2 = 0 is not at z = 0
    /// let roots = Model::equation(|z, a| [z[0] * z[0] - a[0]]).samples(Rows::from_vec(2, 1, vec![1.0, 0.0])?);
    /// let solution = roots.solve_samples(&Rows::from_vec(1, 1, vec![2.0])?)?;
    /// assert!(solution.verdict(0)?.holds);
    /// assert!(!solution.verdict(1)?.holds);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such sample, [`Error::User`] for a fatal error of the problem.
    pub fn verdict(&self, sample: usize) -> Result<Verdict, Error> {
        if sample >= self.samples() {
            return Err(Error::Shape {
                what: "sample",
                expected: format!("an index below {}", self.samples()),
                found: sample.to_string(),
            });
        }
        let mut z = self.z.zeros(1);
        z.put(&[0], &self.z, &[sample]);
        // the derivative belongs to z*: what is said of a point nearby must be as near as z* is known
        let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
        let known = self.outcomes()[sample].accuracy.relative;
        let known = if known.is_finite() { known } else { 0.0 };
        let mut farthest = (WITHIN * known.max(epsilon.sqrt())).min(FARTHEST);
        for _ in 0..POLISH {
            let (verdict, step) = self.examine(z, sample)?;
            match step {
                Some(step) if !verdict.holds && step.size <= farthest => (z, farthest) = (step.to, 0.5 * step.size),
                _ => return Ok(verdict),
            }
        }
        Ok(self.examine(z, sample)?.0)
    }

    /// The verdict at `z`, and a Newton step on from there if there is one worth making.
    fn examine(&self, z: P::State, sample: usize) -> Result<Examined<P>, Error> {
        if by_products(&self.problem, z.width()) {
            return self.examine_by_products(z, sample).map_err(Error::User);
        }
        let (around, jacobian) = Neighbourhood::new(&self.problem, z, sample).map_err(Error::User)?;
        let factors = jacobian.is_finite().then(|| Factored::new(jacobian));
        self.compare(around, factors.as_ref().map(|factors| factors as &dyn Slope), sample).map_err(Error::User)
    }

    /// The same where the Jacobian is not formed.
    fn examine_by_products(&self, z: P::State, sample: usize) -> Result<Examined<P>, UserError> {
        let (around, tape) = Neighbourhood::at(&self.problem, z, sample)?;
        // what the solver has left is a preconditioner
        let chunk = self.memory.iter().find(|(base, len, _)| (*base..base + len).contains(&sample));
        let slot = [sample - chunk.map_or(sample, |(base, ..)| *base)];
        let near = |r: &mut P::State, transposed: bool| {
            chunk.is_some_and(|(base, _, memory)| {
                let at = Active::new(&slot, *base, true);
                if transposed { memory.solve_transpose(at, r) } else { memory.solve(at, r) }
            })
        };
        let j = Products::new(&self.problem, sample, (tape, around.state().clone()), &near)?;
        let undecided = |(stop, residual)| {
            let verdict = Verdict::new(Slope::condition(&j), Reason::Undecided { stop, residual });
            Ok((verdict, None))
        };
        let converged = self.outcomes()[sample].status == Status::Converged;
        if let Some(unsolved) = j.unsolved().filter(|_| converged && j.is_finite()) {
            return undecided(unsolved);
        }
        let examined = self.compare(around, j.is_finite().then_some(&j as &dyn Slope), sample)?;
        // a solve that failed never speaks for the root
        let unsolved = j.unsolved().filter(|_| converged && j.is_finite() && !examined.0.holds);
        unsolved.map_or(Ok(examined), undecided)
    }

    /// Compares J, which is none where it is not finite, with differences of g.
    fn compare(
        &self,
        mut around: Neighbourhood<'_, P>,
        j: Option<&dyn Slope>,
        sample: usize,
    ) -> Result<Examined<P>, UserError> {
        let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
        let condition = j.map_or(f64::INFINITY, Slope::condition);
        let limit = 0.1 / epsilon;
        let reason = match (self.outcomes()[sample].status, j) {
            (Status::Converged, Some(j)) if condition <= limit => {
                // a jump of g is small against its change farther away
                if Scan::new(&mut around, j, epsilon)?.jumps {
                    let reason = Reason::NotDifferentiable { jump: f64::INFINITY };
                    return Ok((Verdict::new(condition, reason), None));
                }
                let mut probe = Probe::new(around, j, epsilon)?;
                let finding = probe.run()?;
                return Ok((Verdict::new(condition, finding.into()), probe.step()));
            }
            (Status::Converged, Some(_)) => Reason::Singular { condition, limit },
            (Status::Converged, None) => Reason::NonFiniteJacobian,
            (status, _) => Reason::NotConverged(status),
        };
        Ok((Verdict::new(condition, reason), None))
    }
}

/// Whether J is too large to be formed, and known by products alone.
fn by_products<P: Linearize>(problem: &P, n: usize) -> bool {
    n > DENSE && pattern(problem, n).is_none() && problem.capabilities().dense.is_none()
}
