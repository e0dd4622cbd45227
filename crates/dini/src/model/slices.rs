//! Functions on plain slices, with derivatives by hand or by differences.

use std::sync::Arc;

use super::system::{Body, Form, Kind, Spot};
use super::traced::of_equation;
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::kernels::{scratch, vector};
use crate::problem::{Active, Along, Eval, Sparsity};

/// Size up to which a Jacobian may be dense: 3.2 GB in f64.
const LARGEST: usize = 20_000;

/// A function of (z, a) that fills a slice.
pub(super) type Fill<T> = Arc<dyn Fn(&[T], &[T], &mut [T]) + Send + Sync>;
/// A function of (a, point and direction) that fills a slice.
pub(super) type FillAlong<T> = Arc<dyn Fn(&[T], Along<'_, [T], [T]>, &mut [T]) + Send + Sync>;

/// What is stated of a function on slices.
#[derive(Clone)]
pub(super) struct Stated<T> {
    pub function: Fill<T>,
    pub jacobian: Option<Fill<T>>,
    pub parameter_jacobian: Option<Fill<T>>,
    pub second: Option<FillAlong<T>>,
}

/// The function and how its derivatives are had.
pub(super) struct Slices<T> {
    kind: Kind,
    n: usize,
    stated: Stated<T>,
    /// of the function, of which that of g has the diagonal besides where it is a fixed point
    pattern: Option<Sparsity>,
    form: Form,
}

impl<T: Real> Slices<T> {
    pub fn new(kind: Kind, stated: Stated<T>, n: usize, pattern: Option<&Sparsity>) -> Result<Self, Error> {
        let form = match pattern {
            None if n > LARGEST => {
                return Err(Error::TooLarge { what: "a dense Jacobian", n, most: LARGEST });
            }
            None => Form::Dense,
            Some(pattern) if pattern.size() != n => {
                return Err(Error::shape("the sparsity pattern", (n, n), (pattern.size(), pattern.size())));
            }
            Some(pattern) => Form::Sparse(of_equation(kind, pattern).clone()),
        };
        Ok(Slices { kind, n, stated, pattern: pattern.cloned(), form })
    }

    /// The function of one sample.
    fn value(&self, z: &[T], a: &[T], out: &mut [T]) {
        out.fill(T::zero());
        (self.stated.function)(z, a, out);
    }

    /// +1, or -1 where g = z - f.
    fn sign(&self) -> T {
        if self.kind == Kind::FixedPoint { -T::one() } else { T::one() }
    }

    /// The entries of the function's own Jacobian at one sample, in the order of `pattern` or column-major.
    fn own_entries(&self, z: &[T], a: &[T], out: &mut [T]) {
        out.fill(T::zero());
        match (&self.stated.jacobian, &self.pattern) {
            (Some(jacobian), _) => jacobian(z, a, out),
            (None, None) => differences(
                z,
                self.n,
                |z, g| self.value(z, a, g),
                |j, column| {
                    out[j * self.n..(j + 1) * self.n].copy_from_slice(column);
                },
            ),
            (None, Some(pattern)) => self.coloured(pattern, z, a, out),
        }
    }

    /// Central differences, all columns of a colour at once.
    ///
    /// Source: A. R. Curtis, M. J. D. Powell and J. K. Reid (1974), doi:10.1093/imamat/13.1.117.
    fn coloured(&self, pattern: &Sparsity, z: &[T], a: &[T], out: &mut [T]) {
        scattered(z, self.n, |moved, above, below| {
            for colour in 0..pattern.colours() {
                let columns = pattern.columns(colour);
                for (sign, g) in [(T::one(), &mut *above), (-T::one(), &mut *below)] {
                    columns.iter().for_each(|&j| moved[j] = shift(z[j], sign));
                    self.value(moved, a, g);
                }
                for &j in columns {
                    let entries = out[pattern.column(j)].iter_mut().zip(pattern.rows(j));
                    entries.for_each(|(value, &row)| *value = (above[row] - below[row]) / width(z[j]));
                    moved[j] = z[j];
                }
            }
        });
    }

    /// df/da of one sample, column by column.
    fn parameter_columns(&self, z: &[T], a: &[T], mut column: impl FnMut(usize, &[T])) {
        match &self.stated.parameter_jacobian {
            Some(jacobian) => {
                let mut matrix = vec![T::zero(); self.n * a.len()];
                jacobian(z, a, &mut matrix);
                matrix.chunks_exact(self.n).enumerate().for_each(|(k, values)| column(k, values));
            }
            None => differences(a, self.n, |a, g| self.value(z, a, g), column),
        }
    }

    /// The n + p second derivatives of one sample.
    fn second(
        &self,
        a: &[T],
        at: Active<'_>,
        i: usize,
        along: &Along<'_, Rows<T>, Rows<T>>,
    ) -> Result<Vec<T>, crate::error::UserError> {
        let second = self.stated.second.as_ref().ok_or(
            "the model states no second derivatives: add them with `Model::second_derivatives`, or state a function that can be traced",
        )?;
        let mut out = vec![T::zero(); self.n + a.len()];
        let (z, lam, dz, da) = (along.z.row(i), along.lam.row(i), along.dz.row(i), along.da.row(at.sample(i).index()));
        second(a, Along { z, lam, dz, da }, &mut out);
        Ok(out)
    }

    /// Whether a pattern that differences fill holds every entry of the Jacobian at these samples: compares J v with a difference along
    /// v, for one v in general position.
    pub fn check_pattern(&self, z: &Rows<T>, a: &Rows<T>) -> Result<(), Error> {
        let (Some(pattern), None) = (&self.pattern, &self.stated.jacobian) else { return Ok(()) };
        let direction = crate::sparsity::direction::<T>(self.n);
        let mut values = vec![T::zero(); pattern.entries()];
        let (mut above, mut below) = (vec![T::zero(); self.n], vec![T::zero(); self.n]);
        for sample in 0..z.samples() {
            let (z, a) = (z.row(sample), if a.width() == 0 { &[] } else { a.row(sample) });
            self.coloured(pattern, z, a, &mut values);
            let h = z.iter().fold(T::one(), |max, v| max.max(v.abs())) * T::epsilon().cbrt();
            for (sign, g) in [(T::one(), &mut above), (-T::one(), &mut below)] {
                let moved: Vec<T> = z.iter().zip(&direction).map(|(&z, &v)| z + sign * h * v).collect();
                self.value(&moved, a, g);
            }
            above.iter_mut().zip(&below).for_each(|(a, &b)| *a = (*a - b) / (h + h));
            if !crate::sparsity::covers(pattern, &values, &direction, &above) {
                return Err(Error::IncompleteSparsity { sample });
            }
        }
        Ok(())
    }
}

/// v + h or v - h, for `sign` 1 or -1: h = eps^(1/3) max(|v|, 1).
fn shift<T: Real>(v: T, sign: T) -> T {
    v + sign * T::epsilon().cbrt() * v.abs().max(T::one())
}

/// The difference of the points as they are stored, not 2 h.
fn width<T: Real>(v: T) -> T {
    shift(v, T::one()) - shift(v, -T::one())
}

/// Central differences of a function of `x` with `rows` values, column by column: accurate to about eps^(2/3).
///
/// Source: J. Nocedal and S. J. Wright (2006), doi:10.1007/978-0-387-40065-5, eq. (8.7).
fn differences<T: Real>(x: &[T], rows: usize, f: impl Fn(&[T], &mut [T]), mut column: impl FnMut(usize, &[T])) {
    scattered(x, rows, |moved, above, below| {
        for j in 0..x.len() {
            for (sign, g) in [(T::one(), &mut *above), (-T::one(), &mut *below)] {
                moved[j] = shift(x[j], sign);
                f(moved, g);
            }
            moved[j] = x[j];
            above.iter_mut().zip(&*below).for_each(|(a, &b)| *a = (*a - b) / width(x[j]));
            column(j, above);
        }
    });
}

/// Calls `f` with a copy of `x` and room for two times so many values.
fn scattered<T: Real>(x: &[T], rows: usize, f: impl FnOnce(&mut [T], &mut [T], &mut [T])) {
    scratch::with(x.len() + 2 * rows, |memory| {
        let (moved, values) = memory.split_at_mut(x.len());
        let (above, below) = values.split_at_mut(rows);
        moved.copy_from_slice(x);
        f(moved, above, below);
    });
}

/// The parameters of row i.
fn parameters<'a, T: Real>(a: &'a Rows<T>, at: Active<'_>, i: usize) -> &'a [T] {
    if a.width() == 0 { &[] } else { a.row(at.sample(i).index()) }
}

impl<T: Real> Body<T> for Slices<T> {
    fn form(&self) -> &Form {
        &self.form
    }

    fn residual(&self, Spot { at, z, a }: Spot<'_, T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let (z, out) = (z.row(i), out.row_mut(i));
            self.value(z, parameters(a, at, i), out);
            if self.kind == Kind::FixedPoint {
                out.iter_mut().zip(z).for_each(|(out, &z)| *out = z - *out);
            }
        }
        Ok(())
    }

    fn entries(&self, Spot { at, z, a }: Spot<'_, T>, count: usize, values: &mut [T]) -> Eval {
        for i in 0..at.len() {
            let out = &mut values[at.slot(i).index() * count..][..count];
            let (z, a) = (z.row(i), parameters(a, at, i));
            if self.kind != Kind::FixedPoint {
                self.own_entries(z, a, out);
                continue;
            }
            match (&self.pattern, &self.form) {
                (Some(pattern), Form::Sparse(wider)) => scratch::with(pattern.entries(), |own| {
                    self.own_entries(z, a, own);
                    out.fill(T::zero());
                    for j in 0..self.n {
                        let column = wider.column(j);
                        let place = |row: usize| column.start + wider.rows(j).partition_point(|known| *known < row);
                        own[pattern.column(j)].iter().zip(pattern.rows(j)).for_each(|(&v, &i)| out[place(i)] = -v);
                        out[place(j)] += T::one();
                    }
                }),
                _ => {
                    self.own_entries(z, a, out);
                    out.iter_mut().for_each(|v| *v = -*v);
                    (0..self.n).for_each(|j| out[j * self.n + j] += T::one());
                }
            }
        }
        Ok(())
    }

    // every form of a function on slices has entries
    fn jvp(&self, _: Spot<'_, T>, _: &Rows<T>, _: &mut Rows<T>) -> Eval {
        Err("a function on slices has no products of its own".into())
    }

    fn vjp(&self, _: Spot<'_, T>, _: &Rows<T>, _: &mut Rows<T>) -> Eval {
        Err("a function on slices has no products of its own".into())
    }

    fn parameter_vjp(&self, Spot { at, z, a }: Spot<'_, T>, u: &Rows<T>, scale: T, grad: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let grad = grad.row_mut(at.sample(i).index());
            self.parameter_columns(z.row(i), parameters(a, at, i), |k, column| {
                grad[k] += scale * self.sign() * vector::dot(column, u.row(i));
            });
        }
        Ok(())
    }

    fn parameter_jvp(&self, Spot { at, z, a }: Spot<'_, T>, da: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let (da, out) = (da.row(at.sample(i).index()), out.row_mut(i));
            out.fill(T::zero());
            self.parameter_columns(z.row(i), parameters(a, at, i), |k, column| {
                vector::axpby(out, self.sign() * da[k], column, T::one());
            });
        }
        Ok(())
    }

    fn has_second(&self) -> bool {
        self.stated.second.is_some()
    }

    fn vjp_along(&self, a: &Rows<T>, at: Active<'_>, along: &Along<'_, Rows<T>, Rows<T>>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let second = self.second(parameters(a, at, i), at, i, along)?;
            out.row_mut(i).iter_mut().zip(second).for_each(|(out, value)| *out = self.sign() * value);
        }
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
        for i in 0..at.len() {
            let second = self.second(parameters(a, at, i), at, i, along)?;
            vector::axpby(grad.row_mut(at.sample(i).index()), scale * self.sign(), &second[self.n..], T::one());
        }
        Ok(())
    }

    fn objective(&self, _: Spot<'_, T>, _: &mut [T]) -> bool {
        false
    }
}
