//! The operations of a graph with a place for every value: for whoever goes through them backwards.

use super::enclose::rounded;
use super::function::Function;
use super::graph::Graph;
use super::node::{Id, Join, Op};
use crate::interval::{Grade, Interval};

/// An operation on earlier places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Input(usize),
    Constant,
    Negate(usize),
    Unary(Function, usize),
    Raise(f64, usize),
    Join(Join, usize, usize),
    Select(usize, usize, usize),
}

/// Operations in order.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    steps: Vec<Step>,
    /// by place, where it is one
    constants: Vec<Interval>,
    outputs: Vec<usize>,
}

impl Tape {
    /// What is needed for `outputs`.
    pub fn new(graph: &Graph, outputs: &[Id]) -> Self {
        let order = graph.ancestors(outputs);
        let mut place = vec![0; order.last().map_or(0, |id| id.index() + 1)];
        let (mut steps, mut constants) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        for (k, id) in order.iter().enumerate() {
            place[id.index()] = k;
            let node = graph.node(*id);
            let [a, b, c] = node.operands.map(|operand| place[operand.index()]);
            let mut constant = Interval::EMPTY;
            steps.push(match node.op {
                Op::Input(index) => Step::Input(index as usize),
                Op::Constant(bits) => {
                    let value = f64::from_bits(bits);
                    constant = Interval::around(value, graph.uncertainty(value));
                    Step::Constant
                }
                Op::Negate => Step::Negate(a),
                Op::Call(function) => Step::Unary(function, a),
                Op::Raise(bits) => Step::Raise(f64::from_bits(bits), a),
                Op::Join(join) => Step::Join(join, a, b),
                Op::Select => Step::Select(a, b, c),
            });
            constants.push(constant);
        }
        Tape { steps, constants, outputs: outputs.iter().map(|id| place[id.index()]).collect() }
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The places of the outputs.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// All values of every place, for inputs within the intervals of `parts`, one behind the other.
    pub fn enclose(&self, parts: &[&[Interval]], values: &mut Vec<Interval>) {
        values.clear();
        for (step, constant) in self.steps.iter().zip(&self.constants) {
            let value = match *step {
                Step::Input(index) => input(parts, index),
                Step::Constant => *constant,
                Step::Negate(a) => -values[a],
                Step::Unary(function, a) => function.enclose(values[a]),
                Step::Raise(n, a) => values[a].raise(n, rounded(n)),
                Step::Join(Join::Multiply, a, b) if a == b => values[a].square(),
                Step::Join(join, a, b) => join.enclose(values[a], values[b]),
                Step::Select(a, b, c) => values[a].select(values[b], values[c]),
            };
            values.push(value);
        }
    }
}

fn input(parts: &[&[Interval]], mut index: usize) -> Interval {
    for part in parts {
        if index < part.len() {
            return part[index];
        }
        index -= part.len();
    }
    Interval::WHOLE.at_most(Grade::Partial)
}
