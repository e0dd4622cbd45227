//! Second derivatives: the implicit function theorem, differentiated once more.

use super::implicit::{Implicit, OnFailure};
use super::linear::{Linearised, LinearisedChunk};
use super::mode::{Derivative, Report, adjoint, check_like, linearise};
use super::system::Method;
use crate::batch::{Batch, Rows, pick};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{Along, Eval, Parametric, Scalar, SecondOrder};
use crate::solve::Solution;
use num_traits::{Float, One, Zero};

/// A Hessian-vector product and how it was come by.
#[derive(Debug)]
pub struct HessianProduct<D, V> {
    /// The derivative of dL/da along da.
    pub value: D,
    /// The adjoint, J^T lam = dL/dz*, B x n.
    pub lam: V,
    /// The tangent, J dz = -(dg/da) da, B x n.
    pub dz: V,
    /// The derivative of lam along da, B x n.
    pub dlam: V,
    /// The linear systems of lam, dz and dlam, per sample.
    pub reports: Vec<[Report; 3]>,
    /// Samples without a derivative, treated as [`OnFailure`] says; empty under [`OnFailure::Refuse`].
    pub failures: Vec<usize>,
    /// Those of the failures that contribute zero.
    pub left_out: Vec<usize>,
}

/// dw = 0: the curvature of a loss that is linear in z*, for [`Solution::hessian_product`].
pub fn linear_loss<V: Batch>(dz: &V) -> V {
    dz.zeros(dz.samples())
}

impl<P: SecondOrder, M: Inverse<P::State>> Solution<P, M> {
    /// The Hessian of L(z*(a)) times a direction da, under default options.
    ///
    /// ```
    /// use dini::{Newton, Options, Rows, cells::{Tanh, TanhGradient}, solve};
    /// // L = z^2 / 2 with z = tanh(z / 2 + x): w = dL/dz = z, and its derivative along dz is dw = dz
    /// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
    /// let options = Options { relative: 1e-14, ..Options::default() };
    /// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &options)?;
    /// let dx = TanhGradient { w: vec![0.0], x: Rows::from_vec(1, 1, vec![1.0])? };
    /// let second = solution.hessian_product(solution.z(), &dx, |dz| dz.clone())?.value.x.row(0)[0];
    /// let z = solution.z().row(0)[0];
    /// let d = 1.0 - z * z;
    /// let (first, bend) = (d / (1.0 - 0.5 * d), -2.0 * z * d / (1.0 - 0.5 * d).powi(3)); // z' and z''
    /// assert!((second - (first * first + z * bend)).abs() < 1e-12);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`hessian_product_with`](Solution::hessian_product_with).
    pub fn hessian_product(
        &self,
        w: &P::State,
        da: &<P as Parametric>::Parameters,
        dw: impl FnOnce(&P::State) -> P::State,
    ) -> Result<HessianProduct<P::Parameters, P::State>, Error> {
        self.hessian_product_with(w, da, dw, &Implicit::default())
    }

