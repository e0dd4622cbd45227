//! A typed system as a problem of the library.

use std::collections::HashMap;

use dini::num_dual::{Dual64, DualNum};
use dini::problem::{Active, Eval, Linearize, ParamJvp, ParamVjp, Parametric, Problem, Sparsity};
use dini::{Error, Rows};

use crate::equation::{Dependence, System};

/// The equations in the order of the unknowns, as a fixed point z - f(z) where that is how they are written.
///
/// An equation with an unknown alone on one side belongs to it, as unknown minus the rest; the others fill the places left, as left
/// minus right. The Jacobian has an entry for each unknown that an equation mentions, and costs an evaluation of that equation.
#[derive(Debug)]
pub(super) struct Model<'s> {
    system: &'s System,
    rows: Vec<Row>,
    sparsity: Sparsity,
    dependence: Dependence,
    /// By equation: its row.
    row_of: Vec<usize>,
}

/// An equation in its place.
#[derive(Debug)]
struct Row {
    equation: usize,
    sign: f64,
    /// Its unknowns, and where their entries are in the Jacobian.
    entries: Vec<(usize, usize)>,
}

impl<'s> Model<'s> {
    pub fn new(system: &'s System) -> Result<Self, Error> {
        let order = orientation(system);
        let places = order.iter().enumerate();
        let pairs =
            places.flat_map(|(row, (equation, _))| system.unknowns_of(*equation).map(move |place| (row, place)));
        let sparsity = Sparsity::new(order.len(), pairs)?;
        let mut row_of = vec![0; order.len()];
        let mut rows = Vec::with_capacity(order.len());
        for (row, (equation, sign)) in order.into_iter().enumerate() {
            row_of[equation] = row;
            let entry = |place: usize| {
                let before = sparsity.rows(place).partition_point(|known| *known < row);
                (place, sparsity.column(place).start + before)
            };
            rows.push(Row { equation, sign, entries: system.unknowns_of(equation).map(entry).collect() });
        }
        Ok(Model { system, rows, sparsity, dependence: Dependence::new(system), row_of })
    }

    /// The equation that row `row` is.
    pub fn equation(&self, row: usize) -> usize {
        self.rows[row].equation
    }

    /// The rows that depend on parameter `p`, in order.
    pub fn rows_with(&self, p: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = self.dependence.equations(p).into_iter().map(|index| self.row_of[index]).collect();
        rows.sort_unstable();
        rows
    }

    /// g of the rows asked for.
    pub fn residual_of<D: DualNum<Primitive = f64> + Copy>(&self, rows: &[usize], z: &[D], a: &[D]) -> Vec<D> {
        let at = self.system.at(a);
        let value = |row: &Row| at.residual(row.equation, |place| z[place]) * row.sign;
        rows.iter().map(|&row| value(&self.rows[row])).collect()
    }

    /// The derivatives of `rows` by parameter `p` at z.
    pub fn slopes(&self, rows: &[usize], p: usize, z: &[f64]) -> Vec<f64> {
        let mut a = lifted(self.system.parameter_values());
        a[p] = a[p].derivative();
        self.residual_of(rows, &lifted(z), &a).into_iter().map(|g| g.eps).collect()
    }

    fn parameters(&self) -> usize {
        self.system.parameters().len()
    }
}

/// Numbers as dual numbers that do not vary.
fn lifted(values: &[f64]) -> Vec<Dual64> {
    values.iter().map(|v| Dual64::from_re(*v)).collect()
}

impl Problem for Model<'_> {
    type State = Rows<f64>;

    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        if (z.samples(), z.width()) != (1, self.rows.len()) {
            let (expected, found) = (format!("1 x {}", self.rows.len()), format!("{} x {}", z.samples(), z.width()));
            return Err(Error::Shape { what: "the start z0", expected, found });
        }
        z.first_non_finite().map_or(Ok(()), |sample| Err(Error::NonFinite { what: "the start z0", sample }))
    }

    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        let system = self.system.at(self.system.parameter_values());
        for i in 0..at.len() {
            let z = z.row(i);
            for (out, row) in out.row_mut(i).iter_mut().zip(&self.rows) {
                *out = system.residual(row.equation, |place| z[place]) * row.sign;
            }
        }
        Ok(())
    }
}

/// The entries of the Jacobians, slot by slot.
#[derive(Debug)]
pub(super) struct Entries(Vec<f64>);

