//! A typed system as a problem of the library.

use std::sync::OnceLock;

use dini::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, ParamJvp, ParamVjp, Parametric, Problem,
    Slot, Sparse, SparseJacobian, Sparsity,
};
use dini::program::{Code, Entry, Graph, Id};
use dini::{Error, Rows};

use crate::equation::{Dependence, System};

/// Nodes up to which the derivatives by all parameters are made at once.
const MOST_NODES: usize = 4_000_000;

/// The equations in the order of the unknowns, as a fixed point z - f(z) where that is how they are written.
///
/// An equation with an unknown alone on one side belongs to it, as unknown minus the rest; the others fill the places left, as left
/// minus right. The Jacobian has an entry for each unknown that an equation depends on.
#[derive(Debug)]
pub(super) struct Model<'s> {
    system: &'s System,
    /// Of the unknowns, then the parameters.
    graph: Graph,
    /// By row: its equation, and g.
    equations: Vec<usize>,
    rows: Vec<Id>,
    /// By equation: its row.
    row_of: Vec<usize>,
    residual: Code,
    sparsity: Sparsity,
    /// The entries of the Jacobian in the order of the pattern.
    entries: Code,
    dependence: Dependence,
    slopes: OnceLock<Slopes>,
}

impl<'s> Model<'s> {
    pub fn new(system: &'s System) -> Result<Self, Error> {
        let (n, inputs) = (system.unknowns().len(), system.unknowns().len() + system.parameters().len());
        let mut graph = system.graph().clone();
        let mut row_of = vec![0; n];
        let (mut equations, mut rows) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (row, (equation, flip)) in orientation(system).into_iter().enumerate() {
            let g = system.residuals()[equation];
            row_of[equation] = row;
            equations.push(equation);
            rows.push(if flip { graph.negate(g) } else { g });
        }
        let residual = Code::new(&graph, &rows, inputs);
        // how much there is to differentiate has been limited where the formulas were written out
        let mut entries = graph.jacobian(&rows, |input| input < n, usize::MAX, usize::MAX).unwrap_or_default();
        entries.sort_by_key(|entry| (entry.input, entry.row));
        let sparsity = Sparsity::new(n, entries.iter().map(|entry| (entry.row, entry.input)))?;
        let entries = Code::new(&graph, &values(&entries), inputs);
        let dependence = Dependence::new(system);
        let slopes = OnceLock::new();
        Ok(Model { system, graph, equations, rows, row_of, residual, sparsity, entries, dependence, slopes })
    }

    /// The equation that row `row` is.
    pub fn equation(&self, row: usize) -> usize {
        self.equations[row]
    }

    /// The rows that depend on parameter `p`, be it without a derivative, in order.
    pub fn rows_with(&self, p: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = self.dependence.equations(p).into_iter().map(|index| self.row_of[index]).collect();
        rows.sort_unstable();
        rows
    }

    /// g of some rows, of z and the parameters.
    pub fn code_of(&self, rows: &[usize]) -> Code {
        let rows: Vec<Id> = rows.iter().map(|row| self.rows[*row]).collect();
        Code::new(&self.graph, &rows, self.inputs())
    }

    /// By parameter: the rows that have a derivative by it, in order, and what it is at z.
    pub fn slopes(&self, z: &[f64]) -> Vec<Vec<(usize, f64)>> {
        let slopes = self.slopes.get_or_init(|| Slopes::new(self, MOST_NODES.max(2 * self.graph.len())));
        slopes.at(z, self.system.parameter_values())
    }

    fn parameters(&self) -> usize {
        self.system.parameters().len()
    }

    fn inputs(&self) -> usize {
        self.rows.len() + self.parameters()
    }
}

/// The derivatives by the parameters, as programs and where their outputs belong: row and parameter.
#[derive(Debug)]
struct Slopes(Vec<(Code, Vec<(usize, usize)>)>);

impl Slopes {
    /// One program for all. Where many rows share a long chain of abbreviations, which costs more than `limit` nodes, one for each
    /// parameter.
    fn new(model: &Model<'_>, limit: usize) -> Self {
        let n = model.rows.len();
        let mut graph = model.graph.clone();
        if let Some(mut entries) = graph.jacobian(&model.rows, |input| input >= n, limit, usize::MAX) {
            entries.sort_by_key(|entry| (entry.input, entry.row));
            let places = entries.iter().map(|entry| (entry.row, entry.input - n)).collect();
            return Slopes(vec![(Code::new(&graph, &values(&entries), model.inputs()), places)]);
        }
        let each = (0..model.parameters()).map(|p| {
            let rows = model.rows_with(p);
            let wanted: Vec<Id> = rows.iter().map(|row| model.rows[*row]).collect();
            let mut graph = Graph::new();
            let copies = graph.include(&model.graph, &wanted, Graph::input);
            let tangents = graph.tangent(&copies, |graph, input| (input == n + p).then(|| graph.number(1.0)));
            let found: Vec<(usize, Id)> =
                rows.into_iter().zip(tangents).filter_map(|(row, t)| Some((row, t?))).collect();
            let outputs: Vec<Id> = found.iter().map(|(_, tangent)| *tangent).collect();
            let places = found.iter().map(|(row, _)| (*row, p)).collect();
            (Code::new(&graph, &outputs, model.inputs()), places)
        });
        Slopes(each.collect())
    }