    /// The Hessian of L(z*(a)) times a direction da, given w = dL/dz* (B x n) and its derivative `dw`(dz) along dz.
    ///
    /// `dw` is (d^2 L/dz^2) dz; for an L that is linear in z* and for no other it is zero ([`linear_loss`]). An L(z*, a) that
    /// depends on a itself adds (d^2 L/dz da) da to `dw`; its derivatives of dL/da at fixed z* are the caller's to add to the
    /// product. With h = lam^T g at fixed lam, and ' the derivative along (dz, da),
    ///
    /// ```text
    /// J^T lam = w,   J dz = -(dg/da) da,   J^T dlam = dw - (h_z)',   product = -(h_a)' - (dg/da)^T dlam.
    /// ```
    ///
    /// Costs three linear solves per sample, one product each with dg/da and its transpose, and both products of
    /// [`SecondOrder`]; one linearisation, and one verdict where [`Implicit::verdict`] asks for
    /// any. The factors are those of the forward solver, or under [`Method::Dense`] made once; under [`Method::Auto`] a
    /// sample whose factors do not serve is factored in each solve. The product is as exact as z*: its error is of the order of that of z*.
    ///
    /// Source: A. Griewank and A. Walther (2008), doi:10.1137/1.9780898717761, chapter 15 (implicit differentiation).
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with); [`Error::Shape`] and [`Error::NonFinite`] also for `da`, `dw`, and second
    /// derivatives that are not finite.
    pub fn hessian_product_with(
        &self,
        w: &P::State,
        da: &<P as Parametric>::Parameters,
        dw: impl FnOnce(&P::State) -> P::State,
        options: &Implicit,
    ) -> Result<HessianProduct<P::Parameters, P::State>, Error> {
        self.problem.check_direction(self.samples(), da)?;
        let mut linearised = linearise(self, options)?;
        if matches!(options.method, Method::Dense) {
            linearised = linearised.factored()?;
        }
        let lam = adjoint(self, &linearised, options, w)?;
        self.product(&linearised, &lam, da, dw, options)
    }

    /// The Hessian of L(z*(a)) by the p parameters of one sample, p x p: row j is its product with the unit vector j.
    ///
    /// `w` and `dw` as for [`hessian_product_with`](Solution::hessian_product_with), where the other samples have no influence;
    /// they need not have converged. One factorisation and 2 p + 1 solves.
    ///
    /// # Errors
    /// As [`jacobian`](Solution::jacobian) and [`hessian_product_with`](Solution::hessian_product_with).
    pub fn hessian(
        &self,
        sample: usize,
        w: &P::State,
        dw: impl Fn(&P::State) -> P::State,
    ) -> Result<Rows<Scalar<P>>, Error>
    where
        P: SecondOrder<Parameters = Rows<Scalar<P>>>,
    {
        let samples = self.samples();
        let mut da = self.problem.zero_parameters(samples);
        if da.samples() != samples {
            let (expected, found) = ((samples, da.width()), (da.samples(), da.width()));
            return Err(Error::shape("parameters with a row per sample", expected, found));
        }
        if sample >= samples {
            let (expected, found) = (format!("an index below {samples}"), sample.to_string());
            return Err(Error::Shape { what: "sample", expected, found });
        }
        if let Some(error) = self.failure(sample) {
            return Err(error);
        }
        let options = Implicit { method: Method::Dense, ..Implicit::default() };
        let linearised = Linearised::single(self, sample)?;
        let lam = adjoint(self, &linearised, &options, w)?;
        let p = da.width();
        let mut hessian = Rows::new(p, p);
        for j in 0..p {
            da.row_mut(sample)[j] = One::one();
            let product = self.product(&linearised, &lam, &da, &dw, &options)?;
            da.row_mut(sample)[j] = Zero::zero();
            hessian.row_mut(j).copy_from_slice(product.value.row(sample));
        }
        Ok(hessian)
    }

    /// The product, from lam on.
    fn product(
        &self,
        linearised: &Linearised<'_, P>,
        lam: &Derivative<(), P::State>,
        da: &P::Parameters,
        dw: impl FnOnce(&P::State) -> P::State,
        options: &Implicit,
    ) -> Result<HessianProduct<P::Parameters, P::State>, Error> {
        // lam has been given its verdict
        let options = Implicit { verdict: Some(false), ..options.clone() };
        let mut lost = Lost { failures: lam.failures.clone(), left_out: lam.left_out.clone() };
        let mut dz = self.tangent_along(linearised, da, &options, |sample| !lost.left_out.contains(&sample))?;
        lost.add(&dz.failures, &dz.left_out);
        lost.clear(&mut dz.vector);
        let mut rhs = dw(&dz.vector);
        check_like(self, &rhs, "the derivative of the cotangent")?;
        let along = Along { z: &self.z, lam: &lam.vector, dz: &dz.vector, da };
        let bent = self.adjoint_bend(linearised, &along, &lost.left_out)?;
        rhs.axpby(-Scalar::<P>::one(), &bent, One::one());
        self.drop_non_finite(&rhs, options.on_failure, &mut lost)?;
        lost.clear(&mut rhs);
        let mut dlam = adjoint(self, linearised, &options, &rhs)?;
        lost.add(&dlam.failures, &dlam.left_out);
        dlam.left_out.clone_from(&lost.left_out);
        let mut value = self.parameter_gradient(linearised, &dlam)?;
        each(linearised, &along, &lost.left_out, |chunk, slots, along| {
            let at = chunk.alone(slots);
            self.problem.param_vjp_along(at, &chunk.tape, along, -Scalar::<P>::one(), &mut value)
        })?;
        let mut lam_vector = lam.vector.clone();
        [&mut lam_vector, &mut dz.vector, &mut dlam.vector].into_iter().for_each(|vector| lost.clear(vector));
        let reports = lam.reports.iter().zip(&dz.reports).zip(&dlam.reports);
        Ok(HessianProduct {
            value,
            lam: lam_vector,
            dz: dz.vector,
            dlam: dlam.vector,
            reports: reports.map(|((&lam, &dz), &dlam)| [lam, dz, dlam]).collect(),
            failures: lost.failures,
            left_out: lost.left_out,
        })
    }

    /// (h_z)' of the whole batch; zero for samples that are left out.
    fn adjoint_bend(
        &self,
        linearised: &Linearised<'_, P>,
        along: &Along<'_, P::State, P::Parameters>,
        left_out: &[usize],
    ) -> Result<P::State, Error> {
        let mut bent = self.z.zeros(self.samples());
        each(linearised, along, left_out, |chunk, slots, along| {
            let mut part = bent.zeros(slots.len());
            self.problem.vjp_along(chunk.alone(slots), &chunk.tape, along, &mut part)?;
            let rows: Vec<usize> = (0..slots.len()).collect();
            bent.put(&chunk.samples(slots), &part, &rows);
            Ok(())
        })?;
        Ok(bent)
    }

    /// Second derivatives may be undefined where first ones are not.
    fn drop_non_finite(&self, rhs: &P::State, on_failure: OnFailure, lost: &mut Lost) -> Result<(), Error> {
        let mut norms = vec![Scalar::<P>::zero(); rhs.samples()];
        rhs.norms(&mut norms);
        let bad: Vec<usize> = (0..norms.len()).filter(|&sample| !norms[sample].is_finite()).collect();
        match bad.first() {
            Some(&sample) if on_failure == OnFailure::Refuse => {
                Err(Error::NonFinite { what: "the second derivatives", sample })
            }
            _ => {
                lost.add(&bad, &bad);
                Ok(())
            }
        }
    }
}

