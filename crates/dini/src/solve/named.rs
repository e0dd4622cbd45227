//! Solvers chosen at run time, by name: for command lines, bindings and configuration files.

use super::*;
use crate::error::StepError;
use crate::linear::Inverse;
use crate::problem::ResidualScale;

/// What any solver leaves behind.
pub type AnyMemory<V> = Box<dyn Inverse<V>>;

/// One line a solver: the enumerations, the table of names and every forwarding method come from it.
macro_rules! solvers {
    (
        for any problem: $($name:literal $solver:ident $work:ty;)*
        for some: $($special:literal $restricted:ident $restricted_work:ty;)*
    ) => {
        solvers! { @ $($name $solver $work;)* $($special $restricted $restricted_work;)* }

        impl AnySolver {
            /// Every name of a solver that takes any problem; [`by_name`](AnySolver::by_name) knows also `sparse-newton`, which needs
            /// a sparsity pattern.
            pub const NAMES: [&'static str; [$($name),*].len()] = [$($name),*];
        }
    };
    (@ $($name:literal $solver:ident $work:ty;)*) => {
        /// One of the solvers, with its options.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum AnySolver {
            $(
                #[doc = concat!("[`", stringify!($solver), "`]")]
                #[cfg_attr(feature = "serde", serde(rename = $name))]
                $solver($solver),
            )*
        }

        /// Scratch memory of an [`AnySolver`].
        pub enum AnyWork<P: Linearize<State: 'static>> {
            $($solver($work),)*
        }

        impl AnySolver {
            /// The solver of that name with default options; none if there is none ([`NAMES`](AnySolver::NAMES)).
            pub fn by_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(AnySolver::$solver($solver::default())),)*
                    _ => None,
                }
            }

            /// The name of this solver.
            pub fn name(&self) -> &'static str {
                match self {
                    $(AnySolver::$solver(_) => $name,)*
                }
            }
        }

        $(impl From<$solver> for AnySolver {
            fn from(solver: $solver) -> Self {
                AnySolver::$solver(solver)
            }
        })*

        impl<P: Linearize<State: 'static>> Keep for AnyWork<P> {
            fn keep(&mut self, rows: &[usize]) {
                match self {
                    $(AnyWork::$solver(work) => work.keep(rows),)*
                }
            }
            fn reset(&mut self, samples: usize) {
                match self {
                    $(AnyWork::$solver(work) => work.reset(samples),)*
                }
            }
        }

        impl<P: Linearize<State: 'static>> Solver<P> for AnySolver {
            type Work = AnyWork<P>;
            type Memory = AnyMemory<P::State>;

            fn validate(&self) -> Result<(), Error> {
                match self {
                    $(AnySolver::$solver(s) => Solver::<P>::validate(s),)*
                }
            }

            fn accepts(&self, problem: &P, z0: &P::State) -> Result<(), Error> {
                match self {
                    $(AnySolver::$solver(s) => s.accepts(problem, z0),)*
                }
            }

            fn work(&self, problem: &P, like: &P::State) -> AnyWork<P> {
                match self {
                    $(AnySolver::$solver(s) => AnyWork::$solver(s.work(problem, like)),)*
                }
            }

            fn fits(&self, work: &AnyWork<P>) -> bool {
                match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => Solver::<P>::fits(s, w),)*
                    _ => false,
                }
            }

            fn round(
                &self, problem: &P, like: &P::State, options: &Options, work: &mut AnyWork<P>, round: usize,
            ) -> Option<Round> {
                match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => s.round(problem, like, options, w, round),)*
                    _ => None,
                }
            }

            fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, work: &mut AnyWork<P>) -> Result<(), StepError> {
                match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => s.step(problem, it, w),)*
                    // the driver pairs a solver only with memory that fits it
                    _ => Err("the solver's memory belongs to another solver".into()),
                }
            }

            fn compacts(&self) -> bool {
                match self {
                    $(AnySolver::$solver(s) => Solver::<P>::compacts(s),)*
                }
            }

            fn knows(&self, work: &AnyWork<P>) -> Knows {
                match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => Solver::<P>::knows(s, w),)*
                    _ => Knows::default(),
                }
            }

            fn examine(
                &self,
                problem: &P,
                work: &AnyWork<P>,
                question: &Question<'_, P::State>,
            ) -> Result<Option<Finding<P::State>>, UserError> {
                let own = match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => Solver::<P>::examine(s, problem, w, question)?,)*
                    _ => None,
                };
                // the methods here know no Jacobian; the problem has one
                if own.is_none() && question.z.width() <= root::SMALL && problem.residual_scale() == ResidualScale::Start {
                    return root::examine(problem, question);
                }
                Ok(own)
            }

            fn confines(&self) -> bool {
                match self {
                    $(AnySolver::$solver(s) => Solver::<P>::confines(s),)*
                }
            }

            fn memory(&self, work: &mut AnyWork<P>) -> AnyMemory<P::State> {
                match (self, work) {
                    $((AnySolver::$solver(s), AnyWork::$solver(w)) => Box::new(Solver::<P>::memory(s, w)),)*
                    _ => Box::new(()),
                }
            }
        }
    };
}

solvers! {
    for any problem:
    "auto" Auto auto::AutoWork<P>;
    "picard" Picard ();
    "gauss-seidel" GaussSeidel gauss_seidel::GaussSeidelWork<P::State>;
    "anderson" Anderson crate::linear::Mixing<P::State, 1>;
    "newton" Newton newton::NewtonWork<P>;
    "chord" Chord chord::ChordWork<P>;
    "newton-krylov" NewtonKrylov newton_krylov::NewtonKrylovWork<P, crate::linear::BlockDiagonal<P::State>>;
    "broyden" Broyden broyden::BroydenWork<P::State>;
    "dogleg" Dogleg trust::TrustWork<P>;
    "levenberg-marquardt" LevenbergMarquardt trust::TrustWork<P>;
    "pseudo-transient" PseudoTransient pseudo_transient::PseudoTransientWork<P>;
    for some:
    "sparse-newton" SparseNewton sparse_newton::SparseNewtonWork<P>;
}

impl Default for AnySolver {
    fn default() -> Self {
        AnySolver::Auto(Auto::default())
    }
}
