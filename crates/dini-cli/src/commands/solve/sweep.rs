//! Roots at several values of one symbol, followed from each to the next.

use dini::search::Plan;
use dini::solve::AnySolver;

use super::answer::Answer;
use super::request::{Request, Setup, SolveError, Sweep};
use super::table::{Row, Table};

/// Most numbers of a table.
const MOST: usize = 1_000_000;
/// A root is followed in one step, or in up to this many.
const STEPS: usize = 64;
/// Share of a step by which a root may miss what the derivative at either end has predicted.
const MISS: f64 = 0.2;
/// Steps of this size, relative to the unknowns, by themselves and by both derivatives, are small enough.
const SMALL: f64 = 0.01;

/// A row for each value; one row where no symbol has several.
pub(super) fn sweep(request: &Request) -> Result<Table, SolveError> {
    let Some(sweep) = request.sweep() else {
        let answer = Answer::of(&request.setup(None)?)?;
        return Ok(Table { name: None, rows: vec![Row { value: f64::NAN, answer, jump: false }] });
    };
    let mut path = Path { request, sweep, sizes: Vec::new() };
    let mut rows: Vec<Row> = Vec::with_capacity(sweep.values.len());
    for &value in &sweep.values {
        let last = rows.iter().rev().find(|row| row.answer.solved());
        let row = path.next(last, value)?;
        if rows.first().is_some_and(|first| first.answer.unknowns != row.answer.unknowns) {
            let message = format!("the unknowns change with `{}`, so that there is no table of them", sweep.name);
            return Err(SolveError::Option(message));
        }
        let numbers = sweep.values.len().saturating_mul(numbers(&row.answer));
        if numbers > MOST {
            let message =
                format!("the table would have {numbers} numbers, too many (at most {MOST}): take fewer values");
            return Err(SolveError::Option(message));
        }
        rows.push(row);
    }
    Ok(Table { name: Some(sweep.name.clone()), rows })
}

/// How many numbers a row has.
fn numbers(answer: &Answer) -> usize {
    let derivatives = if answer.leaves_derivatives_out() { 0 } else { answer.parameters.len() };
    let unknowns = answer.unknowns.len().saturating_mul(1 + derivatives);
    unknowns.saturating_add(answer.parameters.len() + answer.constants.len() + answer.values.len())
}

struct Path<'r> {
    request: &'r Request,
    sweep: &'r Sweep,
    /// The largest magnitude of each unknown so far.
    sizes: Vec<f64>,
}

