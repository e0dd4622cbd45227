//! Derivatives of programs, as programs: along a direction, against a cotangent, and entry by entry.

use std::collections::BinaryHeap;

use super::graph::Graph;
use super::node::{Id, Join, Node, Op};
use super::slope::{Slope, raised};

/// One entry of a Jacobian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of which output.
    pub row: usize,
    /// By which input.
    pub input: usize,
    /// Its value.
    pub value: Id,
}

impl Graph {
    /// The derivatives of `outputs` along the direction in which input k changes by `direction(k)`; none stands for no change.
    pub fn tangent(
        &mut self,
        outputs: &[Id],
        mut direction: impl FnMut(&mut Graph, usize) -> Option<Id>,
    ) -> Vec<Option<Id>> {
        let order = self.ancestors(outputs);
        let mut tangents: Vec<Option<Id>> = vec![None; order.last().map_or(0, |id| id.index() + 1)];
        for id in order {
            if let Some(index) = self.as_input(id) {
                tangents[id.index()] = direction(self, index);
                continue;
            }
            let node = self.node(id);
            let mut sum = None;
            for (place, operand) in node.operands().iter().enumerate() {
                if let Some(change) = tangents[operand.index()]
                    && let Some(slope) = self.slope(id, place)
                {
                    let change = self.mapped(slope, change);
                    sum = Some(self.sum(sum, change));
                }
            }
            tangents[id.index()] = sum;
        }
        outputs.iter().map(|id| tangents[id.index()]).collect()
    }

    /// The products of the transposed Jacobian: sum_i `cotangents`\[i\] d outputs\[i\] / d input k for the inputs k < `inputs` for which
    /// `wanted(k)`; none where that is 0 whatever the inputs.
    pub fn cotangent(
        &mut self,
        outputs: &[Id],
        cotangents: &[Id],
        inputs: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<Option<Id>> {
        let order = self.varying(outputs, wanted);
        let mut adjoints: Vec<Option<Adjoint>> = vec![None; order.last().map_or(0, |id| id.index() + 1)];
        for (output, cotangent) in outputs.iter().zip(cotangents) {
            // outputs that do not vary are in no place
            if order.binary_search(output).is_ok() {
                adjoints[output.index()] = Some(self.gathered(adjoints[output.index()], Adjoint::of(*cotangent)));
            }
        }
        let mut products = vec![None; inputs];
        let varies: Vec<bool> = flags(&order);
        for id in order.into_iter().rev() {
            let Some(adjoint) = adjoints[id.index()] else { continue };
            if let Some(index) = self.as_input(id) {
                products[index] = Some(adjoint.value);
                continue;
            }
            for (place, operand) in self.node(id).operands().iter().enumerate() {
                if varies[operand.index()]
                    && let Some(slope) = self.slope(id, place)
                {
                    let change = self.pulled(slope, adjoint);
                    adjoints[operand.index()] = Some(self.gathered(adjoints[operand.index()], change));
                }
            }
        }
        products
    }

    /// The Jacobian of `outputs` by the inputs for which `wanted`: the entries that are not 0 whatever the inputs, row by row.
    /// None where that takes more than so many `operations` or nodes, or there are more than `most` entries.
    pub fn jacobian(
        &mut self,
        outputs: &[Id],
        wanted: impl Fn(usize) -> bool,
        operations: usize,
        most: usize,
    ) -> Option<Vec<Entry>> {
        let one = self.number(1.0);
        let all = flags(&self.varying(outputs, wanted));
        let mut adjoints: Vec<Option<Adjoint>> = vec![None; all.len()];
        let mut open = BinaryHeap::new();
        let mut entries = Vec::new();
        let mut work = 0;
        for (row, output) in outputs.iter().enumerate() {
            if !all.get(output.index()).is_some_and(|varies| *varies) {
                continue;
            }
            // nodes still to be visited, the last one first
            open.push(*output);
            adjoints[output.index()] = Some(Adjoint::of(one));
            let first = entries.len();
            while let Some(id) = open.pop() {
                let Some(adjoint) = adjoints[id.index()].take() else { continue };
                work += 1;
                if work > operations || self.len() > operations {
                    return None;
                }
                if self.is_zero(adjoint.value) {
                    continue;
                }
                if let Some(input) = self.as_input(id) {
                    if entries.len() == most {
                        return None;
                    }
                    entries.push(Entry { row, input, value: adjoint.value });
                    continue;
                }
                for (place, operand) in self.node(id).operands().iter().enumerate() {
                    if all[operand.index()]
                        && let Some(slope) = self.slope(id, place)
                    {
                        let change = self.pulled(slope, adjoint);
                        let before = adjoints[operand.index()];
                        if before.is_none() {
                            open.push(*operand);
                        }
                        adjoints[operand.index()] = Some(self.gathered(before, change));
                    }
                }
            }
            entries[first..].sort_by_key(|entry| entry.input);
        }
        Some(entries)
    }

    /// The nodes that `outputs` are computed from and that change with the inputs for which `wanted`, operands first.
    fn varying(&self, outputs: &[Id], wanted: impl Fn(usize) -> bool) -> Vec<Id> {
        let mut order = self.ancestors(outputs);
        let mut varies = vec![false; order.last().map_or(0, |id| id.index() + 1)];
        for id in &order {
            varies[id.index()] = match self.as_input(*id) {
                Some(index) => wanted(index),
                None => self.node(*id).operands().iter().any(|operand| varies[operand.index()]),
            };
        }
        order.retain(|id| varies[id.index()]);
        order
    }

    fn sum(&mut self, sum: Option<Id>, term: Id) -> Id {
        match sum {
            Some(sum) => self.join(Join::Add, sum, term),
            None => term,
        }
    }

    /// How a change of operand `place` of a node becomes one of the node; none where it never does.
    fn slope(&mut self, id: Id, place: usize) -> Option<Slope<Id>> {
        self.rule(id, place).filter(|slope| !matches!(slope, Slope::Times(factor) if self.is_zero(*factor)))
    }

    fn rule(&mut self, id: Id, place: usize) -> Option<Slope<Id>> {
        let node = self.node(id);
        let [a, b, _] = node.operands;
        match node.op {
            Op::Input(_) | Op::Constant(_) => None,
            Op::Negate => Some(Slope::Minus),
            Op::Call(function) => function.slope(self, a, id),
            Op::Raise(bits) => raised(self, a, f64::from_bits(bits), id),
            Op::Select if place == 0 => None,
            Op::Select => Some(Slope::Where(a, place == 1)),
            Op::Join(join) => join.slope(self, (a, b), id, place == 0),
        }
    }

    fn mapped(&mut self, slope: Slope<Id>, change: Id) -> Id {
        match slope {
            Slope::One => change,
            Slope::Minus => self.negate(change),
            Slope::Times(factor) => self.join(Join::Multiply, change, factor),
            Slope::Gated(value) => self.join(Join::Gate, change, value),
            Slope::Over(b) => self.join(Join::Divide, change, b),
            Slope::Quotient { q, b } => {
                let product = self.join(Join::Multiply, change, q);
                let share = self.join(Join::Divide, product, b);
                self.negate(share)
            }
            Slope::Where(truth, wanted) => {
                let zero = self.number(0.0);
                let (yes, no) = if wanted { (change, zero) } else { (zero, change) };
                self.select(truth, yes, no)
            }
        }
    }
}

/// What a change of a node is worth to the outputs, on the way back to the inputs.
#[derive(Clone, Copy, Debug)]
struct Adjoint {
    value: Id,
    /// A truth value, if the node counts only where that is true: elsewhere the value is 0, and is to stay 0 whatever the slopes
    /// before it, which may be infinite or undefined there.
    counts: Option<Id>,
}

impl Adjoint {
    /// Of a node that counts everywhere.
    fn of(value: Id) -> Self {
        Adjoint { value, counts: None }
    }
}

/// Backwards through parts of a formula that count under a condition.
impl Graph {
    fn pulled(&mut self, slope: Slope<Id>, Adjoint { value, counts }: Adjoint) -> Adjoint {
        if let Slope::Where(truth, wanted) = slope {
            let truth = if wanted { truth } else { self.not(truth) };
            // an undefined truth does not matter where the outer one is false
            let both = counts.map_or(truth, |counts| self.join(Join::And, counts, truth));
            return Adjoint { value: self.only_where(both, value), counts: Some(both) };
        }
        let product = self.mapped(slope, value);
        let value = match counts {
            Some(counts) if self.may_spoil_zero(slope) => self.only_where(counts, product),
            _ => product,
        };
        Adjoint { value, counts }
    }

