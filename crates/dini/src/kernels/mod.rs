//! Vectorised kernels with run-time dispatch (AVX-512, AVX2 + FMA, NEON, portable) through `pulp`.
//!
//! Every output element has one summation order, whatever the number of rows it is computed with: this is what makes a
//! sample's result bitwise independent of its batch.

#[cfg(target_arch = "x86_64")]
pub(crate) mod bf16;
pub(crate) mod blocks;
pub mod epilogue;
pub mod gemm;
pub(crate) mod gemv;
pub mod lane;
mod lu;
pub(crate) mod outer;
pub(crate) mod scratch;
pub(crate) mod sweep;
pub mod tanh;
pub(crate) mod tiles;
pub mod transpose;
pub(crate) mod vector;
