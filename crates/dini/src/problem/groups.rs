//! Gradients as numbers, for bounds on their errors.

use crate::Real;
use crate::batch::Rows;

/// Some numbers of a gradient, whose error is bounded as that of one vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The sample whose own parameters these are; none where all samples share them.
    pub sample: Option<usize>,
    /// The numbers, in f64.
    pub numbers: Vec<f64>,
}

/// A gradient dL/da that can be taken apart into numbers, for [`Solution::gradient_report`](crate::Solution::gradient_report).
///
/// Every number is in one group, and the groups are the same for every gradient of a problem. [`Rows`] are the parameters of their
/// samples, a group a row.
///
/// ```
/// use dini::Rows;
/// use dini::problem::Grouped;
/// let groups = Rows::from_vec(2, 1, vec![0.5, 2.0])?.groups();
/// assert_eq!((groups[1].sample, &groups[1].numbers[..]), (Some(1), &[2.0][..]));
/// # Ok::<(), dini::Error>(())
/// ```
pub trait Grouped {
    /// The groups, in a fixed order.
    fn groups(&self) -> Vec<Group>;
}

impl<T: Real> Grouped for Rows<T> {
    fn groups(&self) -> Vec<Group> {
        let numbers = |sample: usize| self.row(sample).iter().map(|v| v.as_f64()).collect();
        (0..self.samples()).map(|sample| Group { sample: Some(sample), numbers: numbers(sample) }).collect()
    }
}
