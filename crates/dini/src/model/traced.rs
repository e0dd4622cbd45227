//! Functions that are traced once and become programs.

use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use super::system::{Body, Form, Kind, Spot};
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Active, Along, Eval, Sparsity};
use crate::program::{Code, Entry, Graph, Id, Join, Trace};

/// Size up to which Jacobians are dense unless a pattern is asked for.
const SMALL: usize = 64;
/// Size above which a Jacobian that is not sparse is had by products alone.
const DENSE: usize = 1000;
/// Share of the n^2 entries up to which a Jacobian counts as sparse.
const THIN: f64 = 0.2;
/// Most operations of a Jacobian written out entry by entry.
const LARGEST: usize = 1 << 23;
/// Where a pattern is asked for, the limit is so many times the operations of the function if that is more: what is long need not
/// explode.
const TIMES: usize = 8;

/// What is known of the entries of the Jacobian.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Pattern {
    /// nothing: read off the program where it is worth it
    #[default]
    Unknown,
    /// read off the program
    Find,
    /// given
    Given(Sparsity),
}

/// Programs of g and its derivatives, made when they are first asked for.
pub(super) struct Traced {
    n: usize,
    p: usize,
    graph: Mutex<Graph>,
    /// nodes of g
    outputs: Vec<Id>,
    residual: Code,
    objective: Option<Code>,
    form: Form,
    /// the entries that the form holds, and where each output of it goes
    /// none where they are too many to be written out
    entries: OnceLock<Option<(Code, Vec<usize>)>>,
    jvp: OnceLock<Code>,
    vjp: OnceLock<Code>,
    parameter_vjp: OnceLock<Code>,
    parameter_jvp: OnceLock<Code>,
    /// by z, and by a
    along: [OnceLock<Code>; 2],
}

/// Most parts of the inputs of a program.
const MOST: usize = 5;

