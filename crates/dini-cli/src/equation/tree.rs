//! The form of a formula as it was written, before indices and sums are worked out.

use super::function::Function;
use super::program::Combination;

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Symbol(Symbol),
    Negate(Box<Node>),
    Call(Function, Box<Node>),
    /// Joined from the left. A long sum is one chain, so that the depth of a tree is that of its parentheses.
    Chain(Box<Node>, Vec<(Combination, Node)>),
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
    Compare(Combination, Node, Node),
    /// Conditions joined by [`Combination::And`] or [`Combination::Or`].
    Join(Combination, Vec<Condition>),
}

/// A sum or a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat {
    pub(super) combination: Combination,
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
