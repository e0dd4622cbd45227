//! Gradient modes chosen at run time, by name.

use super::implicit::{Implicit, OnFailure};
use super::jfb::Jfb;
use super::linear::LinearisedChunk;
use super::mode::{Adjoints, GradientMode};
use super::neumann::Neumann;
use super::phantom::Phantom;
use super::shine::Shine;
use super::system::Method;
use crate::error::{Error, UserError};
use crate::linear::{BiCgStab, Cg, GaussSeidel, Gmres, Lsmr, Refinement};
use crate::problem::Linearize;

/// One of the gradient modes, with its options.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum AnyMode {
    /// [`Implicit`]
    Implicit(Implicit),
    /// [`Jfb`]
    Jfb(Jfb),
    /// [`Phantom`]
    Phantom(Phantom),
    /// [`Neumann`]
    Neumann(Neumann),
    /// [`Shine`]
    Shine(Shine),
}

impl AnyMode {
    /// Every name [`by_name`](AnyMode::by_name) knows; the first eight are exact where they succeed, and say where they do
    /// not: `fixed-point` needs the spectral radius of I - J below one, `gauss-seidel` something like it, `cg` a symmetric
    /// positive definite J.
    pub const NAMES: [&'static str; 12] = [
        "auto",
        "gmres",
        "bicgstab",
        "cg",
        "lsmr",
        "fixed-point",
        "gauss-seidel",
        "dense",
        "jfb",
        "phantom",
        "neumann",
        "shine",
    ];

    /// The mode of that name with default options; none if the name is not in [`NAMES`](AnyMode::NAMES).
    pub fn by_name(name: &str) -> Option<Self> {
        let exact = |method| Some(AnyMode::Implicit(Implicit { method, ..Implicit::default() }));
        match name {
            "auto" => exact(Method::Auto),
            "gmres" => exact(Method::Krylov(Gmres::default().into())),
            "bicgstab" => exact(Method::Krylov(BiCgStab::default().into())),
            "cg" => exact(Method::Krylov(Cg::default().into())),
            "lsmr" => exact(Method::Krylov(Lsmr::default().into())),
            "fixed-point" => exact(Method::FixedPoint(Refinement::default())),
            "gauss-seidel" => exact(Method::GaussSeidel(GaussSeidel::default())),
            "dense" => exact(Method::Dense),
            "jfb" => Some(AnyMode::Jfb(Jfb::default())),
            "phantom" => Some(AnyMode::Phantom(Phantom::default())),
            "neumann" => Some(AnyMode::Neumann(Neumann::default())),
            "shine" => Some(AnyMode::Shine(Shine::default())),
            _ => None,
        }
    }

    /// The same mode with another treatment of samples without a derivative.
    pub fn with_on_failure(mut self, on_failure: OnFailure) -> Self {
        *match &mut self {
            AnyMode::Implicit(mode) => &mut mode.on_failure,
            AnyMode::Jfb(mode) => &mut mode.on_failure,
            AnyMode::Phantom(mode) => &mut mode.on_failure,
            AnyMode::Neumann(mode) => &mut mode.on_failure,
            AnyMode::Shine(mode) => &mut mode.on_failure,
        } = on_failure;
        self
    }

    /// Treatment of samples without a derivative.
    pub fn on_failure(&self) -> OnFailure {
        match self {
            AnyMode::Implicit(mode) => mode.on_failure,
            AnyMode::Jfb(mode) => mode.on_failure,
            AnyMode::Phantom(mode) => mode.on_failure,
            AnyMode::Neumann(mode) => mode.on_failure,
            AnyMode::Shine(mode) => mode.on_failure,
        }
    }

    /// The mode behind the name.
    fn get<P: Linearize>(&self) -> &dyn GradientMode<P> {
        match self {
            AnyMode::Implicit(mode) => mode,
            AnyMode::Jfb(mode) => mode,
            AnyMode::Phantom(mode) => mode,
            AnyMode::Neumann(mode) => mode,
            AnyMode::Shine(mode) => mode,
        }
    }
}

impl From<Implicit> for AnyMode {
    fn from(mode: Implicit) -> Self {
        AnyMode::Implicit(mode)
    }
}

impl<P: Linearize> GradientMode<P> for AnyMode {
    fn validate(&self) -> Result<(), Error> {
        self.get::<P>().validate()
    }

    fn on_failure(&self) -> OnFailure {
        AnyMode::on_failure(self)
    }

    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        self.get::<P>().lam(chunk, w)
    }
}
