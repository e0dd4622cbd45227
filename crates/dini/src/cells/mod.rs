//! Built-in problems with hand-written derivatives and vectorised kernels.

mod tanh;

pub use tanh::{Tanh, TanhGradient};
