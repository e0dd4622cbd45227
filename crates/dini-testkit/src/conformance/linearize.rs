//! The contract of [`Problem`](dini::problem::Problem) and [`Linearize`].

use dini::Real;
use dini::batch::Batch;
use dini::problem::{Active, Linearize, Scalar};

use super::capabilities::capable;
use super::numbers::{dot, epsilon, norm, random, read};

/// Checks residual and Jacobian products of a problem at the samples `z`: J v against differences of the residual,
/// <u, J v> = <J^T u, v>, [capabilities](Linearize::capabilities) against products with unit vectors, and the same results for a part of the samples,
/// in other slots, and from several threads.
///
/// `z` must lie a distance of 0.002 (f64) or 0.1 (f32) within the domain of the residual.
///
/// # Panics
/// Where a property does not hold.
pub fn linearize<P: Linearize>(problem: &P, z: &P::State) {
    problem.validate(z).expect("a batch that the problem accepts");
    let slots: Vec<usize> = (0..z.samples()).collect();
    let at = Active::new(&slots, 0, false);
    let point = Point::new(problem, at, z, z.samples());
    for seed in 1..4 {
        let (u, v) = (random(z, seed, z.samples()), random(z, 100 + seed, z.samples()));
        let (jv, ju) = (point.jvp(&v), point.vjp(&u));
        differences(&point, &v, &jv);
        for s in slots.iter().copied() {
            let (u, v, jv, ju) = (read(&u, s), read(&v, s), read(&jv, s), read(&ju, s));
            let scale = norm(&u) * norm(&jv) + norm(&ju) * norm(&v);
            let gap = (dot(&u, &jv) - dot(&ju, &v)).abs();
            let tolerance = 50.0 * epsilon::<Scalar<P>>() * scale * (v.len() as f64).sqrt();
            assert!(gap <= tolerance, "<u, J v> and <J^T u, v> differ by {gap:e} in sample {s}");
        }
    }
    capable(&point);
    parts(&point);
}

/// A problem linearised at a point.
pub(super) struct Point<'a, P: Linearize> {
    pub problem: &'a P,
    pub at: Active<'a>,
    pub z: P::State,
    pub g: P::State,
    pub tape: P::Tape,
}

impl<'a, P: Linearize> Point<'a, P> {
    /// `z` holds the rows of `at`; the chunk has `slots` slots.
    pub fn new(problem: &'a P, at: Active<'a>, z: &P::State, slots: usize) -> Self {
        let mut g = z.zeros(z.samples());
        problem.residual(at, z, &mut g).expect("a residual");
        let mut tape = problem.tape(&z.zeros(slots));
        problem.linearize(at, z, &g, &mut tape).expect("a linearisation");
        Point { problem, at, z: z.clone(), g, tape }
    }

    pub fn jvp(&self, v: &P::State) -> P::State {
        let mut out = v.zeros(v.samples());
        self.problem.jvp(self.at, &self.tape, v, &mut out).expect("a product");
        out
    }

    pub fn vjp(&self, u: &P::State) -> P::State {
        let mut out = u.zeros(u.samples());
        self.problem.vjp(self.at, &self.tape, u, &mut out).expect("a product");
        out
    }
}

/// A derivative by differences, and how far it can be trusted.
pub(super) struct Slope {
    /// One component each.
    pub value: Vec<f64>,
    /// Bound of truncation and rounding.
    pub error: f64,
}

/// df/dt at 0 of every sample by five-point differences, with spacings at which truncation (h^4) and rounding (eps / h)
/// are of one size; the truncation error is estimated from twice the spacing.
///
/// Source: M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, NBS, formula 25.3.6.
pub(super) fn slopes<V: Batch>(f: impl Fn(f64) -> V) -> Vec<Slope> {
    let epsilon = epsilon::<V::Scalar>();
    let h = epsilon.powf(0.2);
    let values: Vec<V> = [-4.0, -2.0, -1.0, 1.0, 2.0, 4.0].iter().map(|k| f(0.5 * k * h)).collect();
    let of = |s: usize| {
        let rows: Vec<Vec<f64>> =
            values.iter().map(|v| read(v, s).into_iter().map(dini::Real::as_f64).collect()).collect();
        let narrow = |i: usize| (rows[1][i] - 8.0 * rows[2][i] + 8.0 * rows[3][i] - rows[4][i]) / (6.0 * h);
        let wide = |i: usize| (rows[0][i] - 8.0 * rows[1][i] + 8.0 * rows[4][i] - rows[5][i]) / (12.0 * h);
        let largest = |v: &[f64]| v.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let value: Vec<f64> = (0..rows[0].len()).map(narrow).collect();
        let change: Vec<f64> = value.iter().enumerate().map(|(i, v)| v - wide(i)).collect();
        let rounding = 100.0 * epsilon / h * largest(&rows.concat()).max(largest(&value)).max(1e-3);
        Slope { value, error: rounding + largest(&change) }
    };
    (0..values[0].samples()).map(of).collect()
}

/// A derivative against differences.
pub(super) fn agree<T: Real>(found: &[T], slope: &Slope, what: &str) {
    for (i, (f, e)) in found.iter().zip(&slope.value).enumerate() {
        let gap = (f.as_f64() - e).abs();
        assert!(gap <= slope.error, "{what}: component {i} is {f}, by differences {e} (tolerance {:e})", slope.error);
    }
}

fn differences<P: Linearize>(point: &Point<'_, P>, v: &P::State, jv: &P::State) {
    let slopes = slopes(|t| {
        let (mut shifted, mut g) = (point.z.clone(), point.g.clone());
        shifted.axpby(Scalar::<P>::of(t), v, Scalar::<P>::of(1.0));
        point.problem.residual(point.at, &shifted, &mut g).expect("a residual");
        g
    });
    for (s, slope) in slopes.iter().enumerate() {
        agree(&read(jv, s), slope, &format!("J v in sample {s}"));
    }
}

/// A row is its sample and its slot, not its place: some of the samples, in a chunk that starts later, on more threads.
fn parts<P: Linearize>(point: &Point<'_, P>) {
    let b = point.z.samples();
    let (u, v) = (random(&point.z, 8, b), random(&point.z, 9, b));
    let (jv, ju) = (point.jvp(&v), point.vjp(&u));
    let odd: Vec<usize> = (0..b).filter(|s| s % 2 == 1).collect();
    let later: Vec<usize> = (0..b.saturating_sub(1)).collect();
    let every: Vec<usize> = (0..b).collect();
    for (slots, base, parallel) in [(&odd, 0, false), (&later, 1, false), (&every, 0, true)] {
        if slots.is_empty() {
            continue;
        }
        let at = Active::new(slots, base, parallel);
        let samples: Vec<usize> = (0..at.len()).map(|i| at.sample(i).index()).collect();
        let rows: Vec<usize> = (0..at.len()).collect();
        let part = |whole: &P::State| {
            let mut part = whole.zeros(samples.len());
            part.put(&rows, whole, &samples);
            part
        };
        let own = Point::new(point.problem, at, &part(&point.z), b - base);
        let found = [("g", own.g.clone()), ("J v", own.jvp(&part(&v))), ("J^T u", own.vjp(&part(&u)))];
        for ((what, found), whole) in found.iter().zip([&point.g, &jv, &ju]) {
            for (i, &s) in samples.iter().enumerate() {
                assert_eq!(read(found, i), read(whole, s), "{what}: sample {s} in slot {} from base {base}", slots[i]);
            }
        }
    }
}
