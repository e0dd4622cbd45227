//! Formulas as a graph of operations, in which equal parts are one node.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use super::enclose::rounded;
use super::function::Function;
use super::node::{Id, Join, Node, Op, raise};
use crate::interval::Interval;

/// Operations on inputs and numbers. Every node comes after its operands, equal nodes are one, and what is computed from
/// numbers alone is a number.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// nodes by their hashes
    known: HashTable<Id>,
    /// by the bits of a number: how far what it stands for may be from it, where that is more than [`Graph::uncertainty`] supposes
    uncertain: FxHashMap<u64, f64>,
}

const NONE: Id = Id(0);
fn hash(node: &Node) -> u64 {
    let mut hasher = FxHasher::default();
    node.hash(&mut hasher);
    hasher.finish()
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph without nodes, with room for some.
    pub(super) fn with_capacity(nodes: usize) -> Self {
        Graph {
            nodes: Vec::with_capacity(nodes),
            known: HashTable::with_capacity(nodes),
            uncertain: FxHashMap::default(),
        }
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    #[inline]
    pub(super) fn node(&self, id: Id) -> Node {
        self.nodes[id.index()]
    }

    fn push(&mut self, op: Op, operands: [Id; 3]) -> Id {
        let node = Node { op, operands };
        let Graph { nodes, known, .. } = self;
        let next = Id(nodes.len() as u32);
        let id = *known
            .entry(hash(&node), |id| nodes[id.index()] == node, |id| hash(&nodes[id.index()]))
            .or_insert(next)
            .get();
        if id == next {
            nodes.push(node);
        }
        id
    }

    /// The value of input `index`.
    pub fn input(&mut self, index: usize) -> Id {
        self.push(Op::Input(index as u32), [NONE; 3])
    }

    /// A number.
    pub fn number(&mut self, value: f64) -> Id {
        self.push(Op::Constant(value.to_bits()), [NONE; 3])
    }

    /// A number that stands for one within a unit of its last place, as where it was read from a text with more digits than it has.
    pub fn rounded(&mut self, value: f64) -> Id {
        let unit = value.abs().next_up() - value.abs();
        self.computed(value, Interval::around(value, unit))
    }

    /// A number computed from others, which is the rounded value of what lies in `exact`.
    fn computed(&mut self, value: f64, exact: Interval) -> Id {
        let radius = if exact.is_empty() { f64::INFINITY } else { exact.radius_around(value) };
        if radius > self.uncertainty(value) && !(exact.lo() == value && exact.hi() == value) {
            self.uncertain.insert(value.to_bits(), radius);
        }
        self.number(value)
    }

    /// How far what a number stands for may be from it: 0.1 is no number of 53 bits, nor is pi, nor the difference of 0.1 * 3 and 0.3.
    ///
    /// A number with more than 32 significant bits is taken for a rounded one, within a unit in its last place.
    pub(super) fn uncertainty(&self, value: f64) -> f64 {
        let given = self.uncertain.get(&value.to_bits()).copied().unwrap_or(0.0);
        given.max(rounded(value))
    }

    /// What a number may stand for.
    fn enclosed(&self, value: f64) -> Interval {
        Interval::around(value, self.uncertainty(value))
    }

    /// The number that a node is, where it stands for nothing else.
    fn exact(&self, id: Id) -> Option<f64> {
        self.constant(id).filter(|value| self.uncertainty(*value) == 0.0)
    }

    /// Whether a node is 0 at every point, and not by rounding.
    pub(super) fn is_zero(&self, id: Id) -> bool {
        self.exact(id) == Some(0.0)
    }

    /// The number that a node is, if it depends on no input.
    #[inline]
    pub fn constant(&self, id: Id) -> Option<f64> {
        match self.node(id).op {
            Op::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The input that a node is, if it is nothing else.
    #[inline]
    pub fn as_input(&self, id: Id) -> Option<usize> {
        match self.node(id).op {
            Op::Input(index) => Some(index as usize),
            _ => None,
        }
    }

    /// -x
    pub fn negate(&mut self, x: Id) -> Id {
        match self.node(x).op {
            Op::Constant(bits) => {
                let value = f64::from_bits(bits);
                self.computed(-value, -self.enclosed(value))
            }
            Op::Negate => self.node(x).operands[0],
            _ => self.push(Op::Negate, [x, NONE, NONE]),
        }
    }

    /// A function of one argument.
    pub fn call(&mut self, function: Function, x: Id) -> Id {
        match self.constant(x) {
            Some(value) => self.computed(function.value(value), function.enclose(self.enclosed(value))),
            None => self.push(Op::Call(function), [x, NONE, NONE]),
        }
    }

    /// x^n
    pub fn raise(&mut self, x: Id, n: f64) -> Id {
        match self.constant(x) {
            Some(value) => {
                let exact = self.enclosed(value).raise(n, self.uncertainty(n));
                self.computed(raise(value, n), exact)
            }
            None if n == 1.0 => x,
            None => self.push(Op::Raise(n.to_bits()), [x, NONE, NONE]),
        }
    }

    /// Two values joined. Factors and divisors of 1 are left out, and numbers that add nothing.
    pub fn join(&mut self, join: Join, a: Id, b: Id) -> Id {
        if let (Some(left), Some(right)) = (self.constant(a), self.constant(b)) {
            let exact = join.enclose(self.enclosed(left), self.enclosed(right));
            return self.computed(join.apply(left, right), exact);
        }
        // an exponent that rounding has made a short number is not the one it stands for
        if join == Join::Power
            && let Some(n) = self.constant(b)
            && !self.uncertain.contains_key(&n.to_bits())
        {
            return self.raise(a, n);
        }
        match (join, self.exact(a), self.exact(b)) {
            (Join::Add | Join::Subtract, None, Some(0.0))
            | (Join::Multiply | Join::Divide | Join::Weigh, None, Some(1.0)) => a,
            (Join::Add, Some(0.0), None) | (Join::Multiply | Join::Weigh, Some(1.0), None) => b,
            (Join::Multiply | Join::Divide | Join::Weigh, None, Some(-1.0)) => self.negate(a),
            (Join::Multiply | Join::Weigh, Some(-1.0), None) => self.negate(b),
            (Join::Subtract, Some(0.0), None) => self.negate(b),
            (Join::Weigh | Join::Gate, Some(0.0), None) => a,
            _ => self.push(Op::Join(join), [a, b, NONE]),
        }
    }

    /// `yes` where `truth` is 1, `no` where it is 0, NaN where it is NaN.
    pub fn select(&mut self, truth: Id, yes: Id, no: Id) -> Id {
        match self.exact(truth) {
            Some(truth) if truth.is_nan() => self.number(truth),
            Some(truth) => {
                if truth == 0.0 {
                    no
                } else {
                    yes
                }
            }
            None if yes == no && self.is_zero(yes) => yes,
            None => self.push(Op::Select, [truth, yes, no]),
        }
    }

    /// Copies nodes of another graph, with `input` in place of its inputs; returns the copies of `outputs`.
    pub fn include(
        &mut self,
        other: &Graph,
        outputs: &[Id],
        mut input: impl FnMut(&mut Graph, usize) -> Id,
    ) -> Vec<Id> {
        for (bits, radius) in &other.uncertain {
            let known = self.uncertain.entry(*bits).or_insert(0.0);
            *known = known.max(*radius);
        }
        let order = other.ancestors(outputs);
        let mut copies = vec![NONE; order.last().map_or(0, |id| id.index() + 1)];
        for id in order {
            let node = other.node(id);
            let mut operands = [NONE; 3];
            operands.iter_mut().zip(node.operands()).for_each(|(copy, operand)| *copy = copies[operand.index()]);
            let (op, [a, b, c]) = (node.op, operands);
            let copy = match op {
                Op::Input(index) => input(self, index as usize),
                Op::Constant(bits) => self.number(f64::from_bits(bits)),
                Op::Negate => self.negate(a),
                Op::Call(function) => self.call(function, a),
                Op::Raise(n) => self.raise(a, f64::from_bits(n)),
                Op::Join(join) => self.join(join, a, b),
                Op::Select => self.select(a, b, c),
            };
            copies[id.index()] = copy;
        }
        outputs.iter().map(|id| copies[id.index()]).collect()
    }

    /// The nodes that `outputs` are computed from, themselves included, operands first.
    pub(super) fn ancestors(&self, outputs: &[Id]) -> Vec<Id> {
        let last = outputs.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        let mut needed = vec![false; last];
        outputs.iter().for_each(|id| needed[id.index()] = true);
        for index in (0..last).rev() {
            if needed[index] {
                self.nodes[index].operands().iter().for_each(|operand| needed[operand.index()] = true);
            }
        }
        needed.iter().enumerate().filter(|(_, needed)| **needed).map(|(index, _)| Id(index as u32)).collect()
    }
}
