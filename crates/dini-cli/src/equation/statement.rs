//! An equation as typed, and the equations it stands for.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use dini::program::{Id, Join};

use super::lower::Lowering;
use super::parser;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Kind, Token, tokenize};
use super::tree::{Names, Node, Range};
use crate::text::shown;

/// `left = right`, or `left = right for i = 1..3`, which stands for an equation for each i.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Arc<str>,
    left: Node,
    /// None for a formula that is to be 0.
    right: Option<Node>,
    ranges: Vec<Range>,
}

impl Statement {
    /// Parses an equation; a text without `=` is to equal 0.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_tokens(text).map_err(|fault| fault.in_text(text))
    }

    fn parse_tokens(text: &str) -> Result<Self, Fault> {
        let tokens = tokenize(text)?;
        let (equation, ranges) = split_family(&tokens);
        let signs = outside_groups(equation, |token| token.kind == Kind::Equals);
        let (left, right) = match signs[..] {
            [] => (parser::formula(equation, 0)?, None),
            [index] => {
                let sign = equation[index].position;
                let (left, right) = (&equation[..index], &equation[index + 1..]);
                for (side, name) in [(left, "left"), (right, "right")] {
                    if side.is_empty() {
                        return Err(Fault::new(sign, format!("nothing to the {name} of `=`")));
                    }
                }
                (parser::formula(left, sign)?, Some(parser::formula(right, sign)?))
            }
            [_, second, ..] => {
                return Err(Fault::new(equation[second].position, "an equation has a single `=`"));
            }
        };
        let ranges =
            ranges.into_iter().map(|(tokens, whole)| parser::range(tokens, whole)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), left, right, ranges })
    }

    /// The equations it stands for. All statements of a system share one `lowering`, which limits them together.
    pub(super) fn equations(&self, lowering: &mut Lowering<'_>) -> Result<Vec<Equation>, SyntaxError> {
        let mut equations = Vec::new();
        self.expand(&self.ranges, lowering, &mut equations).map_err(|fault| fault.in_text(&self.text))?;
        Ok(equations)
    }

    /// The names without indices that are written in it, even where no equation is left with them: in `a*x[i] = 0 for i =
    /// 1..n` with n = 0.
    pub(super) fn names(&self) -> HashSet<String> {
        let mut names = Names::default();
        self.visit(&self.ranges, &mut names);
        names.found
    }

    /// Whether `name` occurs other than as the base of a power, as e does in e^x.
    pub(super) fn uses_as_factor(&self, name: &str) -> bool {
        let tokens = tokenize(&self.text).unwrap_or_default();
        let is_base = |i: usize| tokens.get(i + 1).is_some_and(|next| next.text == "^");
        tokens.iter().enumerate().any(|(i, token)| token.text == name && !is_base(i))
    }

    fn visit<'n>(&'n self, ranges: &'n [Range], names: &mut Names<'n>) {
        match ranges.split_first() {
            Some((range, inner)) => names.within(range, |names| self.visit(inner, names)),
            None => [Some(&self.left), self.right.as_ref()].into_iter().flatten().for_each(|side| names.visit(side)),
        }
    }

    fn expand(
        &self,
        ranges: &[Range],
        lowering: &mut Lowering<'_>,
        equations: &mut Vec<Equation>,
    ) -> Result<(), Fault> {
        let Some((range, inner)) = ranges.split_first() else {
            equations.push(self.equation(lowering)?);
            return Ok(());
        };
        lowering.each(range, |lowering| self.expand(inner, lowering, equations))
    }

    /// The equation at the present values of the running indices.
    fn equation(&self, lowering: &mut Lowering<'_>) -> Result<Equation, Fault> {
        lowering.begin_equation(self.ranges.first().map_or(0, |range| range.position))?;
        let left = lowering.lower(&self.left)?;
        let right = self.right.as_ref().map(|right| lowering.lower(right)).transpose()?;
        let symbols = lowering.take_met();
        let place = lowering.place();
        let graph = lowering.graph();
        let alone = [Some(left), right].map(|side| graph.as_input(side?));
        let residual = right.map_or(left, |right| graph.join(Join::Subtract, left, right));
        Ok(Equation { text: self.text.clone(), place, residual, symbols, alone })
    }
}

/// An equation, held as the residual `left - right` that a solution makes 0. Nodes and symbols are those of the lowering.
#[derive(Clone, Debug)]
pub struct Equation {
    text: Arc<str>,
    /// The values of the running indices, for one of several equations written at once.
    place: String,
    /// Left side minus right side.
    pub(super) residual: Id,
    /// The symbols that occur, in order of appearance.
    pub(super) symbols: Vec<usize>,
    /// The symbols that stand alone on its left and on its right.
    pub(super) alone: [Option<usize>; 2],
}

/// As it was written, with the values of running indices.
impl fmt::Display for Equation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.text.trim()))?;
        if self.place.is_empty() { Ok(()) } else { write!(f, " at {}", self.place) }
    }
}

/// Parts an equation from the ranges after its `for`; each range comes with the position of what announces it.
fn split_family<'t>(tokens: &'t [Token<'t>]) -> (&'t [Token<'t>], Vec<(&'t [Token<'t>], usize)>) {
    let ends_operand = |kind| matches!(kind, Kind::Number | Kind::Name | Kind::Close | Kind::CloseIndex);
    // After an operand, `for` cannot be a symbol.
    let is_for = |index: &usize| *index > 0 && ends_operand(tokens[index - 1].kind);
    let words = outside_groups(tokens, |token| token.text == "for");
    let Some(word) = words.into_iter().find(is_for) else {
        return (tokens, Vec::new());
    };
    let rest = &tokens[word + 1..];
    let commas = outside_groups(rest, |token| token.kind == Kind::Comma);
    let (mut ranges, mut start, mut whole) = (Vec::new(), 0, tokens[word].position);
    for end in commas.into_iter().chain([rest.len()]) {
        ranges.push((&rest[start..end], whole));
        start = end + 1;
        whole = rest.get(end).map_or(whole, |comma| comma.position);
    }
    (&tokens[..word], ranges)
}

/// Indices of the tokens that are wanted and stand in no parentheses or brackets.
pub(super) fn outside_groups(tokens: &[Token<'_>], wanted: impl Fn(&Token<'_>) -> bool) -> Vec<usize> {
    let mut depth = 0_i64;
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open | Kind::OpenIndex => depth += 1,
            Kind::Close | Kind::CloseIndex => depth -= 1,
            _ if depth == 0 && wanted(token) => found.push(index),
            _ => {}
        }
    }
    found
}
