//! Checks of starts.

use crate::Real;
use crate::batch::Rows;
use crate::error::Error;

/// The start must be B x n (any B where `samples` is none) and finite.
pub(crate) fn check_start<T: Real>(z: &Rows<T>, samples: Option<usize>, n: usize) -> Result<(), Error> {
    let expected = (samples.unwrap_or(z.samples()), n);
    if (z.samples(), z.width()) != expected {
        return Err(Error::shape("the start z0", expected, (z.samples(), z.width())));
    }
    match z.first_non_finite() {
        Some(sample) => Err(Error::NonFinite { what: "the start z0", sample }),
        None => Ok(()),
    }
}
