//! Bounds on the errors of gradients: never below the true error, and not far above it.

mod common;

use common::{norm, numbers, rows, weights};
use dini::cells::{Tanh, TanhGradient};
use dini::gradient::{Bound, GradientReport, Method};
use dini::linear::{Gmres, Inverse};
use dini::outcome::Limit;
use dini::problem::{Grouped, ParamVjp};
use dini::program::{Var, select};
use dini::solve::{AnySolver, assume_root};
use dini::{Error, Implicit, Model, Newton, OnFailure, Options, Real, Rows, Solution, Status, solve};

fn row(values: &[f64]) -> Rows<f64> {
    Rows::from_vec(1, values.len(), values.to_vec()).unwrap()
}

fn to(relative: f64) -> Options {
    Options { relative, max_iterations: 3000, ..Options::default() }
}

/// The same numbers in f64.
fn wide<T: Real>(x: &Rows<T>) -> Rows<f64> {
    Rows::from_vec(x.samples(), x.width(), x.as_slice().iter().map(|v| v.as_f64()).collect()).unwrap()
}

/// (error, bound) of every group, of the derivative and of the corrected one.
type Pairs = Vec<(f64, f64)>;

fn pairs<D: Grouped>(found: &D, bounds: &[Bound], exact: &impl Grouped) -> Pairs {
    let (found, exact) = (found.groups(), exact.groups());
    assert_eq!((found.len(), bounds.len()), (exact.len(), exact.len()));
    let pair = |((a, b), bound): ((&dini::problem::Group, &dini::problem::Group), &Bound)| {
        assert_eq!((a.sample, b.sample), (bound.sample, bound.sample));
        let gap: Vec<f64> = a.numbers.iter().zip(&b.numbers).map(|(a, b)| a - b).collect();
        assert!((bound.norm - norm(&a.numbers)).abs() <= 1e-6 * bound.norm);
        (norm(&gap), bound.error)
    };
    found.iter().zip(&exact).zip(bounds).map(pair).collect()
}

fn both<D: Grouped, V>(report: &GradientReport<D, V>, exact: &impl Grouped) -> [Pairs; 2] {
    let GradientReport { derivative, bounds, corrected, remaining } = report;
    [pairs(&derivative.value, bounds, exact), pairs(corrected, remaining, exact)]
}

/// Fails where an error is above its bound; counts those without one.
fn covered(name: &str, pairs: &Pairs) -> usize {
    for (i, (error, bound)) in pairs.iter().enumerate() {
        assert!(error <= bound, "{name}: group {i} is off by {error:e}, more than {bound:e}");
    }
    pairs.iter().filter(|(_, bound)| bound.is_infinite()).count()
}

/// Median of bound / error where there is an error.
fn median(pairs: &Pairs) -> f64 {
    let mut ratios: Vec<f64> = pairs.iter().filter(|(error, _)| *error > 0.0).map(|(e, b)| b / e).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(1.0)
}

fn report<P, M>(solution: &Solution<P, M>, w: &P::State) -> GradientReport<P::Parameters, P::State>
where
    P: ParamVjp,
    P::Parameters: Grouped,
    M: Inverse<P::State>,
{
    solution.gradient_report(w, &Implicit::default()).unwrap()
}

