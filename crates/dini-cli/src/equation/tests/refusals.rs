//! Bad equations: what is said, and where it points.

use super::assert_refused;
use crate::equation::{Expression, Statement};

const COMPARISON: &str = "a comparison is the first argument of if, as in if(x < 1, a, b)";
const IF: &str = "as in if(x < 1, a, b)";
const NEAR: &str = "write < or >, or abs(x - 1) < 1e-6 for nearness";

fn equality(sign: &str) -> String {
    format!("`{sign}` is no condition: two real numbers are hardly ever equal to the last digit")
}

#[test]
fn equations() {
    // Equation, position, message, hint.
    let cases = [
        ("z = tanhh(z)", 4, "unknown function `tanhh`", "did you mean tanh?"),
        ("z = Sin(z)", 4, "unknown function `Sin`", "did you mean sin?"),
        ("z = artan(z)", 4, "unknown function `artan`", "did you mean atan?"),
        ("z = f(z)", 4, "unknown function `f`", "write f*(...) for a product"),
        ("z = x (3)", 4, "unknown function `x`", "write x*(...) for a product"),
        ("z = log(z)", 4, "`log` is ambiguous", "write ln, log10 or log2"),
        ("z = (1 + z", 4, "no `)` matches this `(`", ""),
        ("z = sin(cos(z)", 7, "no `)` matches this `(`", ""),
        ("z = (1 + (2*z", 9, "no `)` matches this `(`", ""),
        ("z = 1 + z)", 9, "no `(` matches this `)`", ""),
        (")z(", 0, "no `(` matches this `)`", ""),
        ("(z = 3)", 0, "no `)` matches this `(`", ""),
        ("z = * 3", 4, "nothing for `*` to act on at its left", ""),
        ("z = 3 +", 6, "nothing for `+` to act on at its right", ""),
        ("z = 3 * / 2", 8, "nothing for `/` to act on at its left", ""),
        ("z = (3 -) * 2", 7, "nothing for `-` to act on at its right", ""),
        ("z - = 2", 2, "nothing for `-` to act on at its right", ""),
        ("z = 2^", 5, "nothing for `^` to act on at its right", ""),
        ("z = ^2", 4, "nothing for `^` to act on at its left", ""),
        ("z = -", 4, "nothing for `-` to act on at its right", ""),
        ("", 0, "empty expression", ""),
        ("   ", 0, "empty expression", ""),
        ("=", 0, "nothing to the left of `=`", ""),
        ("= 3", 0, "nothing to the left of `=`", ""),
        ("z =", 2, "nothing to the right of `=`", ""),
        ("z = ()", 5, "nothing in the parentheses", ""),
        ("z = 3 $ x", 6, "unknown character `$`", ""),
        ("z = x²", 5, "unknown character `²`", "write ^2"),
        ("z = 3 − x", 6, "unknown character `−`", "write -"),
        ("z = 3·x", 5, "unknown character `·`", "write *"),
        ("αβ = [x]", 5, "an index comes after a name, as in x[1]", ""),
        ("z = x[1", 5, "no `]` matches this `[`", ""),
        ("z = x[1)", 7, "no `(` matches this `)`", ""),
        ("z = x]", 5, "no `[` matches this `]`", ""),
        ("z = x[]", 6, "a value is missing", ""),
        ("z = x[1,]", 8, "a value is missing", ""),
        ("z = x[1][2]", 8, "an index comes after a name, as in x[1]", ""),
        ("z = x[1]y", 8, "missing operator between `]` and `y`", "write ]*y for a product"),
        ("z = sin[1]", 4, "the function `sin` needs its argument in parentheses", "write sin(...)"),
        ("z = 2x", 5, "missing operator between `2` and `x`", "write 2*x for a product"),
        ("z = 2 x", 6, "missing operator between `2` and `x`", "write 2*x for a product"),
        ("z = x y", 6, "missing operator between `x` and `y`", "write x*y for a product"),
        ("z = 3 4", 6, "missing operator between `3` and `4`", "write 3*4 for a product"),
        ("z = 2(x)", 5, "missing operator between `2` and `(`", "write 2*( for a product"),
        ("z = (x)(y)", 7, "missing operator between `)` and `(`", "write )*( for a product"),
        ("z = (x) 2", 8, "missing operator between `)` and `2`", "write )*2 for a product"),
        ("z = 2sin(x)", 5, "missing operator between `2` and `sin`", "write 2*sin for a product"),
        ("z = 2exp(x)", 5, "missing operator between `2` and `exp`", "write 2*exp for a product"),
        ("x = y = z", 6, "an equation has a single `=`", ""),
        ("z == 3", 2, "`==` is not an equals sign", "write a single `=`"),
        ("z < 3", 2, "`<` is not supported here: an equation has a single `=`", COMPARISON),
        ("z >= 3", 2, "`>=` is not supported here: an equation has a single `=`", COMPARISON),
        ("z != 3", 2, "`!=` is not supported here: an equation has a single `=`", COMPARISON),
        ("z = if(x < 1, y > 2, 3)", 16, "`>` is not supported here: an equation has a single `=`", COMPARISON),
        ("z = x and y", 6, "`and` joins comparisons in the first argument of if(...)", ""),
        ("z = x || y", 6, "`||` joins comparisons in the first argument of if(...)", ""),
        ("z = x & y", 6, "unknown character `&`", "write && or the word and, inside if(...)"),
        ("z = if(x, 1, 2)", 4, "the first argument of `if` must be a comparison", IF),
        ("z = if((x), 1, 2)", 4, "the first argument of `if` must be a comparison", IF),
        ("z = if(x < 1, 1)", 4, "`if` takes 3 arguments, not 2", IF),
        ("z = if(x < 1, 1, 2, 3)", 4, "`if` takes 3 arguments, not more", IF),
        ("z = if()", 4, "`if` takes 3 arguments, not 0", IF),
        ("z = if(x < 1 and, 1, 2)", 16, "a value is missing", ""),
        ("z = if(x < , 1, 2)", 11, "a value is missing", ""),
        ("z = if x", 4, "the function `if` needs its argument in parentheses", "write if(x)"),
        ("z = if(x == 1, 2, 3)", 9, &equality("=="), NEAR),
        ("z = if(x != 1, 2, 3)", 9, &equality("!="), NEAR),
        ("z = if(x = 1, 2, 3)", 9, &equality("="), NEAR),
        ("z = sum(i, 1, 3)", 4, "`sum` takes 4 arguments, not 3", "as in sum(i, 1, 3, x[i])"),
        ("z = prod(i, 1, 3, i, 1)", 4, "`prod` takes 4 arguments, not more", "as in prod(i, 1, 3, x[i])"),
        ("z = sum(1, 1, 3, i)", 8, "the name of a running index must come here", "as in sum(i, 1, 3, x[i])"),
        ("z = sum(sin, 1, 3, i)", 8, "the name of a running index must come here", "as in sum(i, 1, 3, x[i])"),
        ("z = sum(2*i, 1, 3, i)", 8, "the name of a running index must come here", "as in sum(i, 1, 3, x[i])"),
        ("z = sum(i + 1, 1, 3, i)", 10, "unexpected `+`", ""),
        ("z = x**2", 5, "`**` is not an operator", "write ^ for a power"),
        ("z = tanh z", 4, "the function `tanh` needs its argument in parentheses", "write tanh(z)"),
        ("z = tanh -z", 4, "the function `tanh` needs its argument in parentheses", "write tanh(...)"),
        ("sin = 3", 0, "the function `sin` needs its argument in parentheses", "write sin(...)"),
        ("z = sin()", 4, "`sin` takes 1 argument, not 0", ""),
        ("z = sin(z, 1)", 4, "`sin` takes 1 argument, not more", ""),
        ("z = atan2(z)", 4, "`atan2` takes 2 arguments, not 1", ""),
        ("z = atan2(z, 1, 2)", 4, "`atan2` takes 2 arguments, not more", ""),
        ("z = max(z, )", 11, "a value is missing", ""),
        ("z = max(, z)", 8, "a value is missing", ""),
        ("z = max(z,, 1)", 10, "a value is missing", ""),
        ("z = (1, 2)", 6, "a comma outside the arguments of a function", "the decimal point is `.`"),
        ("z = 1,5", 5, "a comma outside the arguments of a function", "the decimal point is `.`"),
        ("z = sin((z, 1))", 10, "a comma outside the arguments of a function", "the decimal point is `.`"),
        ("z = 1.2.3", 4, "malformed number `1.2.3`", "a number has one decimal point"),
        ("z = 1..2", 5, "`..` is for ranges, as in x[i] = i for i = 1..3", ""),
        ("z = i for", 6, "the name of a running index must come here", "as in for i = 1..3"),
        ("z = i for 2", 10, "the name of a running index must come here", "as in for i = 1..3"),
        ("z = i for i", 10, "a running index needs its range", "write i = 1..3"),
        ("z = i for i = 1", 10, "the range of `i` has no end", "write first..last"),
        ("z = i for i = 1..", 15, "a value is missing", ""),
        ("z = i for i = 1, 3", 10, "the range of `i` has no end", "write first..last"),
        ("z = i for i = 1..3,", 18, "the name of a running index must come here", "as in for i = 1..3"),
        ("z = 1e", 4, "malformed number `1e`", "an exponent needs digits, as in 1e-3"),
        ("z = 1e+", 4, "malformed number `1e`", "an exponent needs digits, as in 1e-3"),
        ("z = 1.5e*z", 4, "malformed number `1.5e`", "an exponent needs digits, as in 1e-3"),
        ("z = 1e5.5", 4, "malformed number `1e5.5`", "a number has one decimal point"),
        ("z = .", 4, "malformed number `.`", "a number needs a digit"),
        ("z = 1e999", 4, "malformed number `1e999`", "it exceeds the range of floating-point numbers"),
    ];
    for (text, position, message, hint) in cases {
        assert_refused(Statement::parse(text), position, message, hint);
    }
}

#[test]
fn an_expression_has_no_equals_sign() {
    assert_refused(Expression::parse("z = 3"), 2, "unexpected `=`", "");
    assert_refused(Expression::parse(""), 0, "empty expression", "");
}