    fn at(&self, z: &[f64], parameters: &[f64]) -> Vec<Vec<(usize, f64)>> {
        let mut slopes = vec![Vec::new(); parameters.len()];
        for (code, places) in &self.0 {
            code.run_one(&[z, parameters], |k, value| {
                let (row, p) = places[k];
                slopes[p].push((row, value));
            });
        }
        slopes
    }
}

fn values(entries: &[Entry]) -> Vec<Id> {
    entries.iter().map(|entry| entry.value).collect()
}

impl Problem for Model<'_> {
    type State = Rows<f64>;

    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        z.check("the start z0", (1, self.rows.len()))
    }

    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let out = out.row_mut(i);
            self.residual.run_one(&[z.row(i), self.system.parameter_values()], |row, value| out[row] = value);
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
        for i in 0..at.len() {
            let entries = &mut tape.0[at.slot(i).index() * self.sparsity.entries()..][..self.sparsity.entries()];
            self.entries.run_one(&[z.row(i), self.system.parameter_values()], |k, value| entries[k] = value);
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &Entries, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply(tape.of(at.slot(i).index(), &self.sparsity), v.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Entries, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply_transpose(tape.of(at.slot(i).index(), &self.sparsity), u.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        let sparse = Some(Sparse { pattern: &self.sparsity, entries: Some(self) });
        Capabilities { dense: Some(self), sparse, passes: None }
    }
}

impl DenseJacobian<Entries, f64> for Model<'_> {
    fn jacobian(&self, slot: Slot, tape: &Entries, out: &mut [f64]) {
        self.sparsity.spread(tape.of(slot.index(), &self.sparsity), out);
    }
}

impl SparseJacobian<Entries, f64> for Model<'_> {
    fn entries(&self, slot: Slot, tape: &Entries, out: &mut [f64]) {
        out.copy_from_slice(tape.of(slot.index(), &self.sparsity));
    }
}

impl Parametric for Model<'_> {
    type Parameters = Rows<f64>;

    fn zero_parameters(&self, samples: usize) -> Rows<f64> {
        Rows::new(samples, self.parameters())
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
            for (grad, slopes) in grad[at.sample(i)].iter_mut().zip(self.slopes(z.row(i))) {
                *grad += scale * slopes.iter().map(|(row, slope)| slope * u[*row]).sum::<f64>();
            }
        }
        Ok(())
    }
}

impl ParamJvp for Model<'_> {
    fn check_direction(&self, samples: usize, parameters: &Rows<f64>) -> Result<(), Error> {
        let (p, found) = (self.parameters(), (parameters.samples(), parameters.width()));
        if found == (samples, p) {
            return Ok(());
        }
        let (expected, found) = (format!("{samples} x {p}"), format!("{} x {}", found.0, found.1));
        Err(Error::Shape { what: "the parameters' direction", expected, found })
    }

    fn param_jvp(&self, at: Active<'_>, _: &Entries, z: &Rows<f64>, tangent: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (da, out) = (&tangent[at.sample(i)], out.row_mut(i));
            out.fill(0.0);
            for (da, slopes) in da.iter().zip(self.slopes(z.row(i))).filter(|(da, _)| **da != 0.0) {
                slopes.iter().for_each(|(row, slope)| out[*row] += slope * da);
            }
        }
        Ok(())
    }
}

/// The equations in the order of their unknowns, and whether their signs change.
fn orientation(system: &System) -> Vec<(usize, bool)> {
    let mut places: Vec<Option<(usize, bool)>> = vec![None; system.unknowns().len()];
    let mut homeless = Vec::new();
    for equation in 0..system.residuals().len() {
        let place = system.alone(equation).into_iter().zip([false, true]).find_map(|(unknown, flip)| {
            let unknown = unknown?;
            places[unknown].is_none().then_some((unknown, flip))
        });
        match place {
            Some((unknown, flip)) => places[unknown] = Some((equation, flip)),
            None => homeless.push((equation, false)),
        }
    }
    let mut homeless = homeless.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| homeless.next())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::{Given, parse_values};

    #[test]
    fn the_derivatives_by_all_parameters_are_those_by_each() {
        let equations = ["x[i]^2 = a*i + d for i = 1..3", "y = if(a < b, c*x[2], x[1]/d) + floor(b)", "z - y = c"];
        let values = parse_values("a=0.5,b=2,c=a*b+0.25,d=c^2").expect("values");
        let system = System::new(&equations, Given { values, ..Given::default() }).expect("a system");
        let model = Model::new(&system).expect("a model");
        let z = [1.2, 0.7, -0.3, 2.0, 0.4];
        let [all, each] = [usize::MAX, 1].map(|limit| Slopes::new(&model, limit));
        assert_eq!((all.0.len(), each.0.len()), (1, 2));
        let (all, each) = (all.at(&z, &[0.5, 2.0]), each.at(&z, &[0.5, 2.0]));
        for (all, each) in all.iter().zip(&each) {
            assert_eq!(all.len(), each.len());
            let near = |(a, b): (&(usize, f64), &(usize, f64))| a.0 == b.0 && (a.1 - b.1).abs() < 1e-14;
            assert!(all.iter().zip(each).all(near), "{all:?} {each:?}");
        }
        // b has a derivative by c and d in all rows
        assert_eq!((model.rows_with(0).len(), model.rows_with(1).len(), all[1].len()), (5, 5, 5));
    }
}
