//! Proofs: that a root exists, where no other is, and how far the parameters may change; and all roots in a box.
//!
//! A verdict ([`verdict`](crate::verdict)) is a test at a point. A [`Certificate`] is a proof with intervals ([`interval`](crate::interval)): every number in it
//! holds whatever the rounding errors. What is proved, with S_a the values of the parameters within their radii:
//!
//! 1. a root lies within [`ball`](Certificate::ball) of z;
//! 2. no other lies within [`unique_within`](Certificate::unique_within);
//! 3. while all parameters change by up to the radius of [`together`](Certificate::together), exactly one root lies within its `reach` of z, and it is a
//!    continuously differentiable function of them: these are S_a and S_z;
//! 4. for each parameter, while it changes by up to its radius and the others stay, this root goes on as a continuously differentiable
//!    function of it, along which dg/dz is regular; it stays within the region's `reach`, alone near itself.
//!
//! So the sets of the implicit function theorem are numbers. g may be undefined, jump or have a kink somewhere: where that can't be
//! excluded, nothing is proved there, and where derivatives may jump no certificate is given.
//!
//! The formula is taken as it is written: a number with more than 32 significant bits stands for all numbers within a unit of its
//! last place, so that 0.1 is a tenth and not the number nearest to it. Parameters are the numbers given.
//!
//! - `krawczyk.rs`: the test, for a box of unknowns and one of parameters;
//! - `regions.rs`: the largest boxes for which it succeeds; `branch.rs`: from box to box along one parameter;
//! - `roots.rs`: all roots in a box, by cutting it; `contract.rs`, `newton.rs`: what makes boxes smaller without losing a root;
//! - `programs.rs`: g and its derivatives on intervals; `upward.rs`: sums rounded upwards.
//!
//! The tanh cell has a [certificate of its own](crate::cells::Tanh::certificate), in closed form.

mod branch;
mod contract;
mod krawczyk;
mod newton;
mod programs;
mod regions;
mod roots;
pub(crate) mod upward;

use std::fmt;

pub use programs::Programs;
pub use regions::certify;
pub(crate) use regions::search;
pub use roots::{Limits, RootBox, Roots, Undecided, Why, roots};

/// Why nothing is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// g may be undefined, or jump, next to the point.
    Undefined,
    /// A derivative may be undefined or without bounds next to the point.
    Unbounded,
    /// A derivative may jump next to the point.
    Kink,
    /// No box around the point passes: dg/dz may be singular there, or the point is too far from a root.
    Singular,
    /// There is no root to begin with.
    NoRoot,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Undefined => "g may be undefined or jump next to the root",
            Fault::Unbounded => "a derivative of g may be undefined or without bounds next to the root",
            Fault::Kink => "a derivative of g may jump next to the root",
            Fault::Singular => "dg/dz may be singular within the accuracy of the root",
            Fault::NoRoot => "there is no root to begin with",
        })
    }
}

/// Whether derivatives have to be continuous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Smooth {
    Yes,
    Either,
}

/// How far parameters may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// They may change by up to this (infinite: by anything; 0: nothing is proved).
    pub radius: f64,
    /// Meanwhile the root lies within these distances of z, by unknown.
    pub reach: Vec<f64>,
}

/// What is proved of a root; distances are in the maximum norm, in the units of the unknowns and parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Whether all of it is: a root, by itself, as a continuously differentiable function of the parameters.
    pub holds: bool,
    /// Why not, where it does not hold; the numbers below are proved all the same.
    pub fault: Option<Fault>,
    /// A root lies within this distance of z.
    pub ball: f64,
    /// By unknown: it lies within these distances.
    pub radii: Vec<f64>,
    /// No other root lies within this distance (infinite: there is no other).
    pub unique_within: f64,
    /// By parameter: how far it may change by itself.
    pub parameters: Vec<Region>,
    /// How far all parameters may change at once, with one root alone within the reach.
    pub together: Region,
}

impl Certificate {
    /// The name of the method.
    pub const METHOD: &'static str = "Krawczyk";

    /// Nothing is proved.
    pub(crate) fn refused(fault: Fault, n: usize, p: usize) -> Self {
        let none = Region { radius: 0.0, reach: vec![0.0; n] };
        Certificate {
            holds: false,
            fault: Some(fault),
            ball: f64::INFINITY,
            radii: vec![f64::INFINITY; n],
            unique_within: 0.0,
            parameters: vec![none.clone(); p],
            together: none,
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Some(fault) => write!(f, "not certified: {fault}"),
            None => write!(
                f,
                "certified: one root within {:.1e}, no other within {:.3e}; parameters may change by {:.3e} at once",
                self.ball, self.unique_within, self.together.radius
            ),
        }
    }
}