impl Path<'_> {
    /// The root at `value`: the one that `last`, the last root, leads to, or else any, with a jump noted.
    fn next(&mut self, last: Option<&Row>, value: f64) -> Result<Row, SolveError> {
        let bracketed = matches!(self.request.plan(), Plan::Between { .. });
        let followed = match last {
            Some(last) if !bracketed => self.follow(last, value)?,
            _ => None,
        };
        let row = match (followed, last) {
            (Some(answer), _) => Row { value, answer, jump: false },
            (None, Some(last)) => self.anew(last, value)?,
            (None, None) => Row { value, answer: Answer::of(&self.request.setup(Some(value))?)?, jump: false },
        };
        if row.answer.solved() {
            self.sizes.resize(row.answer.solution.len(), 0.0);
            self.sizes.iter_mut().zip(&row.answer.solution).for_each(|(size, z)| *size = size.max(z.abs()));
        }
        Ok(row)
    }

    /// Where the last root cannot be followed: a root near it, or one from the starts of the user.
    fn anew(&self, last: &Row, value: f64) -> Result<Row, SolveError> {
        let mut setup = self.request.setup(Some(value))?;
        // without a derivative the last root leads nowhere by itself
        let jump = last.answer.verdict.holds && self.place(&last.answer).is_some();
        let plain = setup.starts.clone();
        start_at(&mut setup, &last.answer.solution);
        let mut answer = Answer::of(&setup)?;
        if !answer.solved() && setup.starts != plain {
            setup.starts = plain;
            answer = Answer::of(&setup)?;
        }
        // at a fold or another singular root branches meet: the row says that
        let jump = jump && answer.verdict.holds;
        Ok(Row { value, answer, jump })
    }

    /// Which parameter the symbol is; none where the number of equations or terms depends on it, so that there is no derivative by it.
    fn place(&self, answer: &Answer) -> Option<usize> {
        answer.parameters.iter().position(|name| *name == self.sweep.name)
    }

    /// The root at `value` that continues `last`, in as few steps as confirm the derivative's predictions.
    fn follow(&self, last: &Row, value: f64) -> Result<Option<Answer>, SolveError> {
        if self.place(&last.answer).is_none() {
            return Ok(None);
        }
        let mut steps = 1;
        while steps <= STEPS {
            if let Some(answer) = self.walk(last, value, steps)? {
                return Ok(Some(answer));
            }
            steps *= 2;
        }
        Ok(None)
    }

    fn walk(&self, last: &Row, to: f64, steps: usize) -> Result<Option<Answer>, SolveError> {
        let (mut at, mut answer) = (last.value, last.answer.clone());
        for step in 1..=steps {
            let next = if step == steps { to } else { last.value + (to - last.value) * step as f64 / steps as f64 };
            let predicted = self.predict(&answer, next - at);
            let mut setup = self.request.setup(Some(next))?;
            if let Plan::Several = setup.plan {
                setup.plan = Plan::Single(AnySolver::Newton(Default::default()));
            }
            start_at(&mut setup, &predicted);
            let reached = Answer::of(&setup)?;
            if !reached.solved() || !self.agree(&answer, &reached, next - at) {
                return Ok(None);
            }
            (at, answer) = (next, reached);
        }
        Ok(Some(answer))
    }

    /// Whether two roots lie on one branch as far as the derivatives at both say: each predicts the other, or all is small.
    fn agree(&self, from: &Answer, to: &Answer, change: f64) -> bool {
        let (ahead, back) = (self.predict(from, change), self.predict(to, -change));
        // each unknown relative to the largest it has been
        let size = |j: usize| {
            let known = self.sizes.get(j).copied().unwrap_or(0.0);
            known.max(from.solution[j].abs()).max(to.solution[j].abs())
        };
        let distance = |a: &[f64], b: &[f64]| {
            let relative = |(j, (a, b)): (usize, (&f64, &f64))| if a == b { 0.0 } else { (a - b).abs() / size(j) };
            a.iter().zip(b).enumerate().map(relative).fold(0.0, f64::max)
        };
        let moved = distance(&to.solution, &from.solution);
        let reach = distance(&ahead, &from.solution).max(distance(&back, &to.solution)).max(moved);
        let miss = distance(&ahead, &to.solution).max(distance(&back, &from.solution));
        miss <= MISS * reach || reach <= SMALL
    }

    /// To first order where there is a derivative.
    fn predict(&self, answer: &Answer, change: f64) -> Vec<f64> {
        let parameter = self.place(answer);
        let slope = |i: usize| parameter.and_then(|p| answer.derivative(i, p)).unwrap_or(0.0);
        answer.solution.iter().enumerate().map(|(i, z)| z + slope(i) * change).collect()
    }
}

/// Starts every unknown at z, unless that is not inside its bounds.
fn start_at(setup: &mut Setup, z: &[f64]) {
    let bounds = setup.options.bounds.as_ref();
    let inside = |j: usize, z: f64| bounds.is_none_or(|b| b.lower()[j] < z && z < b.upper()[j]);
    let usable = z.len() == setup.starts.len() && z.iter().enumerate().all(|(j, z)| z.is_finite() && inside(j, *z));
    if usable {
        setup.starts = z.iter().copied().map(Some).collect();
    }
}
