//! The scalar types of the library: `f32` and `f64`.

use std::fmt::{Debug, Display, LowerExp};

use super::factor::Factor;
use super::transpose::Transpose;

/// A real scalar, `f32` or `f64` (sealed: the kernels are written for these two).
pub trait Real:
    num_traits::Float
    + num_traits::NumAssign
    + Transpose
    + Factor
    + Default
    + Debug
    + Display
    + LowerExp
    + Send
    + Sync
    + 'static
{
    /// Nearest value of this type.
    fn of(value: f64) -> Self;
    /// The value in `f64`, exactly.
    fn as_f64(self) -> f64;
}

macro_rules! real {
    ($t:ty) => {
        impl Real for $t {
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn as_f64(self) -> f64 {
                self.into()
            }
        }
    };
}
real!(f32);
real!(f64);