/// A part of the inputs of a program.
enum Input<'a, T> {
    /// row i of these
    Row(&'a Rows<T>),
    /// the row of the slot of row i
    Slot(&'a Rows<T>),
    /// the row of the sample of row i
    Sample(&'a Rows<T>),
}

impl<'a, T: Real> Input<'a, T> {
    fn width(&self) -> usize {
        let (Input::Row(rows) | Input::Slot(rows) | Input::Sample(rows)) = self;
        rows.width()
    }

    fn row(&self, at: Active<'_>, i: usize) -> &'a [T] {
        match self {
            _ if self.width() == 0 => &[],
            Input::Row(rows) => rows.row(i),
            Input::Slot(rows) => rows.row(at.slot(i).index()),
            Input::Sample(rows) => rows.row(at.sample(i).index()),
        }
    }
}

impl Traced {
    /// Of a function of n unknowns and p parameters, which are its inputs in this order.
    pub fn new(kind: Kind, trace: Trace, (n, p): (usize, usize), pattern: &Pattern) -> Result<Self, Error> {
        let Trace { mut graph, outputs } = trace;
        let (outputs, objective) = condition(kind, &mut graph, outputs, n)?;
        let residual = Code::new(&graph, &outputs, n + p);
        let objective = objective.map(|node| Code::new(&graph, &[node], n + p));
        let mut traced = Traced {
            n,
            p,
            graph: Mutex::new(graph),
            outputs,
            residual,
            objective,
            form: Form::Dense,
            entries: OnceLock::new(),
            jvp: OnceLock::new(),
            vjp: OnceLock::new(),
            parameter_vjp: OnceLock::new(),
            parameter_jvp: OnceLock::new(),
            along: Default::default(),
        };
        traced.form = traced.chosen(kind, pattern)?;
        Ok(traced)
    }

    fn graph(&self) -> std::sync::MutexGuard<'_, Graph> {
        // a graph is only ever added to, so that a panic leaves it whole
        self.graph.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn chosen(&self, kind: Kind, pattern: &Pattern) -> Result<Form, Error> {
        let n = self.n;
        if *pattern == Pattern::Unknown && n <= SMALL {
            return Ok(Form::Dense);
        }
        let thin = (THIN * (n * n) as f64) as usize;
        let dense = n <= if kind == Kind::FixedPoint { SMALL } else { DENSE };
        // where it is of no use unless it is sparse, it need not be found whole
        let most = if *pattern == Pattern::Unknown && !dense { thin } else { usize::MAX };
        let found = {
            let mut graph = self.graph();
            let largest = if *pattern == Pattern::Unknown { LARGEST } else { LARGEST.max(TIMES * graph.len()) };
            graph.jacobian(&self.outputs, |k| k < n, largest, most)
        };
        let Some(entries) = found else {
            return match pattern {
                Pattern::Unknown => Ok(Form::Products),
                _ => Err(Error::Trace {
                    what: "its Jacobian, written out entry by entry, takes more than 2^23 operations",
                }),
            };
        };
        let form = match pattern {
            Pattern::Unknown if entries.len() > thin && dense => Form::Dense,
            Pattern::Unknown if entries.len() > thin => return Ok(Form::Products),
            Pattern::Unknown | Pattern::Find => {
                Form::Sparse(Sparsity::new(n, entries.iter().map(|entry| (entry.row, entry.input)))?)
            }
            Pattern::Given(given) => {
                if given.size() != n {
                    return Err(Error::shape("the sparsity pattern", (n, n), (given.size(), given.size())));
                }
                let given = of_equation(kind, given);
                if entries.iter().any(|e| given.rows(e.input).binary_search(&e.row).is_err()) {
                    return Err(Error::IncompleteSparsity { sample: 0 });
                }
                Form::Sparse(given.clone())
            }
        };
        let graph = self.graph();
        self.entries.get_or_init(|| Some(placed(&graph, &entries, &form, (n, n + self.p))));
        Ok(form)
    }

    /// A program of z, a and a cotangent u: the products of u with the derivatives by some of the inputs.
    fn cotangents(&self, wanted: Range<usize>) -> Code {
        let (n, p) = (self.n, self.p);
        let mut graph = self.graph();
        let products = self.against(&mut graph, wanted);
        Code::new(&graph, &products, 2 * n + p)
    }

    /// The nodes of those products.
    fn against(&self, graph: &mut Graph, wanted: Range<usize>) -> Vec<Id> {
        let (n, p) = (self.n, self.p);
        let seeds: Vec<Id> = (0..n).map(|i| graph.input(n + p + i)).collect();
        let products = graph.cotangent(&self.outputs, &seeds, n + p, |k| wanted.contains(&k));
        numbers(graph, products[wanted].to_vec())
    }

    /// A program of z, a and a direction of some of the inputs: the derivatives along it.
    fn tangents(&self, varied: Range<usize>) -> Code {
        let inputs = self.n + self.p;
        let mut graph = self.graph();
        let direction =
            |graph: &mut Graph, k: usize| varied.contains(&k).then(|| graph.input(inputs + k - varied.start));
        let tangents = graph.tangent(&self.outputs, direction);
        let tangents = numbers(&mut graph, tangents);
        Code::new(&graph, &tangents, inputs + varied.len())
    }

    /// Runs a program on the rows of `at`, the parts of its inputs one behind the other.
    fn run<T: Real>(code: &Code, at: Active<'_>, inputs: &[Input<'_, T>], mut output: impl FnMut(usize, usize, T)) {
        if at.len() == 1 {
            let mut parts: [&[T]; MOST] = [&[]; MOST];
            parts.iter_mut().zip(inputs).for_each(|(part, input)| *part = input.row(at, 0));
            code.run_one(&parts, |k, value| output(0, k, value));
            return;
        }
        let input = |i: usize, k: usize| {
            let mut k = k;
            for part in inputs {
                if k < part.width() {
                    return part.row(at, i)[k];
                }
                k -= part.width();
            }
            T::zero()
        };
        code.run(at.len(), input, output);
    }
}

/// The pattern of dg/dz for one of the function of this kind.
pub(super) fn of_equation(kind: Kind, given: &Sparsity) -> &Sparsity {
    if kind == Kind::FixedPoint { given.with_diagonal() } else { given }
}

/// The nodes of g for a function of this kind, and of what is to be smallest.
fn condition(kind: Kind, graph: &mut Graph, outputs: Vec<Id>, n: usize) -> Result<(Vec<Id>, Option<Id>), Error> {
    let count = |expected: usize, found: usize| {
        let (expected, found) = (format!("{expected} for {n} unknowns"), found.to_string());
        Err(Error::Shape { what: "the numbers that the function returns", expected, found })
    };
    let found = outputs.len();
    match kind {
        Kind::Equation | Kind::FixedPoint if found != n => count(n, found),
        Kind::Equation => Ok((outputs, None)),
        Kind::FixedPoint => {
            let less = |(j, f)| {
                let z = graph.input(j);
                graph.join(Join::Subtract, z, f)
            };
            Ok((outputs.into_iter().enumerate().map(less).collect(), None))
        }
        Kind::Minimum if found != 1 => count(1, found),
        Kind::Minimum => {
            let one = graph.number(1.0);
            let gradient = graph.cotangent(&outputs, &[one], n, |k| k < n);
            Ok((numbers(graph, gradient), Some(outputs[0])))
        }
        Kind::LeastSquares if found < n => {
            let (expected, found) = (format!("at least {n} for {n} unknowns"), found.to_string());
            Err(Error::Shape { what: "the residuals of least squares", expected, found })
        }
        Kind::LeastSquares => {
            let gradient = graph.cotangent(&outputs, &outputs, n, |k| k < n);
            let mut sum = graph.number(0.0);
            for r in outputs {
                let square = graph.raise(r, 2.0);
                sum = graph.join(Join::Add, sum, square);
            }
            let half = graph.number(0.5);
            let objective = graph.join(Join::Multiply, half, sum);
            Ok((numbers(graph, gradient), Some(objective)))
        }
    }
}

/// 0 in place of none.
fn numbers(graph: &mut Graph, values: Vec<Option<Id>>) -> Vec<Id> {
    values.into_iter().map(|value| value.unwrap_or_else(|| graph.number(0.0))).collect()
}

/// A program for the entries, and their places in the matrix.
fn placed(graph: &Graph, entries: &[Entry], form: &Form, (n, inputs): (usize, usize)) -> (Code, Vec<usize>) {
    let values: Vec<Id> = entries.iter().map(|entry| entry.value).collect();
    let place = |entry: &Entry| match form {
        Form::Sparse(sparsity) => {
            let before = sparsity.rows(entry.input).partition_point(|row| *row < entry.row);
            sparsity.column(entry.input).start + before
        }
        _ => entry.input * n + entry.row,
    };
    (Code::new(graph, &values, inputs), entries.iter().map(place).collect())
}

impl<T: Real> Body<T> for Traced {
    fn form(&self) -> &Form {
        &self.form
    }

    fn residual(&self, Spot { at, z, a }: Spot<'_, T>, out: &mut Rows<T>) -> Eval {
        Self::run(&self.residual, at, &[Input::Row(z), Input::Sample(a)], |i, k, value| out.row_mut(i)[k] = value);
        Ok(())
    }

    fn entries(&self, Spot { at, z, a }: Spot<'_, T>, count: usize, values: &mut [T]) -> Eval {
        let known = self.entries.get_or_init(|| {
            let mut graph = self.graph();
            let entries = graph.jacobian(&self.outputs, |k| k < self.n, LARGEST, usize::MAX)?;
            Some(placed(&graph, &entries, &self.form, (self.n, self.n + self.p)))
        });
        let Some((code, places)) = known else { return self.columns(Spot { at, z, a }, values) };
        (0..at.len()).for_each(|i| values[at.slot(i).index() * count..][..count].fill(T::zero()));
        Self::run(code, at, &[Input::Row(z), Input::Sample(a)], |i, k, value| {
            values[at.slot(i).index() * count + places[k]] = value;
        });
        Ok(())
    }

    fn jvp(&self, Spot { at, z, a }: Spot<'_, T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let code = self.jvp.get_or_init(|| self.tangents(0..self.n));
        let inputs = [Input::Slot(z), Input::Sample(a), Input::Row(v)];
        Self::run(code, at, &inputs, |i, k, value| out.row_mut(i)[k] = value);
        Ok(())
    }

    fn vjp(&self, Spot { at, z, a }: Spot<'_, T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let code = self.vjp.get_or_init(|| self.cotangents(0..self.n));
        let inputs = [Input::Slot(z), Input::Sample(a), Input::Row(u)];
        Self::run(code, at, &inputs, |i, k, value| out.row_mut(i)[k] = value);
        Ok(())
    }

    fn parameter_vjp(&self, Spot { at, z, a }: Spot<'_, T>, u: &Rows<T>, scale: T, grad: &mut Rows<T>) -> Eval {
        let code = self.parameter_vjp.get_or_init(|| self.cotangents(self.n..self.n + self.p));
        let inputs = [Input::Row(z), Input::Sample(a), Input::Row(u)];
        Self::run(code, at, &inputs, |i, k, value| grad.row_mut(at.sample(i).index())[k] += scale * value);
        Ok(())
    }

    fn parameter_jvp(&self, Spot { at, z, a }: Spot<'_, T>, da: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let code = self.parameter_jvp.get_or_init(|| self.tangents(self.n..self.n + self.p));
        let inputs = [Input::Row(z), Input::Sample(a), Input::Sample(da)];
        Self::run(code, at, &inputs, |i, k, value| out.row_mut(i)[k] = value);
        Ok(())
    }

    fn vjp_along(&self, a: &Rows<T>, at: Active<'_>, along: &Along<'_, Rows<T>, Rows<T>>, out: &mut Rows<T>) -> Eval {
        Self::run(self.along(0), at, &inputs_along(a, along), |i, k, value| out.row_mut(i)[k] = value);
        Ok(())
    }

    fn parameter_vjp_along(
        &self,
        a: &Rows<T>,
        at: Active<'_>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval {
        Self::run(self.along(1), at, &inputs_along(a, along), |i, k, value| {
            grad.row_mut(at.sample(i).index())[k] += scale * value;
        });
        Ok(())
    }

    fn program(&self) -> Option<(Graph, Vec<Id>)> {
        Some((self.graph().clone(), self.outputs.clone()))
    }

    fn objective(&self, Spot { at, z, a }: Spot<'_, T>, out: &mut [T]) -> bool {
        let Some(code) = &self.objective else { return false };
        Self::run(code, at, &[Input::Row(z), Input::Sample(a)], |i, _, value| out[i] = value);
        true
    }
}

impl Traced {
    /// A dense Jacobian from n products.
    fn columns<T: Real>(&self, spot: Spot<'_, T>, values: &mut [T]) -> Eval {
        let (n, at) = (self.n, spot.at);
        let (mut unit, mut column) = (Rows::new(at.len(), n), Rows::new(at.len(), n));
        for j in 0..n {
            (0..at.len()).for_each(|i| unit.row_mut(i)[j] = T::one());
            self.jvp(spot, &unit, &mut column)?;
            for i in 0..at.len() {
                values[(at.slot(i).index() * n + j) * n..][..n].copy_from_slice(column.row(i));
                unit.row_mut(i)[j] = T::zero();
            }
        }
        Ok(())
    }
}

fn inputs_along<'a, T>(a: &'a Rows<T>, along: &Along<'a, Rows<T>, Rows<T>>) -> [Input<'a, T>; 5] {
    let Along { z, lam, dz, da } = along;
    [Input::Row(z), Input::Sample(a), Input::Row(lam), Input::Row(dz), Input::Sample(da)]
}

impl Traced {
    /// The derivatives of lam^T g by z (`which` = 0) or by a (1), along (dz, da); inputs are z, a, lam, dz, da.
    fn along(&self, which: usize) -> &Code {
        let (n, p) = (self.n, self.p);
        self.along[which].get_or_init(|| {
            let mut graph = self.graph();
            let products = self.against(&mut graph, if which == 0 { 0..n } else { n..n + p });
            let tangent = graph.tangent(&products, |graph, k| (k < n + p).then(|| graph.input(2 * n + p + k)));
            let tangent = numbers(&mut graph, tangent);
            Code::new(&graph, &tangent, 3 * n + 2 * p)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jacobian_from_products_is_the_one_written_out() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let trace = Trace::new(4, |x| {
            let [z, y, w, a] = [x[0], x[1], x[2], x[3]];
            [z * y - a.exp(), (z * a).tanh() + y, w * w * z]
        })?;
        let traced = Traced::new(Kind::Equation, trace, (3, 1), &Pattern::Unknown)?;
        let z = Rows::from_vec(2, 3, vec![0.3, -1.2, 2.0, 0.5, 0.7, -0.1])?;
        let a = Rows::from_vec(2, 1, vec![0.4, -0.9])?;
        let spot = Spot { at: Active::new(&[0, 1], 0, false), z: &z, a: &a };
        let (mut written, mut formed) = (vec![0f64; 18], vec![0f64; 18]);
        traced.entries(spot, 9, &mut written)?;
        traced.columns(spot, &mut formed)?;
        assert!(written.iter().filter(|v| **v != 0.0).count() > 10);
        for (written, formed) in written.iter().zip(formed) {
            assert!((written - formed).abs() <= 1e-15 * formed.abs());
        }
        Ok(())
    }
}
