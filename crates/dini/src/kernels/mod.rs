//! Vectorised kernels with run-time dispatch (AVX-512, AVX2 + FMA, NEON, portable) through `pulp`.
//!
//! Every output element has one summation order, whatever the number of rows it is computed with: this is what makes a
//! sample's result bitwise independent of its batch.

#[cfg(target_arch = "x86_64")]
pub(crate) mod bf16;
pub(crate) mod blocks;
pub(crate) mod epilogue;
pub(crate) mod factor;
pub(crate) mod gemm;
pub(crate) mod gemv;
pub(crate) mod lane;
mod lu;
pub(crate) mod outer;
pub(crate) mod passes;
mod scalar;
pub(crate) mod scratch;
pub(crate) mod tanh;
pub(crate) mod tiles;
pub(crate) mod transpose;
pub(crate) mod vector;

pub use scalar::Real;