#[test]
fn the_bound_covers_closed_forms() {
    // z^2 = a at any distance from the root: dz/da = 1 / 2 z*
    let system = Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[3.0]).system(1).unwrap();
    for power in 1..16 {
        for sign in [1.0, -1.0] {
            let z = 3f64.sqrt() * (1.0 + sign * 10f64.powi(-power));
            let solution = assume_root(&system, row(&[z])).unwrap();
            let unjudged = Implicit { verdict: Some(false), ..Implicit::default() };
            let report = solution.gradient_report(&row(&[1.0]), &unjudged).unwrap();
            let [found, corrected] = both(&report, &row(&[0.5 / 3f64.sqrt()]));
            assert_eq!(covered("a root", &found) + covered("a root", &corrected), 0, "at 1e-{power}");
            assert!(!(2..10).contains(&power) || found[0].1 < 1.1 * found[0].0, "at 1e-{power}: {found:?}");
            assert!(power < 4 || corrected[0].1 < 1e-13, "at 1e-{power}: {corrected:?}");
        }
    }
    // E - e sin E = M: dE/dM = 1 / (1 - e cos E), nearly singular for e near 1
    for (e, anomaly) in [(0.1, 1.0), (0.9, 0.2), (0.99, 0.05), (0.999, 0.001)] {
        let kepler = Model::equation(|z, a| [z[0] - a[0] * z[0].sin() - a[1]]).parameters(&[e, anomaly]);
        let tight = kepler.clone().solver(Newton::default()).options(to(1e-15)).solve(&[1.0]).unwrap();
        let angle = tight.converged().unwrap()[0];
        let slope = (1.0 - e * angle.cos()).recip();
        for relative in [1e-2, 1e-4, 1e-8, 1e-14] {
            let solved = kepler.clone().options(to(relative)).solve(&[1.0]).unwrap();
            let report = solved.gradient_report(&[1.0]).unwrap();
            let [found, corrected] = both(&report, &row(&[slope * angle.sin(), slope]));
            covered("an orbit", &found);
            covered("an orbit", &corrected);
        }
    }
}

/// z = tanh(W z + x) on a batch, and the exact gradient in f64 of the same numbers.
fn cells<T: Real>(seed: u64, n: usize, samples: usize, norm: f64) -> (Tanh<T>, Rows<T>, TanhGradient<f64>) {
    let (w, x): (Vec<T>, Rows<T>) = (weights(seed, n, norm), rows(seed + 1, samples, n));
    let exact = Tanh::new(n, w.iter().map(|v| v.as_f64()).collect(), wide(&x)).unwrap();
    let solution = solve(&exact, &Rows::new(samples, n), &Newton::default(), &to(1e-16)).unwrap();
    let cotangent: Rows<T> = rows(seed + 2, samples, n);
    let options = Implicit { method: Method::Dense, tolerance: Some(1e-13), ..Implicit::default() };
    let gradient = solution.pullback_with(&wide(&cotangent), &options).unwrap().value;
    (Tanh::new(n, w, x).unwrap(), cotangent, gradient)
}

/// Bounds of 100 cells of 100 samples each, by solvers of every kind.
fn ten_thousand<T: Real>(relative: f64, adjoint: f64) -> [Pairs; 2] {
    let mut all = [Vec::new(), Vec::new()];
    let mut none = 0;
    for seed in 0..100u64 {
        let (n, norm) = (1 + (seed as usize * 7) % 12, [0.3, 0.6, 0.9, 0.95][seed as usize % 4]);
        let (cell, w, exact) = cells::<T>(1000 + 10 * seed, n, 100, norm);
        let name = ["picard", "anderson", "newton", "auto", "newton-krylov", "broyden"][seed as usize % 6];
        let solver = AnySolver::by_name(name).unwrap();
        let solution = solve(&cell, &Rows::new(100, n), &solver, &to(relative)).unwrap();
        let mode = Implicit { tolerance: Some(adjoint), verdict: Some(false), ..Implicit::default() };
        let report = solution.gradient_report(&w, &mode).unwrap();
        for (all, pairs) in all.iter_mut().zip(both(&report, &exact)) {
            none += covered(&format!("{name}, n = {n}, {norm}, seed {seed}"), &pairs);
            all.extend(pairs);
        }
    }
    assert_eq!(none, 0, "every cell has a bound");
    all
}

#[test]
fn the_bound_covers_ten_thousand_cells_and_is_modest() {
    for (relative, adjoint) in [(1e-3, 1e-3), (1e-6, 1e-10), (1e-3, 1e-10), (1e-10, 1e-4)] {
        let [found, corrected] = ten_thousand::<f64>(relative, adjoint);
        let (ratio, left) = (median(&found), median(&corrected));
        println!("f64, {relative:e} and {adjoint:e}: bound / error {ratio:.2}, corrected {left:.0}");
        assert!(found.len() >= 10_000 && ratio < 1.5 && left < 500.0, "{ratio}, {left}");
    }
    let [found, corrected] = ten_thousand::<f32>(1e-3, 1e-3);
    println!("f32: {:.2}, corrected {:.0}", median(&found), median(&corrected));
    assert!(median(&found) < 2.0);
    // nothing but rounding
    for pairs in [ten_thousand::<f64>(1e-15, 1e-14), ten_thousand::<f32>(1e-7, 1e-6)] {
        println!("rounding: {:.0}, corrected {:.0}", median(&pairs[0]), median(&pairs[1]));
        assert!(median(&pairs[0]) < 500.0);
    }
}

