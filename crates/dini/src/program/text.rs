//! Programs as text.

use std::fmt;

use super::graph::Graph;
use super::node::{Id, Join, Node, Op};

/// Characters after which a formula is cut.
const LONG: usize = 4000;
/// Brackets and operations within each other before which it is cut.
const DEEP: usize = 200;

impl Graph {
    /// The formula of a node, with `name(k)` for input k; cut where it is long.
    pub fn formula(&self, id: Id, name: &dyn Fn(usize) -> String) -> String {
        let mut out = String::new();
        // a formula is for reading: the end of one that is cut is not missed
        let _ = self.write(&mut out, id, name, (0, 0));
        out
    }

    /// Writes a node, in brackets where it binds less than `level`.
    fn write(
        &self,
        out: &mut String,
        id: Id,
        name: &dyn Fn(usize) -> String,
        (level, depth): (u8, usize),
    ) -> fmt::Result {
        use fmt::Write;
        if out.len() > LONG || depth > DEEP {
            return if out.ends_with("...") { Ok(()) } else { out.write_str("...") };
        }
        let Node { op, operands: [a, b, c] } = self.node(id);
        let own = binding(op);
        let deeper = depth + 1;
        let bracket = own < level;
        if bracket {
            out.write_char('(')?;
        }
        match op {
            Op::Input(index) => out.write_str(&name(index as usize))?,
            Op::Constant(bits) => write!(out, "{}", f64::from_bits(bits))?,
            Op::Negate => {
                out.write_char('-')?;
                self.write(out, a, name, (own + 1, deeper))?;
            }
            Op::Raise(bits) => {
                self.write(out, a, name, (own + 1, deeper))?;
                let n = f64::from_bits(bits);
                if n < 0.0 { write!(out, "^({n})") } else { write!(out, "^{n}") }?;
            }
            Op::Call(function) => {
                write!(out, "{}(", format!("{function:?}").to_lowercase())?;
                self.write(out, a, name, (0, deeper))?;
                out.write_char(')')?;
            }
            Op::Join(join) => match sign(join) {
                Some(sign) => {
                    self.write(out, a, name, (own, deeper))?;
                    out.write_str(sign)?;
                    self.write(out, b, name, (own + 1, deeper))?;
                }
                None => {
                    write!(out, "{}(", format!("{join:?}").to_lowercase())?;
                    self.write(out, a, name, (0, deeper))?;
                    out.write_str(", ")?;
                    self.write(out, b, name, (0, deeper))?;
                    out.write_char(')')?;
                }
            },
            Op::Select => {
                out.write_str("if(")?;
                for (place, operand) in [a, b, c].into_iter().enumerate() {
                    out.write_str(if place == 0 { "" } else { ", " })?;
                    self.write(out, operand, name, (0, deeper))?;
                }
                out.write_char(')')?;
            }
        }
        if bracket {
            out.write_char(')')?;
        }
        Ok(())
    }
}

fn binding(op: Op) -> u8 {
    match op {
        Op::Constant(bits) if f64::from_bits(bits) < 0.0 => 2,
        Op::Join(Join::Less | Join::LessEqual | Join::Greater | Join::GreaterEqual) => 0,
        Op::Join(Join::Add | Join::Subtract) => 1,
        Op::Negate => 2,
        Op::Join(Join::Multiply | Join::Divide | Join::Weigh) => 3,
        Op::Join(Join::Power) | Op::Raise(_) => 4,
        _ => 5,
    }
}

fn sign(join: Join) -> Option<&'static str> {
    Some(match join {
        Join::Add => " + ",
        Join::Subtract => " - ",
        Join::Multiply | Join::Weigh => " * ",
        Join::Divide => " / ",
        Join::Power => "^",
        Join::Less => " < ",
        Join::LessEqual => " <= ",
        Join::Greater => " > ",
        Join::GreaterEqual => " >= ",
        _ => return None,
    })
}
