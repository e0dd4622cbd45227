//! Formulas as programs: written as closures on traced numbers ([`Var`]) or built node by node ([`Graph`]), differentiated
//! into other programs, and evaluated for many samples at once ([`Code`]).
//!
//! A function is traced once: the closure runs on [`Var`]s, which write down what is done with them. What results has no
//! branches that depend on values; [`select`] takes their place. Derivatives along a direction ([`Graph::tangent`]),
//! against a cotangent ([`Graph::cotangent`]) and entry by entry ([`Graph::jacobian`]) are graphs again, so that they can be
//! differentiated further, and an entry that is not among those of the Jacobian is 0 at every point.
//!
//! Sources: A. Griewank and A. Walther (2008), doi:10.1137/1.9780898717761, chapters 3 (both modes) and 7 (sparsity).

mod code;
mod derivative;
mod enclose;
mod equation;
mod function;
mod graph;
mod names;
mod node;
mod number;
mod preimage;
mod slope;
mod tape;
mod text;
mod trace;
mod var;

pub use code::Code;
pub use derivative::Entry;
pub use equation::Equation;
pub use function::Function;
pub use graph::Graph;
pub use node::{Id, Join};
pub(crate) use number::arithmetic;
pub use number::{Number, Plain, Truth};
pub(crate) use slope::raised_derivative;
pub use trace::{Outputs, Trace};
pub use var::{Var, dot, select};

pub(crate) use names::named;
pub(crate) use node::{choose, raise};
pub(crate) use tape::{Step, Tape};