/// f_i = a_k (sin z_(i+1) + exp(-z_(i-1)^2) z_i) + a_k a_(k+1), which bends in z and in a.
fn ring(z: &[Var], a: &[Var]) -> Vec<Var> {
    let (n, p) = (z.len(), a.len());
    let f = |i: usize| {
        let (next, last) = (z[(i + 1) % n], z[(i + n - 1) % n]);
        let (a, b) = (a[i % p], a[(i + 1) % p]);
        z[i] - a * (next.sin() + (-(last * last)).exp() * z[i]) - a * b
    };
    (0..n).map(f).collect()
}

#[test]
fn the_bound_covers_random_equations() {
    let (mut all, mut none) = (Vec::new(), 0);
    for seed in 0..60u64 {
        let (n, p, samples) = (1 + seed as usize % 9, 1 + seed as usize % 4, 20);
        let a: Rows<f64> = rows(seed, samples, p);
        let system = Model::equation(ring).samples(a).system(n).unwrap();
        let start = Rows::from_vec(samples, n, vec![0.3; samples * n]).unwrap();
        let tight = solve(&system, &start, &Newton::default(), &to(1e-16)).unwrap();
        let w: Rows<f64> = rows(seed + 100, samples, n);
        let drop = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
        let dense = Implicit { method: Method::Dense, tolerance: Some(1e-14), ..drop.clone() };
        let exact = tight.pullback_with(&w, &dense).unwrap();
        for (relative, name) in [(1e-1, "newton"), (1e-2, "chord"), (1e-3, "newton-krylov"), (1e-6, "broyden")] {
            let solver = AnySolver::by_name(name).unwrap();
            let solution = solve(&system, tight.z(), &solver, &to(relative)).unwrap();
            // from a point as far from the root as the tolerance
            let noise: Rows<f64> = rows(seed + 200, samples, n);
            let moved = tight.z().as_slice().iter().zip(noise.as_slice()).map(|(z, v)| z * (1.0 + relative * v));
            let moved = Rows::from_vec(samples, n, moved.collect()).unwrap();
            let near = assume_root(&system, moved).unwrap();
            let reports = [solution.gradient_report(&w, &drop).unwrap(), near.gradient_report(&w, &drop).unwrap()];
            for report in reports {
                let failed = [&report.derivative.failures, &exact.failures];
                let [found, corrected] = both(&report, &exact.value);
                for s in (0..samples).filter(|s| !failed.iter().any(|failed| failed.contains(s))) {
                    none += covered(&format!("{name}, seed {seed}, sample {s}"), &vec![found[s], corrected[s]]);
                    all.push(found[s]);
                }
            }
        }
    }
    println!("{} equations: bound / error {:.2}, {none} without", all.len(), median(&all));
    assert!(all.len() > 8000 && none < all.len() / 100 && median(&all) < 100.0, "{} of {}", none, all.len());
}

#[test]
fn a_nearly_singular_system_has_a_large_bound() {
    for power in 1..=14 {
        let delta = 2f64.powi(-3 * power);
        // z0 + z1 = a0, z0 + (1 + delta) z1 = a1 + z1^3 delta: dz/da grows like 1 / delta
        let model = Model::equation(move |z, a| {
            [z[0] + z[1] - a[0], z[0] + z[1] * (1.0 + delta) - a[1] - z[1].powi(3) * (0.25 * delta)]
        });
        // z1 - z1^3 / 4 = 3/4 has the root 1; there d z1 / d a1 = 4 / delta
        let a = [2.0, 2.0 + 0.75 * delta];
        let solved =
            model.clone().parameters(&a).solver(Newton::default()).options(to(1e-9)).solve(&[1.1, 0.9]).unwrap();
        if solved.status() != Status::Converged {
            continue;
        }
        let exact = row(&[-4.0 / delta, 4.0 / delta]);
        match solved.gradient_report(&[0.0, 1.0]) {
            Ok(report) => {
                let [found, corrected] = both(&report, &exact);
                covered(&format!("delta {delta:e}"), &found);
                covered(&format!("delta {delta:e}"), &corrected);
                // rounding of a and g of 2 changes z1 by 4 eps / delta
                assert!(corrected[0].1 > f64::EPSILON / delta * exact.groups()[0].numbers[0].abs());
            }
            Err(Error::Singular { .. } | Error::Hypotheses { .. }) => assert!(delta < 1e-7, "{delta:e}"),
            Err(other) => panic!("{other}"),
        }
        let asked = solved.accurate_gradient(&[0.0, 1.0], 1e-15);
        assert!(asked.is_err(), "{delta:e}");
    }
}

