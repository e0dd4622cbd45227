//! The scalar types of the library: `f32` and `f64`.

use std::fmt::{Debug, Display, LowerExp};

use crate::kernels::transpose::Transpose;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A real scalar, `f32` or `f64` (sealed: the kernels are written for these two).
pub trait Real:
    sealed::Sealed
    + num_traits::Float
    + faer::traits::RealField
    + Transpose
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