impl Entries {
    fn of(&self, slot: usize, sparsity: &Sparsity) -> &[f64] {
        &self.0[slot * sparsity.entries()..(slot + 1) * sparsity.entries()]
    }
}

impl Linearize for Model<'_> {
    type Tape = Entries;

    fn tape(&self, like: &Rows<f64>) -> Entries {
        Entries(vec![0.0; like.samples() * self.sparsity.entries()])
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Entries) -> Eval {
        let parameters = lifted(self.system.parameter_values());
        let system = self.system.at(&parameters);
        for i in 0..at.len() {
            let z = z.row(i);
            let entries = &mut tape.0[at.slot(i) * self.sparsity.entries()..][..self.sparsity.entries()];
            for row in &self.rows {
                for &(varied, entry) in &row.entries {
                    let unknown = |place: usize| Dual64::new(z[place], if place == varied { 1.0 } else { 0.0 });
                    entries[entry] = (system.residual(row.equation, unknown) * row.sign).eps;
                }
            }
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &Entries, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply(tape.of(at.slot(i), &self.sparsity), v.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Entries, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply_transpose(tape.of(at.slot(i), &self.sparsity), u.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn jacobian(&self, slot: usize, tape: &Entries, out: &mut [f64]) -> bool {
        let entries = tape.of(slot, &self.sparsity);
        out.fill(0.0);
        for (j, column) in out.chunks_exact_mut(self.rows.len()).enumerate() {
            let entries = entries[self.sparsity.column(j)].iter().zip(self.sparsity.rows(j));
            entries.for_each(|(v, &row)| column[row] = *v);
        }
        true
    }

    fn sparse_jacobian(&self, slot: usize, tape: &Entries, out: &mut [f64]) -> bool {
        out.copy_from_slice(tape.of(slot, &self.sparsity));
        true
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        Some(&self.sparsity)
    }
}

impl Parametric for Model<'_> {
    type Parameters = Rows<f64>;

    fn zero_parameters(&self, samples: usize) -> Rows<f64> {
        Rows::new(samples, self.parameters())
    }

    fn check_parameters(&self, samples: usize, parameters: &Rows<f64>) -> Result<(), Error> {
        let (p, found) = (self.parameters(), (parameters.samples(), parameters.width()));
        if found == (samples, p) {
            return Ok(());
        }
        let (expected, found) = (format!("{samples} x {p}"), format!("{} x {}", found.0, found.1));
        Err(Error::Shape { what: "the parameters' direction", expected, found })
    }
}

impl ParamVjp for Model<'_> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &Entries,
        z: &Rows<f64>,
        u: &Rows<f64>,
        scale: f64,
        grad: &mut Rows<f64>,
    ) -> Eval {
        for i in 0..at.len() {
            let u = u.row(i);
            for p in 0..self.parameters() {
                let rows = self.rows_with(p);
                let slopes = self.slopes(&rows, p, z.row(i));
                let sum: f64 = rows.iter().zip(slopes).map(|(&row, slope)| slope * u[row]).sum();
                grad.row_mut(at.sample(i))[p] += scale * sum;
            }
        }
        Ok(())
    }
}

impl ParamJvp for Model<'_> {
    fn param_jvp(&self, at: Active<'_>, _: &Entries, z: &Rows<f64>, tangent: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (da, out) = (tangent.row(at.sample(i)), out.row_mut(i));
            out.fill(0.0);
            for (p, da) in da.iter().enumerate().filter(|(_, da)| **da != 0.0) {
                let rows = self.rows_with(p);
                rows.iter().zip(self.slopes(&rows, p, z.row(i))).for_each(|(&row, slope)| out[row] += slope * da);
            }
        }
        Ok(())
    }
}

/// The equations in the order of their unknowns, and the signs they get.
fn orientation(system: &System) -> Vec<(usize, f64)> {
    let unknowns: HashMap<&str, usize> = system.unknowns().iter().map(String::as_str).zip(0..).collect();
    let mut places: Vec<Option<(usize, f64)>> = vec![None; unknowns.len()];
    let mut homeless = Vec::new();
    for (index, equation) in system.equations().enumerate() {
        let place = equation.alone().into_iter().zip([1.0, -1.0]).find_map(|(side, sign)| {
            let unknown = *unknowns.get(side?)?;
            places[unknown].is_none().then_some((unknown, sign))
        });
        match place {
            Some((unknown, sign)) => places[unknown] = Some((index, sign)),
            None => homeless.push((index, 1.0)),
        }
    }
    let mut homeless = homeless.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| homeless.next())).collect()
}