#[test]
fn an_accuracy_is_reached_or_refused() {
    let (cell, w, exact) = cells::<f64>(5, 20, 3, 0.9);
    let solution = solve(&cell, &Rows::new(3, 20), &AnySolver::by_name("picard").unwrap(), &to(1e-2)).unwrap();
    let before = report(&solution, &w);
    assert!(before.bounds.iter().all(|bound| bound.relative() > 1e-5), "{:?}", before.bounds);
    for accuracy in [1e-4, 1e-8, 1e-12] {
        let report = solution.accurate_gradient(&w, accuracy, &Implicit::default()).unwrap();
        let [_, corrected] = both(&report, &exact);
        covered("an accurate gradient", &corrected);
        assert!(report.remaining.iter().all(|bound| bound.relative() <= accuracy));
        let krylov = Implicit { method: Method::Krylov(Gmres::default().into()), ..Implicit::default() };
        solution.accurate_gradient(&w, accuracy, &krylov).unwrap();
    }
    match solution.accurate_gradient(&w, 1e-17, &Implicit::default()) {
        Err(Error::Inaccurate { sample: None, reached, accuracy, limit: Limit::Rounding }) => {
            assert!(reached < 1e-12 && accuracy == 1e-17);
        }
        other => panic!("{other:?}"),
    }
    for wrong in [0.0, -1.0, f64::NAN] {
        let refused = solution.accurate_gradient(&w, wrong, &Implicit::default());
        assert!(matches!(refused, Err(Error::Option { name: "accuracy", .. })));
    }
}

#[test]
fn what_has_no_derivative_has_no_bound() {
    // z^2 = a at 1, 0 and -1
    let roots =
        Model::equation(|z, a| [z[0] * z[0] - a[0]]).samples(Rows::from_vec(3, 1, vec![1.0, 0.0, -1.0]).unwrap());
    let solution = roots.solve_samples(&Rows::from_vec(3, 1, vec![1.1, 1.0, 1.0]).unwrap()).unwrap();
    let w = Rows::from_vec(3, 1, vec![1.0; 3]).unwrap();
    assert!(solution.gradient_report(&w, &Implicit::default()).is_err());
    for on_failure in [OnFailure::Drop, OnFailure::Accept] {
        let mode = Implicit { on_failure, ..Implicit::default() };
        let report = solution.gradient_report(&w, &mode).unwrap();
        assert_eq!(report.derivative.failures, [1, 2]);
        assert!(report.bounds[0].error < 1e-6 && report.remaining[0].error < 1e-13);
        for bound in report.bounds[1..].iter().chain(&report.remaining[1..]) {
            assert!(bound.error.is_infinite() && bound.limit == Limit::NoDerivative, "{bound:?}");
        }
    }
    // what is dropped is not asked for, what is accepted is
    let drop = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    solution.accurate_gradient(&w, 1e-12, &drop).unwrap();
    let accept = Implicit { on_failure: OnFailure::Accept, ..Implicit::default() };
    let refused = solution.accurate_gradient(&w, 1e-12, &accept);
    assert!(matches!(refused, Err(Error::Inaccurate { sample: Some(1), limit: Limit::NoDerivative, .. })));
}

#[test]
fn a_plateau_counts_as_uncertainty() {
    // 1 - cos z loses z below 1e-8: z* is known to 1e-4 at 1e-6, and so is dz/da = 1 / sin z
    for power in [-3i32, -4, -5, -6] {
        let z = 10f64.powi(power);
        let exact_a = 2.0 * (0.5 * z).sin().powi(2);
        let model = Model::equation(|z, a| [1.0 - z[0].cos() - a[0]]).parameters(&[exact_a]);
        let solved = model.solver(Newton::default()).options(to(1e-2)).solve(&[1.2 * z]).unwrap();
        if let Ok(report) = solved.gradient_report(&[1.0]) {
            let [found, corrected] = both(&report, &row(&[z.sin().recip()]));
            covered(&format!("at {z:e}"), &found);
            covered(&format!("at {z:e}"), &corrected);
        }
    }
}