    fn only_where(&mut self, truth: Id, value: Id) -> Id {
        let zero = self.number(0.0);
        self.select(truth, value, zero)
    }

    /// Whether 0 may become something else by a slope.
    fn may_spoil_zero(&self, slope: Slope<Id>) -> bool {
        match slope {
            Slope::One | Slope::Minus | Slope::Gated(_) | Slope::Where(..) => false,
            Slope::Times(factor) => self.constant(factor).is_none_or(|factor| !factor.is_finite()),
            Slope::Over(b) => self.constant(b).is_none_or(|b| b == 0.0 || b.is_nan()),
            Slope::Quotient { .. } => true,
        }
    }

    fn gathered(&mut self, sum: Option<Adjoint>, term: Adjoint) -> Adjoint {
        let Some(sum) = sum else { return term };
        let counts = match (sum.counts, term.counts) {
            (Some(a), Some(b)) => self.either(a, b),
            _ => None,
        };
        Adjoint { value: self.join(Join::Add, sum.value, term.value), counts }
    }

    /// Where one of two truths holds; none where one always does.
    fn either(&mut self, a: Id, b: Id) -> Option<Id> {
        let both = |id: Id| match self.node(id) {
            Node { op: Op::Join(Join::And), operands: [outer, inner, _] } => Some((outer, inner)),
            _ => None,
        };
        match (both(a), both(b)) {
            _ if a == b => Some(a),
            _ if self.opposite(a, b) => None,
            // the two branches of one condition
            (Some((outer, yes)), Some((other, no))) if outer == other && self.opposite(yes, no) => Some(outer),
            (_, Some((outer, inner))) if outer == a || inner == a => Some(a),
            (Some((outer, inner)), _) if outer == b || inner == b => Some(b),
            _ => Some(self.join(Join::Or, a, b)),
        }
    }

    fn not(&mut self, truth: Id) -> Id {
        let one = self.number(1.0);
        self.join(Join::Subtract, one, truth)
    }

    fn opposite(&self, a: Id, b: Id) -> bool {
        let negates = |no: Id, yes: Id| match self.node(no) {
            Node { op: Op::Join(Join::Subtract), operands: [one, truth, _] } => {
                truth == yes && self.constant(one) == Some(1.0)
            }
            _ => false,
        };
        negates(a, b) || negates(b, a)
    }
}

/// By index, whether a node is one of these.
fn flags(order: &[Id]) -> Vec<bool> {
    let mut flags = vec![false; order.last().map_or(0, |id| id.index() + 1)];
    order.iter().for_each(|id| flags[id.index()] = true);
    flags
}
