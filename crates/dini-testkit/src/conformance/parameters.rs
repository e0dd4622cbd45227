//! The contract of [`ParamVjp`] and [`ParamJvp`].

use dini::Real;
use dini::batch::Batch;
use dini::problem::{Active, ParamJvp, ParamVjp, Parametric, Scalar};

use super::linearize::{Point, agree, slopes};
use super::numbers::{dot, epsilon, random, read};

/// Checks the products with dg/da at the samples `z`: (dg/da) da against differences of the residual over `moved`,
/// <u, (dg/da) da> = <(dg/da)^T u, da>, scaling and accumulation of the transposed product, and a part of the samples.
///
/// `moved(t)` is the problem at a + t da, `tangent` is da, and `inner` the inner product of the parameters' space.
///
/// # Panics
/// Where a property does not hold.
pub fn parameters<P: ParamVjp + ParamJvp>(
    moved: impl Fn(f64) -> P,
    z: &P::State,
    tangent: &<P as Parametric>::Parameters,
    inner: impl Fn(&<P as Parametric>::Parameters, &<P as Parametric>::Parameters) -> f64,
) {
    let problem = moved(0.0);
    let b = z.samples();
    let slots: Vec<usize> = (0..b).collect();
    let at = Active::new(&slots, 0, false);
    let point = Point::new(&problem, at, z, b);
    let mut product = z.zeros(b);
    problem.param_jvp(at, &point.tape, z, tangent, &mut product).expect("a product");
    let slopes = slopes(|t| {
        let mut g = z.zeros(b);
        moved(t).residual(at, z, &mut g).expect("a residual");
        g
    });
    for (s, slope) in slopes.iter().enumerate() {
        agree(&read(&product, s), slope, &format!("(dg/da) da in sample {s}"));
    }

    let odd: Vec<usize> = (0..b).filter(|s| s % 2 == 1).collect();
    let u = random(z, 11, b);
    for slots in [&slots, &odd] {
        let rows: Vec<usize> = (0..slots.len()).collect();
        let part = |whole: &P::State| {
            let mut part = whole.zeros(slots.len());
            part.put(&rows, whole, slots);
            part
        };
        let at = Active::new(slots, 0, false);
        let (own, u) = (Point::new(&problem, at, &part(z), b), part(&u));
        let expected: f64 = slots.iter().zip(&rows).map(|(&s, &i)| dot(&read(&u, i), &read(&product, s))).sum();
        let mut gradient = problem.zero_parameters(b);
        let add = |factor: f64, gradient: &mut _| {
            problem.param_vjp(at, &own.tape, &own.z, &u, Scalar::<P>::of(factor), gradient).expect("a product");
        };
        let mut scale = 0.0;
        for (factor, total) in [(1.0, 1.0), (-0.25, 0.75), (-0.75, 0.0)] {
            add(factor, &mut gradient);
            scale = (inner(&gradient, &gradient) * inner(tangent, tangent)).sqrt().max(scale);
            let tolerance = 200.0 * epsilon::<Scalar<P>>() * scale * (z.width() as f64).sqrt();
            let gap = (inner(&gradient, tangent) - total * expected).abs();
            assert!(gap <= tolerance, "<(dg/da)^T u, da> misses {total} <u, (dg/da) da> by {gap:e}");
        }
    }
}