/// Calls `f` with the rows of every chunk's samples that are not left out, chunk after chunk: shared parameters are summed in a
/// fixed order.
fn each<P: SecondOrder>(
    linearised: &Linearised<'_, P>,
    along: &Along<'_, P::State, P::Parameters>,
    left_out: &[usize],
    mut f: impl FnMut(&LinearisedChunk<'_, P>, &[usize], &Along<'_, P::State, P::Parameters>) -> Eval,
) -> Result<(), Error> {
    for chunk in &linearised.chunks {
        let slots = chunk.slots().iter().copied();
        let slots: Vec<usize> = slots.filter(|&slot| !left_out.contains(&chunk.sample(slot))).collect();
        let samples = chunk.samples(&slots);
        let [z, lam, dz] = [along.z, along.lam, along.dz].map(|vector| pick(vector, &samples));
        f(chunk, &slots, &Along { z: &z, lam: &lam, dz: &dz, da: along.da }).map_err(Error::User)?;
    }
    Ok(())
}

/// Samples that failed in one of the solves, in order.
struct Lost {
    failures: Vec<usize>,
    left_out: Vec<usize>,
}

impl Lost {
    fn add(&mut self, failures: &[usize], left_out: &[usize]) {
        for (all, new) in [(&mut self.failures, failures), (&mut self.left_out, left_out)] {
            all.extend(new);
            all.sort_unstable();
            all.dedup();
        }
    }

    fn clear<V: Batch>(&self, vector: &mut V) {
        self.left_out.iter().for_each(|&sample| vector.clear(sample));
    }
}
