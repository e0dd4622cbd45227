//! g and its derivatives as programs that are evaluated on intervals.

use crate::error::Error;
use crate::interval::{Grade, Interval};
use crate::program::{Code, Entry, Graph, Id};

/// Most unknowns of a system that is certified: matrices are dense.
pub(super) const MOST: usize = 500;
/// Most operations of a Jacobian written out entry by entry.
const LARGEST: usize = 1 << 22;

/// g(z; a) for n unknowns and p parameters, with dg/dz and dg/da, for [`certify`](super::certify) and [`roots`](super::roots).
#[derive(Clone, Debug)]
pub struct Programs {
    n: usize,
    p: usize,
    graph: Graph,
    outputs: Vec<Id>,
    residual: Code,
    by_z: Slopes,
    by_a: Slopes,
}

/// The entries of a Jacobian that are not 0 everywhere, with their places.
#[derive(Clone, Debug)]
struct Slopes {
    code: Code,
    places: Vec<(usize, usize)>,
}

impl Slopes {
    fn new(graph: &Graph, entries: &[Entry], first: usize, inputs: usize) -> Self {
        let values: Vec<Id> = entries.iter().map(|entry| entry.value).collect();
        let places = entries.iter().map(|entry| (entry.row, entry.input - first)).collect();
        Slopes { code: Code::new(graph, &values, inputs), places }
    }
}

/// Memory for evaluations.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    places: Vec<Interval>,
    outputs: Vec<Interval>,
}

/// A sparse matrix of intervals.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    /// row, column, value
    pub entries: Vec<(usize, usize, Interval)>,
}

impl Entries {
    /// What is known of all entries.
    pub fn grade(&self) -> Grade {
        let grades =
            self.entries.iter().map(|(.., value)| if value.is_bounded() { value.grade() } else { Grade::Partial });
        grades.min().unwrap_or(Grade::Continuous)
    }
}

/// What is known of all values; of those without bounds nothing.
pub(super) fn grade(values: &[Interval]) -> Grade {
    values.iter().map(|v| v.grade()).min().unwrap_or(Grade::Continuous)
}

impl Programs {
    /// Of the nodes of g; the inputs of the graph are n unknowns and p parameters, in this order.
    pub(crate) fn new(mut graph: Graph, outputs: Vec<Id>, (n, p): (usize, usize)) -> Result<Self, Error> {
        if n > MOST {
            return Err(Error::TooLarge { what: "a certificate, which is made with dense matrices,", n, most: MOST });
        }
        let too_long =
            Error::Trace { what: "its Jacobian, written out entry by entry, takes more than 2^22 operations" };
        let Some(entries) = graph.jacobian(&outputs, |_| true, LARGEST, usize::MAX) else { return Err(too_long) };
        let (by_z, by_a): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.input < n);
        Ok(Programs {
            n,
            p,
            residual: Code::new(&graph, &outputs, n + p),
            by_z: Slopes::new(&graph, &by_z, 0, n + p),
            by_a: Slopes::new(&graph, &by_a, n, n + p),
            graph,
            outputs,
        })
    }

    /// Number of unknowns.
    pub fn unknowns(&self) -> usize {
        self.n
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.p
    }

    pub(super) fn graph(&self) -> (&Graph, &[Id]) {
        (&self.graph, &self.outputs)
    }

    /// All values of g for z and a within intervals.
    pub(super) fn residual<'w>(&self, z: &[Interval], a: &[Interval], work: &'w mut Work) -> &'w [Interval] {
        self.residual.enclose(&[z, a], &mut work.places, &mut work.outputs);
        &work.outputs
    }

    /// All values of dg/dz.
    pub(super) fn jacobian(&self, z: &[Interval], a: &[Interval], work: &mut Work) -> Entries {
        self.slopes(&self.by_z, z, a, work)
    }

    /// All values of dg/da.
    pub(super) fn parameter_jacobian(&self, z: &[Interval], a: &[Interval], work: &mut Work) -> Entries {
        self.slopes(&self.by_a, z, a, work)
    }

    fn slopes(&self, slopes: &Slopes, z: &[Interval], a: &[Interval], work: &mut Work) -> Entries {
        slopes.code.enclose(&[z, a], &mut work.places, &mut work.outputs);
        let entries = slopes.places.iter().zip(&work.outputs).map(|((i, j), value)| (*i, *j, *value)).collect();
        Entries { entries }
    }
}
