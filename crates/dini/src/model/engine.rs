//! The machinery at either scalar, compiled with the library and not with every program that uses it.

use super::system::System;
use crate::batch::Rows;
use crate::error::Error;
use crate::gradient::{Derivative, GradientReport, HessianProduct, Implicit};
use crate::solve::{AnyMemory, AnySolver, Observer, Solution, Workspace, solve_with};
use crate::verdict::Verdict;
use crate::{Options, Real};

/// A batch of systems, solved.
pub type Answer<T> = Solution<System<T>, AnyMemory<Rows<T>>>;

/// `f32` and `f64`, as what models are solved in.
pub trait Engine: Real {
    /// [`solve_with`]
    fn solve(
        system: System<Self>,
        z0: &Rows<Self>,
        solver: &AnySolver,
        options: &Options,
        observer: &Observer<'_, Self>,
    ) -> Result<Answer<Self>, Error>;
    /// [`Solution::jacobian`] of one system.
    fn gradients(answer: &Answer<Self>) -> Result<Vec<Rows<Self>>, Error>;
    /// One factorisation of one system, and dz along each direction.
    fn tangents(answer: &Answer<Self>, directions: Vec<Rows<Self>>) -> Result<Vec<Rows<Self>>, Error>;
    /// [`Solution::pullback`]
    fn pullback(answer: &Answer<Self>, w: &Rows<Self>) -> Result<Derivative<Rows<Self>, Rows<Self>>, Error>;
    /// [`Solution::gradient_report`]; to an accuracy [`Solution::accurate_gradient`].
    fn gradient_report(
        answer: &Answer<Self>,
        w: &Rows<Self>,
        accuracy: Option<f64>,
    ) -> Result<GradientReport<Rows<Self>, Rows<Self>>, Error>;
    /// [`Solution::pushforward`]
    fn pushforward(answer: &Answer<Self>, da: &Rows<Self>) -> Result<Derivative<Rows<Self>, ()>, Error>;
    /// [`Solution::hessian_product`]
    fn hessian_product(
        answer: &Answer<Self>,
        w: &Rows<Self>,
        da: &Rows<Self>,
        dw: &dyn Fn(&Rows<Self>) -> Rows<Self>,
    ) -> Result<HessianProduct<Rows<Self>, Rows<Self>>, Error>;
    /// [`Solution::verdict`] of one system.
    fn verdict(answer: &Answer<Self>) -> Result<Verdict, Error>;
}

macro_rules! engine {
    ($($scalar:ty),*) => { $(
        impl Engine for $scalar {
            fn solve(
                system: System<Self>,
                z0: &Rows<Self>,
                solver: &AnySolver,
                options: &Options,
                observer: &Observer<'_, Self>,
            ) -> Result<Answer<Self>, Error> {
                solve_with(system, z0, solver, options, &mut Workspace::default(), observer)
            }
            fn gradients(answer: &Answer<Self>) -> Result<Vec<Rows<Self>>, Error> {
                answer.jacobian(0)
            }
            fn tangents(answer: &Answer<Self>, directions: Vec<Rows<Self>>) -> Result<Vec<Rows<Self>>, Error> {
                answer.tangents(0, directions)
            }
            fn pullback(answer: &Answer<Self>, w: &Rows<Self>) -> Result<Derivative<Rows<Self>, Rows<Self>>, Error> {
                answer.pullback(w)
            }
            fn gradient_report(
                answer: &Answer<Self>,
                w: &Rows<Self>,
                accuracy: Option<f64>,
            ) -> Result<GradientReport<Rows<Self>, Rows<Self>>, Error> {
                match accuracy {
                    None => answer.gradient_report(w, &Implicit::default()),
                    Some(accuracy) => answer.accurate_gradient(w, accuracy, &Implicit::default()),
                }
            }
            fn pushforward(answer: &Answer<Self>, da: &Rows<Self>) -> Result<Derivative<Rows<Self>, ()>, Error> {
                answer.pushforward(da)
            }
            fn hessian_product(
                answer: &Answer<Self>,
                w: &Rows<Self>,
                da: &Rows<Self>,
                dw: &dyn Fn(&Rows<Self>) -> Rows<Self>,
            ) -> Result<HessianProduct<Rows<Self>, Rows<Self>>, Error> {
                answer.hessian_product(w, da, dw)
            }
            fn verdict(answer: &Answer<Self>) -> Result<Verdict, Error> {
                answer.verdict(0)
            }
        }
    )* };
}

engine!(f32, f64);