#[test]
fn a_kink_beside_the_root_is_seen() {
    // slope 1 below 1, 3 above; the root is at 1 + 1e-3, the point at hand below the kink
    let kink = |z: Var| select(z.lt(1.0), z - 1.0, (z - 1.0) * 3.0);
    let system = Model::equation(move |z, a| [kink(z[0]) - a[0]]).parameters(&[3e-3]).system(1).unwrap();
    let solution = assume_root(&system, row(&[0.999])).unwrap();
    let mode = Implicit { verdict: Some(false), ..Implicit::default() };
    let report = solution.gradient_report(&row(&[1.0]), &mode).unwrap();
    let [found, _] = both(&report, &row(&[1.0 / 3.0]));
    covered("a kink", &found);
}

#[test]
fn a_bound_does_not_depend_on_the_batch() {
    let a: Rows<f64> = rows(3, 5, 2);
    let of = |a: Rows<f64>| Model::equation(ring).samples(a).system(3).unwrap();
    let solved = |a: Rows<f64>| {
        let (b, n) = (a.samples(), 3);
        solve(of(a), &Rows::from_vec(b, n, vec![0.3; b * n]).unwrap(), &Newton::default(), &to(1e-3)).unwrap()
    };
    let w: Rows<f64> = rows(4, 5, 3);
    let all = report(&solved(a.clone()), &w);
    for s in 0..5 {
        let one = report(&solved(row(a.row(s))), &row(w.row(s)));
        assert_eq!(Bound { sample: Some(s), ..one.bounds[0] }, all.bounds[s]);
        assert_eq!(one.corrected.row(0), all.corrected.row(s));
    }
}

#[test]
fn what_cancels_between_samples_is_bounded() {
    // z is odd in x: dL/dW of x and -x is 0, and of x and -x (1 + h) as small as h
    let (mut seen, n) = (0, 6);
    for seed in 0..40u64 {
        let (w, x): (Vec<f64>, Vec<f64>) = (weights(seed, n, 0.9), numbers(seed + 1, n));
        let cotangent: Vec<f64> = numbers(seed + 2, n);
        for h in [1e-14, 1e-12, 1e-9, 1e-5] {
            let mirrored = x.iter().map(|x| -x * (1.0 + h));
            let inputs = Rows::from_vec(2, n, x.iter().copied().chain(mirrored).collect()).unwrap();
            let cotangents = Rows::from_vec(2, n, [cotangent.clone(), cotangent.clone()].concat()).unwrap();
            let cell = Tanh::new(n, w.clone(), inputs).unwrap();
            let gradient = |start: f64, method: Method| {
                let z0 = Rows::from_vec(2, n, vec![start; 2 * n]).unwrap();
                let solution = solve(&cell, &z0, &Newton::default(), &to(1e-15)).unwrap();
                let mode = Implicit { method, tolerance: Some(1e-14), ..Implicit::default() };
                solution.gradient_report(&cotangents, &mode).unwrap()
            };
            // two that are rounded differently: neither is wrong by more than both bounds
            let one = gradient(0.0, Method::Auto);
            let other = gradient(0.3, Method::Dense);
            let pairs = pairs(&one.derivative.value, &one.bounds, &other.derivative.value);
            for ((error, bound), second) in pairs.into_iter().zip(&other.bounds) {
                assert!(error <= bound + second.error, "seed {seed}, {h:e}: {error:e}, {bound:e}");
                seen += usize::from(error > 0.0);
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn numbers_stay_in_their_groups() {
    let gradient = TanhGradient { w: numbers::<f64>(1, 4), x: rows(2, 3, 2) };
    let groups = gradient.groups();
    assert_eq!(groups.iter().map(|g| g.sample).collect::<Vec<_>>(), [None, Some(0), Some(1), Some(2)]);
    assert_eq!(groups[0].numbers, gradient.w);
    assert_eq!(groups[2].numbers, gradient.x.row(1));
}
