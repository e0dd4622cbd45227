//! The workloads and the methods that are compared on them.

use clap::ValueEnum;

use crate::failure::Failure;
use crate::memory;

/// What is solved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Workload {
    /// z = tanh(W z + x), W normal with spectral norm 0.9, x standard normal.
    Contraction,
    /// z = tanh(W z + x), W symmetric with eigenvalues from 0.01 to 0.99, x = 0.01 normal.
    Slow,
    /// Two equations in two unknowns.
    Small,
}

/// Arithmetic of the solve.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum DType {
    F32,
    F64,
}

impl DType {
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }
}

/// A workload under a name.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub name: &'static str,
    pub about: &'static str,
    pub workload: Workload,
    pub n: usize,
    pub batch: usize,
    pub dtype: DType,
    /// Relative tolerance of both solves, per sample.
    pub tol: f64,
}

impl Case {
    /// Relative tolerance of z in the forward solve. Other systems stop on the residual: where W contracts slowly, one of `tol` leaves
    /// an error of z some fifty times as large, and that is the accuracy to compare at.
    pub fn z_tol(&self) -> f64 {
        if self.workload == Workload::Slow { 50.0 * self.tol } else { self.tol }
    }

    /// Refuses what does not fit into memory. At most, all pairs but the dense ones take eight matrices W and 140 numbers for each
    /// unknown, nearly all of them for the reference, whose GMRES keeps a hundred vectors (measured for n = 10 to 3000).
    ///
    /// # Errors
    /// As [`memory::require`].
    pub fn require_memory(&self) -> Result<(), Failure> {
        let (n, batch) = (self.n as u64, self.batch as u64);
        let numbers = n.saturating_mul(8).saturating_add(batch.saturating_mul(140)).saturating_mul(n);
        memory::require(&format!("n = {n}, B = {batch}"), numbers.saturating_mul(8))
    }

    /// The bytes that a dense pair takes besides: two n x n matrices a sample.
    pub fn dense_bytes(&self) -> u64 {
        let size = if self.dtype == DType::F32 { 4 } else { 8 };
        [self.n, self.n, self.batch].iter().fold(2 * size, |bytes: u64, &v| bytes.saturating_mul(v as u64))
    }
}

const fn layer(name: &'static str, about: &'static str, n: usize, batch: usize) -> Case {
    Case { name, about, workload: Workload::Contraction, n, batch, dtype: DType::F32, tol: 1e-4 }
}

/// All workloads; one line each.
pub(super) const CASES: [Case; 7] = [
    layer("100x100", "n = 100, B = 100, f32, ||W|| = 0.9, tolerance 1e-4", 100, 100),
    layer("256x64", "n = 256, B = 64, f32, ||W|| = 0.9, tolerance 1e-4", 256, 64),
    layer("1024x128", "n = 1024, B = 128, f32, ||W|| = 0.9, tolerance 1e-4", 1024, 128),
    layer("1024x1", "n = 1024, B = 1, f32, ||W|| = 0.9, tolerance 1e-4", 1024, 1),
    Case {
        workload: Workload::Slow,
        ..layer(
            "slow-256x64",
            "n = 256, B = 64, f32, W symmetric with eigenvalues up to 0.99, small x, z to 5e-3",
            256,
            64,
        )
    },
    Case {
        dtype: DType::F64,
        tol: 1e-10,
        ..layer("tight-100x100", "n = 100, B = 100, f64, ||W|| = 0.9, tolerance 1e-10", 100, 100)
    },
    Case {
        workload: Workload::Small,
        dtype: DType::F64,
        tol: 1e-10,
        ..layer("2x2", "a root in the plane and its gradient, f64, reused memory, tolerance 1e-10", 2, 1)
    },
];

pub(super) const HELP: &str =
    "Cases (dini bench --list): 100x100, 256x64, 1024x128, 1024x1, slow-256x64, tight-100x100, 2x2.

Examples:
  dini bench --only 256x64 --threads 2
  dini bench --input W.npy x.npy c.npy --tol 1e-6 --dtype f64 --json

Exit code: 0 measured, 1 nothing converged, 2 not understood.";

/// The case of this name.
pub(super) fn by_name(name: &str) -> Result<&'static Case, Failure> {
    CASES.iter().find(|case| case.name == name).ok_or_else(|| {
        let near = |case: &&Case| strsim::jaro_winkler(case.name, name);
        let nearest = CASES.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
        let hint = nearest.map(|case| format!("did you mean `{}`?", case.name)).unwrap_or_default();
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        Failure::usage(format!("unknown case `{name}`; {hint} The cases are {}", names.join(", ")))
    })
}

/// A solver and a way to solve the adjoint system, by their names in the library.
pub(super) struct Pair {
    /// What the forward method is called in the results.
    pub forward: &'static str,
    pub solver: &'static str,
    pub adjoint: &'static str,
    /// Whether every sample's Jacobian is factorised.
    pub dense: bool,
    /// Whether the first steps are made in mixed precision.
    pub mixed: bool,
}

/// Largest n for which dense pairs are run: above it they take minutes.
pub(super) const MOST_DENSE: usize = 256;

impl Pair {
    const fn new(solver: &'static str, adjoint: &'static str) -> Self {
        Pair { forward: solver, solver, adjoint, dense: false, mixed: false }
    }
}

/// The plain fixed-point iteration and its adjoint, whose products every row is compared with.
pub(super) const PLAIN: Pair = Pair::new("picard", "fixed-point");

/// The methods that are compared; one line each. Every adjoint of the table is exact.
pub(super) const PAIRS: [Pair; 11] = [
    Pair::new("auto", "auto"),
    Pair { forward: "auto+mixed", mixed: true, ..Pair::new("auto", "auto") },
    Pair::new("gauss-seidel", "gauss-seidel"),
    PLAIN,
    Pair::new("anderson", "fixed-point"),
    Pair::new("anderson", "gmres"),
    Pair::new("anderson", "bicgstab"),
    Pair::new("newton-krylov", "fixed-point"),
    Pair::new("newton-krylov", "gmres"),
    Pair { dense: true, ..Pair::new("newton", "auto") },
    Pair { dense: true, ..Pair::new("newton", "dense") },
];
