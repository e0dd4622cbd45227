//! The functions a formula may call, by their names.

use dini::program::{Function, Join};

/// Functions of one argument.
const UNARY: &[(&str, Function)] = &[
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("log10", Function::Log10),
    ("log2", Function::Log2),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("asin", Function::Asin),
    ("acos", Function::Acos),
    ("atan", Function::Atan),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("tanh", Function::Tanh),
    ("asinh", Function::Asinh),
    ("acosh", Function::Acosh),
    ("atanh", Function::Atanh),
    ("sqrt", Function::Sqrt),
    ("cbrt", Function::Cbrt),
    ("abs", Function::Abs),
    ("sigmoid", Function::Sigmoid),
    ("erf", Function::Erf),
    ("erfc", Function::Erfc),
    ("normcdf", Function::NormCdf),
    ("gamma", Function::Gamma),
    ("lgamma", Function::LnGamma),
    ("lambertw", Function::LambertW),
    ("j0", Function::J0),
    ("j1", Function::J1),
    ("sign", Function::Sign),
    ("floor", Function::Floor),
    ("ceil", Function::Ceil),
];

/// Names that are as common for quantities as for functions: they are functions only where they are called.
const SOFT: &[&str] = &["gamma", "sign", "floor", "ceil", "j0", "j1", "mod", "erf", "erfc", "Phi", "Φ", "sum", "prod"];

/// Functions of two arguments.
const BINARY: &[(&str, Join)] =
    &[("pow", Join::Power), ("atan2", Join::Atan2), ("min", Join::Min), ("max", Join::Max), ("mod", Join::Mod)];

/// Forms whose arguments are not plain formulas.
const FORMS: &[(&str, Callable)] =
    &[("if", Callable::If), ("sum", Callable::Repeat(Join::Add)), ("prod", Callable::Repeat(Join::Multiply))];

/// Further spellings.
const SYNONYMS: &[(&str, &str)] = &[
    ("arcsin", "asin"),
    ("arccos", "acos"),
    ("arctan", "atan"),
    ("arsinh", "asinh"),
    ("arcosh", "acosh"),
    ("artanh", "atanh"),
    ("arcsinh", "asinh"),
    ("arccosh", "acosh"),
    ("arctanh", "atanh"),
    ("logistic", "sigmoid"),
    ("Phi", "normcdf"),
    ("Φ", "normcdf"),
    ("norm_cdf", "normcdf"),
    ("lngamma", "lgamma"),
    ("loggamma", "lgamma"),
    ("gammaln", "lgamma"),
    ("lambert_w", "lambertw"),
    ("besselj0", "j0"),
    ("besselj1", "j1"),
    ("sgn", "sign"),
];

/// What can be called in a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callable {
    /// A function of one argument.
    Unary(Function),
    /// A function of two arguments; `min` and `max` take more, too.
    Binary(Join),
    /// `if(condition, a, b)`
    If,
    /// `sum(i, first, last, term)` and `prod(...)`: the terms joined so.
    Repeat(Join),
}

impl Callable {
    /// The function of that name, in any of its spellings.
    pub(super) fn named(name: &str) -> Option<Self> {
        let synonym = SYNONYMS.iter().find(|(spelling, _)| *spelling == name);
        let name = synonym.map_or(name, |(_, canonical)| canonical);
        let unary = find(UNARY, name).map(Self::Unary);
        unary.or_else(|| find(BINARY, name).map(Self::Binary)).or_else(|| find(FORMS, name))
    }

    /// Whether a name that is not called may also be a quantity.
    pub(super) fn may_be_symbol(name: &str) -> bool {
        SOFT.contains(&name)
    }

    /// One name of every function.
    pub(super) fn canonical() -> impl Iterator<Item = &'static str> {
        let unary = UNARY.iter().map(|(name, _)| *name);
        unary.chain(BINARY.iter().map(|(name, _)| *name)).chain(FORMS.iter().map(|(name, _)| *name))
    }

    /// All names a function can be called by.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::canonical().chain(SYNONYMS.iter().map(|(name, _)| *name))
    }
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(spelling, _)| *spelling == name).map(|(_, entry)| *entry)
}
