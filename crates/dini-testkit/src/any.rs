//! Problems behind one object-safe interface, so that a table can hold them.

use dini::gradient::{Derivative, GradientReport, Implicit};
use dini::linear::Inverse;
use dini::model::System;
use dini::problem::{ParamJvp, ParamVjp};
use dini::program::{Equation, Plain};
use dini::solve::{AnySolver, Outcome};
use dini::{Error, Model, Options, Rows, Solution};

use crate::conformance;

/// An equation at its parameters, whatever its type.
pub trait AnyProblem: Send + Sync {
    /// Number of unknowns n.
    fn unknowns(&self) -> usize;
    /// The parameters, B x p.
    fn parameters(&self) -> &Rows<f64>;
    /// g(z), B x n, by a plain loop over the equation: what a claim of a solver is checked against.
    fn residual(&self, z: &Rows<f64>) -> Rows<f64>;
    /// [`solve`](dini::solve()) by `solver`.
    ///
    /// # Errors
    /// As [`solve`](dini::solve()).
    fn solve<'a>(
        &'a self,
        solver: &AnySolver,
        z0: &Rows<f64>,
        options: &Options,
    ) -> Result<Box<dyn AnySolution + 'a>, Error>;
    /// Runs [`conformance::linearize`], [`conformance::parameters`] and [`conformance::second_order`] at `z`.
    fn conform(&self, z: &Rows<f64>);
}

/// A solution of an [`AnyProblem`].
pub trait AnySolution {
    /// The last iterate of every sample.
    fn z(&self) -> &Rows<f64>;
    /// [`Solution::outcomes`]
    fn outcomes(&self) -> &[Outcome];
    /// Sample-evaluations of the residual and of Jacobian products.
    fn evaluations(&self) -> u64;
    /// [`Solution::pullback_with`].
    ///
    /// # Errors
    /// As there.
    fn pullback(&self, w: &Rows<f64>, options: &Implicit) -> Result<Derivative<Rows<f64>, Rows<f64>>, Error>;
    /// [`Solution::pushforward_with`].
    ///
    /// # Errors
    /// As there.
    fn pushforward(&self, da: &Rows<f64>, options: &Implicit) -> Result<Derivative<Rows<f64>, ()>, Error>;
    /// [`Solution::gradient_report`].
    ///
    /// # Errors
    /// As there.
    fn report(&self, w: &Rows<f64>, options: &Implicit) -> Result<GradientReport<Rows<f64>, Rows<f64>>, Error>;
}

/// An [`Equation`] with its parameters, as an [`AnyProblem`].
#[derive(Clone, Debug)]
pub struct Stated<E> {
    equation: E,
    system: System<f64>,
}

impl<E: Equation> Stated<E> {
    /// The equation at `parameters`, B x p.
    ///
    /// # Panics
    /// Where the parameters do not fit the equation.
    pub fn new(equation: E, parameters: Rows<f64>) -> Self {
        let system = Model::of(&equation).samples(parameters).system(equation.unknowns());
        Stated { system: system.expect("parameters that fit the equation"), equation }
    }
}

impl<E: Equation + Send + Sync + 'static> AnyProblem for Stated<E> {
    fn unknowns(&self) -> usize {
        self.equation.unknowns()
    }

    fn parameters(&self) -> &Rows<f64> {
        self.system.parameters()
    }

    fn residual(&self, z: &Rows<f64>) -> Rows<f64> {
        let mut g = Rows::new(z.samples(), z.width());
        for s in 0..z.samples() {
            let plain = |row: &[f64]| row.iter().map(|v| Plain(*v)).collect::<Vec<_>>();
            let mut values = vec![Plain(0.0); z.width()];
            self.equation.residual(&plain(z.row(s)), &plain(self.parameters().row(s)), &mut values);
            g.row_mut(s).iter_mut().zip(values).for_each(|(g, value)| *g = value.0);
        }
        g
    }

    fn solve<'a>(
        &'a self,
        solver: &AnySolver,
        z0: &Rows<f64>,
        options: &Options,
    ) -> Result<Box<dyn AnySolution + 'a>, Error> {
        Ok(Box::new(dini::solve(&self.system, z0, solver, options)?))
    }

    fn conform(&self, z: &Rows<f64>) {
        conformance::linearize(&self.system, z);
        let a = self.parameters();
        let [da, other] = [7, 8].map(|seed| conformance::numbers::rows(seed, a.samples(), a.width()));
        let inner = |x: &Rows<f64>, y: &Rows<f64>| conformance::numbers::dot(x.as_slice(), y.as_slice());
        let moved = |t: f64| {
            let values = a.as_slice().iter().zip(da.as_slice()).map(|(a, d)| a + t * d).collect();
            let parameters = Rows::from_vec(a.samples(), a.width(), values).expect("the same shape");
            self.system.with_parameters(parameters).expect("parameters that fit the equation")
        };
        conformance::parameters(moved, z, &da, inner);
        conformance::second_order(moved, z, [&da, &other], inner);
    }
}

impl<P, M> AnySolution for Solution<P, M>
where
    P: ParamVjp<State = Rows<f64>, Parameters = Rows<f64>> + ParamJvp,
    M: Inverse<Rows<f64>>,
{
    fn z(&self) -> &Rows<f64> {
        self.z()
    }

    fn outcomes(&self) -> &[Outcome] {
        self.outcomes()
    }

    fn evaluations(&self) -> u64 {
        self.evaluations()
    }

    fn pullback(&self, w: &Rows<f64>, options: &Implicit) -> Result<Derivative<Rows<f64>, Rows<f64>>, Error> {
        self.pullback_with(w, options)
    }

    fn pushforward(&self, da: &Rows<f64>, options: &Implicit) -> Result<Derivative<Rows<f64>, ()>, Error> {
        self.pushforward_with(da, options)
    }

    fn report(&self, w: &Rows<f64>, options: &Implicit) -> Result<GradientReport<Rows<f64>, Rows<f64>>, Error> {
        self.gradient_report(w, options)
    }
}
