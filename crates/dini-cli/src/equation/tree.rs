//! The form of a formula as it was written, before indices and sums are worked out.

use std::collections::HashSet;

use dini::program::{Function, Join};

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Number(f64),
    /// A number with more digits than it can hold.
    Rounded(f64),
    Symbol(Symbol),
    Negate(Box<Node>),
    Call(Function, Box<Node>),
    /// Joined from the left. A long sum is one chain, so that the depth of a tree is that of its parentheses.
    Chain(Box<Node>, Vec<(Join, Node)>),
    If(Box<Condition>, Box<[Node; 2]>),
    Repeat(Box<Repeat>),
}

/// A name, or a name with indices as in `x[1]` and `a[i, j]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Symbol {
    pub(super) name: String,
    pub(super) indices: Vec<Node>,
    /// Index of the first character of the name.
    pub(super) position: usize,
}

/// What `if` decides by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Compare(Join, Node, Node),
    /// Conditions joined by [`Join::And`] or [`Join::Or`].
    Join(Join, Vec<Condition>),
}

/// A sum or a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat {
    pub(super) join: Join,
    pub(super) range: Range,
    pub(super) term: Node,
}

/// The whole numbers that a running index takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) index: String,
    pub(super) first: Node,
    pub(super) last: Node,
    /// Where the index is written.
    pub(super) position: usize,
}

/// The names without indices that occur in a tree, other than as running indices.
#[derive(Debug, Default)]
pub(super) struct Names<'n> {
    pub(super) found: HashSet<String>,
    running: Vec<&'n str>,
}

impl<'n> Names<'n> {
    pub(super) fn visit(&mut self, node: &'n Node) {
        match node {
            Node::Number(_) | Node::Rounded(_) => {}
            Node::Symbol(symbol) if symbol.indices.is_empty() => {
                if !self.running.contains(&symbol.name.as_str()) {
                    self.found.insert(symbol.name.clone());
                }
            }
            Node::Symbol(symbol) => symbol.indices.iter().for_each(|index| self.visit(index)),
            Node::Negate(operand) | Node::Call(_, operand) => self.visit(operand),
            Node::Chain(first, rest) => {
                self.visit(first);
                rest.iter().for_each(|(_, operand)| self.visit(operand));
            }
            Node::If(condition, branches) => {
                self.condition(condition);
                branches.iter().for_each(|branch| self.visit(branch));
            }
            Node::Repeat(repeat) => self.within(&repeat.range, |names| names.visit(&repeat.term)),
        }
    }

    /// Visits a range, and with `inside` what its index runs over.
    pub(super) fn within(&mut self, range: &'n Range, inside: impl FnOnce(&mut Self)) {
        self.visit(&range.first);
        self.visit(&range.last);
        self.running.push(&range.index);
        inside(self);
        self.running.pop();
    }

    fn condition(&mut self, condition: &'n Condition) {
        match condition {
            Condition::Compare(_, left, right) => {
                self.visit(left);
                self.visit(right);
            }
            Condition::Join(_, parts) => parts.iter().for_each(|part| self.condition(part)),
        }
    }
}
